//! One measured run of a command: CPU seconds, wall time, peak memory.
//!
//! The kernel counts, we only read: `/proc/self/stat` holds the CPU time of all children that ended (user and system,
//! with their own children), `/proc/PID/status` the largest resident set so far. The latter is gone when the process
//! is, so it is read every few milliseconds; it only ever grows, so the last reading is the peak. Linux only.

use std::fs;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// Between two readings of the peak memory.
const READ_EVERY: Duration = Duration::from_millis(5);

/// `/proc` counts CPU time in hundredths of a second on every Linux platform (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// What a command cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// User and system time, seconds.
    pub cpu_s: f64,
    /// From start to end, seconds.
    pub wall_s: f64,
    /// Largest resident set, MiB.
    pub peak_mib: f64,
    /// The exit code.
    pub exit_code: i32,
}

/// Runs `command` to its end; its stdout is given back, its stderr goes where ours does.
pub fn measure(command: &mut Command) -> Result<(Usage, String)> {
    let cpu_before = children_cpu_seconds()?;
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let stdout = child.stdout.take().context("the command has no stdout")?;
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let mut stdout = stdout;
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let (peak_kib, status) = watch(&mut child)?;
    let wall_s = started.elapsed().as_secs_f64();
    let text = reader.join().ok().context("the reader of stdout panicked")?.context("cannot read stdout")?;
    ensure!(peak_kib > 0, "the peak memory of the command could not be read from /proc");
    let usage = Usage {
        cpu_s: children_cpu_seconds()? - cpu_before,
        wall_s,
        peak_mib: peak_kib as f64 / 1024.0,
        exit_code: status.code().context("the command was ended by a signal")?,
    };
    Ok((usage, text))
}

fn watch(child: &mut Child) -> Result<(u64, std::process::ExitStatus)> {
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    loop {
        if let Ok(text) = fs::read_to_string(&status_file) {
            peak_kib = peak_kib.max(peak_of(&text).unwrap_or(0));
        }
        if let Some(status) = child.try_wait()? {
            return Ok((peak_kib, status));
        }
        thread::sleep(READ_EVERY);
    }
}

/// `VmHWM` of a `/proc/PID/status`, KiB. A process that ended and was not waited for has none.
fn peak_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// CPU seconds of this process so far, without its children.
pub fn own_cpu_seconds() -> Result<f64> {
    seconds(OWN)
}

fn children_cpu_seconds() -> Result<f64> {
    seconds(CHILDREN)
}

fn seconds(field: usize) -> Result<f64> {
    let stat =
        fs::read_to_string("/proc/self/stat").context("/proc/self/stat cannot be read; is this Linux?")?;
    let ticks = ticks(&stat, field).context("/proc/self/stat has another shape")?;
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

/// Where `utime` and `cutime` stand in a `/proc/PID/stat`, counted behind the name; `stime` and `cstime` follow them.
const OWN: usize = 11;
const CHILDREN: usize = 13;

/// Fields `field` and the next of a `/proc/PID/stat`. Field 2 of the file is a name that may hold spaces and brackets.
fn ticks(stat: &str, field: usize) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(field);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_behind_an_odd_process_name_are_found() {
        let stat = "7 (kilim) (2) x) S 1 7 7 0 -1 4194304 100 0 0 0 11 22 333 444 20 0 1 0 55";
        assert_eq!(ticks(stat, CHILDREN), Some(777));
        assert_eq!(ticks(stat, OWN), Some(33));
        assert_eq!(ticks("7 (kilim", OWN), None);
    }

    #[test]
    fn the_peak_is_read_where_there_is_one() {
        assert_eq!(peak_of("Name:\tkilim\nVmPeak:\t  99 kB\nVmHWM:\t  2048 kB\n"), Some(2048));
        assert_eq!(peak_of("Name:\tkilim\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_command_that_computes_costs_cpu_time_and_gives_its_output() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo habari; exit 3";
        let (usage, text) = measure(Command::new("sh").args(["-c", busy])).unwrap();
        assert_eq!((usage.exit_code, text.as_str()), (3, "habari\n"));
        assert!(usage.cpu_s > 0.0 && usage.wall_s >= usage.cpu_s / 2.0, "{usage:?}");
        assert!(usage.peak_mib > 0.1 && usage.peak_mib < 200.0, "{usage:?}");
    }
}
