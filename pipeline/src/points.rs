//! Named points of a run: where a test can make it stand still, to kill it there and nowhere else.
//!
//! In builds with debug assertions, `KILIM_STOP_AT=NAME` (or `NAME:N`, the Nth time) stops a run at the point NAME. It
//! writes `reached NAME` into the file that `KILIM_STOPPED` names and goes no further: the thread that came there sleeps
//! for ever, and so does any other that comes to a point after it, so nothing is committed any more. Without the variable,
//! and in release builds, a point does nothing.
//!
//! | point | what has just happened |
//! |---|---|
//! | `split.reading` | some rows of a split were written, its file has no name yet |
//! | `split.rows` | the rows of a split have their name, its commit is missing |
//! | `split.committed` | a split was committed |
//! | `strip.written` | rows without the texts that were to go are written, and have no name yet |
//! | `strip.withdrawn` | the commit of their split was taken back |
//! | `strip.rows` | they have their name, the new commit is missing |
//! | `strip.committed` | a stripped split was committed |
//! | `table.NAME` | a table of stage 2 or 3 was written (`clusters`, `placements`, …) and has no name yet |
//! | `shard.writing` | some rows of a shard were written |
//! | `shard.written` | a shard is whole |
//! | `papers.writing` | a paper of a node's version was written, the manifest that lists it was not |
//! | `public.paper` | a paper for everyone is where the node wants it |
//! | `node.uploaded` | the files of a node's version are in its object store, but for the manifest |
//! | `node.remembered` | the work directory knows the commit that is about to be made |
//! | `node.committed` | a node's manifest was put, its signature and its card are missing |
//! | `node.signed` | a node's version was signed, its card is missing |
//! | `node.card` | a node's card was put |
//! | `gc.stage` | `gc` removed the commit of a stage, its tables are there |
//! | `gc.split` | `gc` removed the commit of a split, its rows are there |
//! | `gc.version` | `gc` removed the manifest of a version, its files are there |
//! | `purge.begun` | the work directory knows that texts are on their way out |
//! | `purge.stripped` | no file of stage 1 has them any more, tables of later stages may |
//! | `takedown.listed` | what was asked for is in the removals list, and nothing else was done |
//! | `takedown.purged` | nodes and work directory are without it |
//! | `takedown.deleted` | a shard of an older version was removed |
//! | `ledger.written` | the ledger was written, the notes of the run were not |

/// The point `name`.
#[inline]
pub(crate) fn point(name: &str) {
    point_in(name, "");
}

/// The point `group.name`, or `group` without a name.
#[inline]
#[cfg(not(debug_assertions))]
pub(crate) fn point_in(_group: &str, _name: &str) {}

/// The point `group.name`, or `group` without a name.
#[cfg(debug_assertions)]
pub(crate) fn point_in(group: &str, name: &str) {
    imp::reach(group, name);
}

#[cfg(debug_assertions)]
mod imp {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    struct Stop {
        name: String,
        nth: u64,
        file: Option<std::path::PathBuf>,
        seen: AtomicU64,
        stopped: AtomicBool,
    }

    static STOP: OnceLock<Option<Stop>> = OnceLock::new();

    fn asked_for() -> Option<Stop> {
        let asked = std::env::var("KILIM_STOP_AT").ok()?;
        let (name, nth) = match asked.split_once(':') {
            Some((name, nth)) => (name, nth.parse().unwrap_or(1)),
            None => (asked.as_str(), 1),
        };
        Some(Stop {
            name: name.to_owned(),
            nth,
            file: std::env::var_os("KILIM_STOPPED").map(Into::into),
            seen: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        })
    }

    pub(super) fn reach(group: &str, name: &str) {
        let Some(stop) = STOP.get_or_init(asked_for) else { return };
        let full = if name.is_empty() { group.to_owned() } else { format!("{group}.{name}") };
        if full == stop.name && stop.seen.fetch_add(1, Ordering::SeqCst) + 1 == stop.nth {
            stop.stopped.store(true, Ordering::SeqCst);
            if let Some(file) = &stop.file
                && let Err(error) = std::fs::write(file, format!("reached {full}\n"))
            {
                tracing::error!("cannot say that {full} was reached: {error}");
            }
        }
        while stop.stopped.load(Ordering::SeqCst) {
            std::thread::park();
        }
    }
}
