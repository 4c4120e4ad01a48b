"""Runs a command and says what it cost: CPU seconds, wall seconds, peak memory of it and of all its children together.

CPU seconds are the kernel's: user and system time of the process and of all processes that it started and waited for.

Memory is asked for in two ways. `largest_mib` is the kernel's largest resident set of any one of the processes, exact.
`peak_mib` is the most that all of them together held at one time: the sum of their proportional set sizes (a page that
a child shares with its parent counts once), read every 50 ms. Something large that lives for less is missed, so the
larger of the two is taken. Linux only.
"""

import os
import pathlib
import statistics
import subprocess
import threading
import time

SAMPLE_S = 0.05


class Failed(Exception):
    """A command that did not end well."""


def family(pid):
    """A process and all below it, as far as they are still there."""
    pids, at = [pid], 0
    while at < len(pids):
        for children in pathlib.Path(f"/proc/{pids[at]}/task").glob("*/children"):
            try:
                pids += [int(child) for child in children.read_text().split()]
            except OSError:
                pass
        at += 1
    return pids


def proportional_kib(pid):
    """Proportional set size; 0 for a process that is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def run(command, ok=(0,), env=None, output=None):
    """Runs `command`; its stdout, or where `output` names a file, both of its outputs go there. Gives a dict."""
    started = time.perf_counter()
    log = open(output, "wb") if output else None
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=log or subprocess.PIPE,
        stderr=log,
        env=env,
    )
    peak_kib, ended = [0], threading.Event()

    def watch():
        while not ended.wait(SAMPLE_S):
            peak_kib[0] = max(peak_kib[0], sum(map(proportional_kib, family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    stdout = b"" if log else process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    ended.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if log:
        log.close()
    if process.returncode not in ok:
        tail = pathlib.Path(output).read_bytes() if output else stdout
        raise Failed(f"{' '.join(map(str, command))} ended with {process.returncode}\n{tail[-2000:].decode(errors='replace')}")
    return {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "wall_s": time.perf_counter() - started,
        "largest_mib": usage.ru_maxrss / 1024,
        "peak_mib": max(peak_kib[0], usage.ru_maxrss) / 1024,
        "stdout": stdout.decode(errors="replace"),
    }


def one_core_env():
    """The environment, with every library that might start threads told not to."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
    return dict(os.environ, **dict.fromkeys(names, "1"), HF_HUB_OFFLINE="1", TQDM_DISABLE="1", NO_COLOR="1")


def spread(values, digits=1):
    """Least, middle and largest, as text."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{low:,.{digits}f} / {middle:,.{digits}f} / {high:,.{digits}f}"
