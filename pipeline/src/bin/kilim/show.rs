//! How things look on a terminal: logs, errors, progress. Understandable without colour; NO_COLOR is respected.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kilim::ingest::Progress;
use kilim::run::{RunError, Watch};
use tracing_subscriber::EnvFilter;

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Starts logging to stderr. `RUST_LOG` overrides the level.
pub(crate) fn start_log(verbose: u8) {
    // The HTML parser reports what it makes of bad markup as warnings; on the web that is every other page.
    let level = match verbose {
        0 => "warn,html5ever=error,selectors=error",
        1 => "info,html5ever=error,selectors=error",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour())
        .without_time()
        .init();
}

/// Whether stderr takes colour.
pub(crate) fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints an error with its causes and the next move.
#[expect(clippy::print_stderr, reason = "errors are for people")]
pub(crate) fn error(error: &anyhow::Error) {
    let run = error.downcast_ref::<RunError>();
    if let Some(RunError::Config(diagnostics)) = run {
        eprintln!("{}\n", diagnostics.render(colour()));
    }
    let (on, off) = if colour() { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    eprintln!("{on}error{off}: {error}");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // DataFusion's word for an error of ours.
        let text = text.strip_prefix("External error: ").map_or(text.clone(), str::to_owned);
        if !said.contains(&text) {
            eprintln!("  because: {text}");
            said = text;
        }
    }
    if let Some(hint) = run.and_then(RunError::hint) {
        eprintln!("hint: {hint}");
    }
}

/// The first half of a key's id: enough to tell the keys of a corpus apart.
pub(crate) fn short_key(id: &str) -> &str {
    id.get(..16).unwrap_or(id)
}

/// Bars on a terminal, a line now and then elsewhere.
pub(crate) struct Reporter {
    progress: Arc<Progress>,
    bar: Option<ProgressBar>,
    stop: Arc<AtomicBool>,
    quiet: bool,
}

impl Reporter {
    pub(crate) fn new(progress: Arc<Progress>, quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(ProgressBar::hidden);
        Self { progress, bar, stop: Arc::new(AtomicBool::new(false)), quiet }
    }

    fn start_bar(&self, bar: &ProgressBar, bytes: u64) {
        bar.set_length(bytes);
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{prefix} [{bar:20}] {bytes}/{total_bytes} eta {eta}  {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        let (bar, progress, stop) = (bar.clone(), Arc::clone(&self.progress), Arc::clone(&self.stop));
        let started = Instant::now();
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let counts = progress.counts();
                bar.set_position(counts.bytes);
                bar.set_message(line(&counts, started));
                std::thread::sleep(Duration::from_millis(200));
            }
        });
    }

    fn start_lines(&self, bytes: u64) {
        let (progress, stop) = (Arc::clone(&self.progress), Arc::clone(&self.stop));
        let started = Instant::now();
        std::thread::spawn(move || {
            let mut last = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(200));
                if last.elapsed() >= LINE_EVERY {
                    last = Instant::now();
                    let counts = progress.counts();
                    let share = 100 * counts.bytes / bytes.max(1);
                    plain(&format!("ingest {share} %: {}", line(&counts, started)));
                }
            }
        });
    }

    pub(crate) fn finish(&self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(counts: &kilim::ingest::Counts, started: Instant) -> String {
    let seconds = started.elapsed().as_secs_f64().max(0.001);
    format!(
        "{} documents, {:.0}/s, {} kept, {} rejected",
        counts.documents,
        counts.documents as f64 / seconds,
        counts.kept,
        counts.documents - counts.kept
    )
}

#[expect(clippy::print_stderr, reason = "progress is for people")]
fn plain(text: &str) {
    eprintln!("{text}");
}

impl Watch for Reporter {
    fn space(&self, needed: u64, free: u64) {
        let (needs, has) = (human_bytes(needed), human_bytes(free));
        if free < needed {
            plain(&format!(
                "warning: work_dir needs about {needs} and its disk has {has} free: the run will probably stop\n\
                 hint: free some space, or give the config a work_dir on another disk"
            ));
        } else if !self.quiet {
            plain(&format!("work_dir needs about {needs}; {has} are free"));
        }
    }

    fn stage(&self, name: &'static str, splits: usize, bytes: u64) {
        if self.quiet {
            return;
        }
        if name != "ingest" {
            self.stop.store(true, Ordering::Relaxed);
        }
        match (&self.bar, name) {
            (Some(bar), "ingest") => {
                bar.set_prefix(name);
                self.start_bar(bar, bytes);
            }
            (None, "ingest") => {
                plain(&format!("ingest: {splits} splits, {}", human_bytes(bytes)));
                self.start_lines(bytes);
            }
            (Some(bar), _) => bar.set_prefix(name),
            (None, _) => plain(name),
        }
    }
}

/// Bytes for people.
pub(crate) fn human_bytes(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}
