"""Iterates a WARC file with FastWARC and with Kilim's reader, in turns, on one core, and prints CPU seconds of both.

    cargo build --release -p kilim-connectors --example warc_scan
    python3 -m venv peers-venv && peers-venv/bin/pip install fastwarc==2.0.1
    taskset -c 0 peers-venv/bin/python benches/peers/fastwarc_iterate.py CRAWL.warc.gz target/release/examples/warc_scan

Both inflate every member, parse WARC and HTTP headers and count records. FastWARC's seconds are those of its loop alone;
the reader's are those of a whole process, which also undoes the codings of bodies and finds the exact end of each member.
"""

import argparse
import os
import statistics
import subprocess
import time

from fastwarc.warc import ArchiveIterator


def fastwarc(path: str) -> tuple[float, int]:
    started = time.process_time()
    records = 0
    with open(path, "rb") as stream:
        for _ in ArchiveIterator(stream, parse_http=True):
            records += 1
    return time.process_time() - started, records


def kilim(path: str, scan: str) -> tuple[float, int]:
    child = subprocess.Popen([scan, "--quiet", path], stdout=subprocess.PIPE, text=True)
    out = child.stdout.read()
    _, _, usage = os.wait4(child.pid, 0)
    counts = out.rsplit("{", 1)[1].rsplit("}", 1)[0]
    kinds = {"warcinfo", "request", "response", "metadata", "revisit", "resource", "conversion", "continuation", "other"}
    pairs = (pair.split(": ") for pair in counts.split(", "))
    return usage.ru_utime + usage.ru_stime, sum(int(n) for kind, n in pairs if kind.strip('"') in kinds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path")
    parser.add_argument("scan", help="the example warc_scan, a release build")
    parser.add_argument("--repeat", type=int, default=7)
    args = parser.parse_args()
    megabytes = os.path.getsize(args.path) / 1e6
    fastwarc(args.path), kilim(args.path, args.scan)  # the file is in memory afterwards
    seconds = {"fastwarc": [], "kilim": []}
    for _ in range(args.repeat):
        for name, measure in (("fastwarc", lambda: fastwarc(args.path)), ("kilim", lambda: kilim(args.path, args.scan))):
            taken, records = measure()
            seconds[name].append(taken)
            print(f"{name:9}{taken:8.3f} CPU-s {megabytes / taken:8.1f} MB/s {records} records")
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        print(f"{name:9}median {middle:.3f} CPU-s, {megabytes / middle:.1f} MB of the packed file per CPU-second")


if __name__ == "__main__":
    main()
