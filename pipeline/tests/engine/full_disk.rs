//! Disks that are full while rows, tables, sorts or shards are written: a clear error and a hint, and once there is room
//! the bytes of a run that always had it.
//!
//! A small tmpfs in a mount namespace of its own gives the real ENOSPC and leaves no mount behind; where neither root nor
//! user namespaces allow one, the test says that it was skipped. A limit on the size of files works everywhere.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says what it saw, and that it was skipped"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::corpus::{Corpus, Said, assert_same, files};
use crate::pages::{LANGUAGES, many, page, text, warc};

fn corpus() -> Corpus {
    let mut corpus = Corpus::new();
    for number in 0..8 {
        corpus.warc(&format!("{number:02}.warc.gz"), &many(&format!("diski-{number}"), 40, 200));
    }
    corpus.split_bytes = "1MiB";
    corpus
}

/// The ways to a mount namespace: as root, or as root of a user namespace.
const NAMESPACES: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];

/// Mounts a tmpfs of `$2` KiB at `$1` and runs the rest of the arguments there until they succeed, `$5` per cent larger each
/// time. What each attempt said goes to `$3/N`, with its exit code in `$3/N.code`; what is in the tmpfs in the end to `$4`.
const GROWING: &str = "
dir=$1 size=$2 said=$3 copy=$4 growth=$5
shift 5
mount -t tmpfs -o size=${size}k tmpfs \"$dir\" || exit 99
attempt=0
while [ $attempt -lt 60 ]; do
    attempt=$((attempt + 1))
    \"$@\" > /dev/null 2> \"$said/$attempt\"
    code=$?
    echo $code > \"$said/$attempt.code\"
    if [ $code -eq 0 ]; then
        cp -a \"$dir/.\" \"$copy\"
        exit 0
    fi
    size=$((size + size * growth / 100 + 4))
    mount -o remount,size=${size}k \"$dir\" || exit 97
done
exit 98
";

/// What the attempts said that found no room; `None` if no tmpfs can be mounted here.
fn run_on_growing_disk(
    corpus: &Corpus,
    folder: &str,
    kib: u64,
    growth: u8,
    args: &[&str],
) -> Option<Vec<Said>> {
    corpus.write();
    let [said, copy, mount] = ["said", "copy", folder].map(|name| corpus.path(name));
    for path in [&said, &copy, &mount] {
        std::fs::create_dir_all(path).expect("a scratch folder");
    }
    let kilim = corpus.command("resume");
    for namespace in NAMESPACES {
        let mut command = Command::new("unshare");
        command.args(namespace).args(["sh", "-c", GROWING, "sh"]);
        command.arg(&mount).arg(kib.to_string()).arg(&said).arg(&copy).arg(growth.to_string());
        command.arg(kilim.get_program()).args(kilim.get_args()).args(args);
        let status = command.env("NO_COLOR", "1").stdin(Stdio::null()).stderr(Stdio::null()).status();
        match status.map(|status| status.code()) {
            Ok(Some(0)) => return Some(attempts(&said)),
            Ok(Some(98)) => panic!("it never had room enough: {:?}", attempts(&said).last()),
            Ok(Some(1 | 99)) | Err(_) if attempts(&said).is_empty() => {}
            other => panic!("the disk did not grow as it should: {other:?}, {:?}", attempts(&said).last()),
        }
    }
    eprintln!("skipped: no tmpfs can be mounted here (neither root nor user namespaces)");
    None
}

fn attempts(folder: &Path) -> Vec<Said> {
    let mut all = Vec::new();
    for number in 1.. {
        let Ok(stderr) = std::fs::read_to_string(folder.join(number.to_string())) else { break };
        let code = std::fs::read_to_string(folder.join(format!("{number}.code"))).expect("written after it");
        all.push(Said { code: code.trim().parse().ok(), stdout: String::new(), stderr });
    }
    all
}

/// Holds that every attempt but the last was refused for want of room, and names where that was.
fn refused_for_want_of_room(attempts: &[Said]) -> BTreeSet<String> {
    let (last, refused) = attempts.split_last().expect("it was tried");
    last.done();
    let mut places = BTreeSet::new();
    for said in refused {
        said.refused(2, &["error: ", "hint: the disk is full", "what is done stays"]);
        let first = said.stderr.lines().find_map(|line| line.strip_prefix("error: ")).expect("it says error");
        places.insert(first.replace(|letter: char| letter.is_ascii_digit(), "N"));
    }
    println!("{} attempts found no room: {places:#?}", refused.len());
    places
}

fn read(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.strip_prefix(folder).expect("below").to_string_lossy().into_owned();
    files(folder).iter().map(|path| (name(path), std::fs::read(path).expect("it can be read"))).collect()
}

#[test]
fn a_full_work_directory_stops_the_run_at_any_stage_and_costs_no_byte() {
    let whole = corpus();
    whole.kilim("run").done();
    let tight = corpus();
    let Some(attempts) = run_on_growing_disk(&tight, "work", 16, 25, &[]) else { return };
    let places = refused_for_want_of_room(&attempts);
    assert!(places.iter().any(|place| place.contains("the ingest stage failed")), "{places:?}");
    assert!(places.iter().any(|place| !place.contains("the ingest stage failed")), "{places:?}");
    assert_same(&whole.published(), &tight.published(), "with little room for work");
    let names = |folder: &Path| read(folder).into_keys().collect::<BTreeSet<_>>();
    let (all, left) = (names(&whole.path("work")), names(&tight.path("copy")));
    let stages = |names: &BTreeSet<String>| names.iter().filter(|name| name.starts_with("stages")).count();
    assert_eq!((all.len(), stages(&all)), (left.len(), stages(&left)), "no leftovers: {left:?}");
}

#[test]
fn a_full_disk_of_tables_stops_the_run_and_costs_no_byte() {
    let whole = corpus();
    whole.kilim("run").done();
    let tight = corpus();
    let Some(attempts) = run_on_growing_disk(&tight, "work/stages", 4, 25, &[]) else { return };
    let places = refused_for_want_of_room(&attempts);
    for stage in ["dedup", "route"] {
        assert!(places.iter().any(|place| place.contains(stage)), "{stage}: {places:?}");
    }
    assert_same(&whole.published(), &tight.published(), "with little room for tables");
}

#[test]
fn a_full_disk_of_spills_stops_the_run_and_costs_no_byte() {
    let mut corpus = Corpus::new();
    for file in 0..8 {
        let long = |number: usize| text(LANGUAGES[number % LANGUAGES.len()], number).repeat(4);
        let pages = (file * 1250..file * 1250 + 1250)
            .map(|number| page(&format!("https://ndefu-{number}.co.ke/"), &long(number)));
        corpus.warc(&format!("{file}.warc.gz"), &warc(&pages.collect::<Vec<_>>()));
    }
    corpus.kilim("run").done();
    let whole = corpus.published();
    // What sorts ask for depends on who asks first.
    corpus.threads = 1;
    let forget = || {
        for done in ["out", "work/stages", "work/commits"] {
            // A run that was refused early has not made all of them.
            let _ = std::fs::remove_dir_all(corpus.path(done));
        }
    };
    // Little memory, so that sorts spill, but as much as they ask for.
    let enough = (6..=40).map(|step| format!("{}MiB", step * 4)).find(|memory| {
        forget();
        let output = corpus.command("resume").args(["--memory", memory]).output();
        output.expect("the command starts").status.success()
    });
    let memory = enough.expect("the sorts of 25 MB need less than 160 MiB");
    forget();
    let Some(attempts) = run_on_growing_disk(&corpus, "work/tmp", 64, 100, &["--memory", &memory]) else {
        return;
    };
    println!("with --memory {memory}");
    let places = refused_for_want_of_room(&attempts);
    assert!(!places.is_empty(), "nothing was spilled");
    assert_same(&whole, &corpus.published(), "with little room for spills");
}

#[test]
fn a_full_disk_of_shards_commits_nothing_and_costs_no_byte() {
    let whole = corpus();
    whole.kilim("run").done();
    let tight = corpus();
    let Some(attempts) = run_on_growing_disk(&tight, "out", 8, 25, &[]) else { return };
    let places = refused_for_want_of_room(&attempts);
    assert!(places.iter().any(|place| place.contains("seal")), "{places:?}");
    assert_same(&whole.published(), &read(&tight.path("copy")), "with little room for shards");
}

#[test]
fn a_limit_on_the_size_of_files_is_a_full_disk() {
    let whole = corpus();
    whole.kilim("run").done();
    let tight = corpus();
    tight.write();
    let kilim = tight.command("run");
    let limited = |blocks: u64| {
        let mut command = Command::new("sh");
        // An ignored signal stays ignored: writing too much is then an error and no death.
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
        command.arg(kilim.get_program()).args(kilim.get_args()).env("NO_COLOR", "1");
        Said::new(&command.output().expect("the shell starts"))
    };
    let said = limited(4);
    said.refused(2, &["the ingest stage failed", "hint: the disk is full", "what is done stays"]);
    tight.kilim("resume").done();
    assert_same(&whole.published(), &tight.published(), "after a limit");
}
