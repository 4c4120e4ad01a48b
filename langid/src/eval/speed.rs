//! How fast an engine is.

use std::time::Instant;

use crate::train::Line;
use crate::{Identifier, LangTag};

/// Runs over the texts, of which the fastest counts: others had the machine disturbed.
const RUNS: usize = 5;

/// What an engine did in how much processor time.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// Bytes of all texts.
    pub bytes: usize,
    /// How many there are.
    pub texts: usize,
    /// Texts with another answer than `und`.
    pub answered: usize,
    /// Megabytes (10^6 bytes) a second of processor time.
    pub megabytes: f64,
    /// Texts a second of processor time.
    pub texts_a_second: f64,
}

/// The speed of `engine` on some texts, on one thread.
pub fn speed(engine: &dyn Identifier, lines: &[Line]) -> Speed {
    let bytes: usize = lines.iter().map(|line| line.text.len()).sum();
    let mut best = f64::INFINITY;
    let mut answered = 0;
    let clock = Clock::start();
    for _ in 0..RUNS {
        let start = clock.seconds();
        answered = lines.iter().filter(|line| engine.identify(&line.text).lang != LangTag::UND).count();
        best = best.min(clock.seconds() - start);
    }
    Speed {
        bytes,
        texts: lines.len(),
        answered,
        megabytes: bytes as f64 / best / 1e6,
        texts_a_second: lines.len() as f64 / best,
    }
}

/// Time that this process had a processor, where Linux tells it; else the time of day.
struct Clock(Instant);

impl Clock {
    fn start() -> Clock {
        Clock(Instant::now())
    }

    fn seconds(&self) -> f64 {
        let told = std::fs::read_to_string("/proc/self/schedstat").ok();
        let nanoseconds: Option<f64> = told.and_then(|told| told.split(' ').next()?.parse().ok());
        nanoseconds.map_or_else(|| self.0.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whatlang::Whatlang;

    #[test]
    fn texts_and_answers_are_counted() {
        let line = |text: &str| Line { tag: LangTag::UND, source: 0, text: text.to_owned() };
        let found = speed(&Whatlang::default(), &[line("Τα παιδιά διαβάζουν"), line("")]);
        assert_eq!((found.texts, found.answered, found.bytes), (2, 1, 36));
        assert!(found.megabytes > 0.0);
    }
}
