//! How fast lines and longer texts are predicted, against the crate `fasttext`, in turns in one run.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::env;
use std::hint::black_box;
use std::io::BufReader;
use std::time::Duration;

use kilim_langid::Identifier;
use kilim_langid::fasttext::FastText;

/// Something to do with a text, and its name.
type Way<'a> = (&'a str, &'a dyn Fn(&str));

const ROUNDS: usize = 7;

/// Texts of about `bytes` bytes, from lines joined.
fn texts(lines: &[&str], bytes: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    for line in lines {
        let last = texts.last_mut().unwrap();
        last.push_str(line);
        if last.len() >= bytes {
            texts.push(String::new());
        } else {
            last.push(' ');
        }
    }
    texts.pop();
    texts
}

/// How long this thread has been on a processor. Linux only; others may be at work on the machine.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// The shortest of the rounds for each way, taken in turns, in processor time.
fn fastest(texts: &[String], ways: &[Way<'_>]) -> Vec<Duration> {
    let mut fastest = vec![Duration::MAX; ways.len()];
    for _ in 0..ROUNDS {
        for ((_, way), fastest) in ways.iter().zip(&mut fastest) {
            let started = cpu_time();
            for text in texts {
                way(text);
            }
            *fastest = cpu_time().saturating_sub(started).min(*fastest);
        }
    }
    fastest
}

#[test]
#[ignore = "by hand, --release: KILIM_FASTTEXT_MODEL is a model, KILIM_FASTTEXT_LINES a file of lines"]
fn speed() {
    let path = env::var("KILIM_FASTTEXT_MODEL").expect("KILIM_FASTTEXT_MODEL is set");
    let lines =
        std::fs::read_to_string(env::var("KILIM_FASTTEXT_LINES").expect("KILIM_FASTTEXT_LINES is set"));
    let lines = lines.unwrap();
    let lines: Vec<&str> =
        lines.lines().filter(|line| (20..2000).contains(&line.len())).take(20_000).collect();
    let ours = FastText::load(&path).unwrap();
    let file = BufReader::new(std::fs::File::open(&path).unwrap());
    let theirs = ::fasttext::FastText::load(&mut { file }).unwrap();
    for (name, texts) in
        [("lines", lines.iter().map(|line| (*line).to_owned()).collect()), ("2 KB", texts(&lines, 2000))]
    {
        let bytes: usize = texts.iter().map(String::len).sum();
        let ways: [Way<'_>; 4] = [
            ("crate fasttext 0.8.0, predict", &|text| drop(black_box(theirs.predict(text, 2, 0.0)))),
            ("crate, sentence vector alone", &|text| drop(black_box(theirs.get_sentence_vector(text)))),
            ("kilim, predict", &|text| drop(black_box(ours.predict(text, 2)))),
            ("kilim, identify", &|text| drop(black_box(ours.identify(text)))),
        ];
        let times = fastest(&texts, &ways);
        println!("{name}: {} texts of {} bytes", texts.len(), bytes / texts.len());
        for ((way, _), time) in ways.iter().zip(&times) {
            println!(
                "  {way:30} {:8.0} texts/s {:6.1} MB/s {:5.2} x the crate",
                texts.len() as f64 / time.as_secs_f64(),
                bytes as f64 / time.as_secs_f64() / 1e6,
                times[0].as_secs_f64() / time.as_secs_f64()
            );
        }
    }
}
