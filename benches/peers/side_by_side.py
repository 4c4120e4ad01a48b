#!/usr/bin/env python3
"""Kilim and its peers on the same file, turn by turn, on one core.

    PEERS/bin/python benches/peers/side_by_side.py CRAWL.warc.gz [--texts SHARDS] [--repeat 5] [--cpu 1] [--json FILE]

Three comparisons, or those that `--only` names:

  end_to_end   the whole run: `end-to-end` (Kilim's binary in a scratch folder) and run.py (datatrove with its MinHash)
  warc_read    every record of the file, its block read: the example warc_scan and FastWARC
  sketch       MinHash sketches of the same texts, shingling included: Kilim's bench `sketch` and rensa

Kilim and the peer take turns, and who begins changes every turn, so that a slow minute of the machine hits both. What is
compared are medians; what is counted are CPU seconds, except in the bench `sketch`, which has only a clock and wants a
quiet machine. Nothing is built here: the commands are printed, and what is missing says how to make it.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import sys

import measure

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCALE = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9}


class Missing(Exception):
    """Something that has to be built or given first."""


def built(path, how):
    if not path.exists():
        raise Missing(f"{path} is missing: {how}")
    return path


def newest(folder, pattern, how):
    found = [path for path in folder.glob(pattern) if path.suffix == "" and os.access(path, os.X_OK)]
    return max(found, key=lambda path: path.stat().st_mtime) if found else built(folder / pattern, how)


class Runner:
    """Runs commands on one core, and remembers each once for the report."""

    def __init__(self, cpu):
        self.cpu, self.commands = cpu, []

    def __call__(self, command, env=()):
        command = ["taskset", "-c", self.cpu, *command]
        spoken = " ".join([*(f"{name}={value}" for name, value in env), *(str(word) for word in command)])
        if spoken not in self.commands:
            self.commands.append(spoken)
        return measure.run(command, env=dict(measure.one_core_env(), **dict(env)))


def peer(run, script, *words):
    """What a script of this folder prints as JSON."""
    return json.loads(run([sys.executable, HERE / script, *words, "--json"])["stdout"])


# Each side of a comparison gives a dict: figure by name, more is better unless the name says MiB or seconds.


def kilim_end_to_end(args, run):
    binary = built(args.target / "end-to-end", "cargo build --release -p kilim -p kilim-benches --bins")
    subject = ["--config", args.config] if args.config else [args.warc]
    [figures] = json.loads(run([binary, *subject, "--threads", 1, "--json"])["stdout"])
    return {
        "docs per CPU-second": figures["pages"] / figures["cpu_s"],
        "CPU seconds": figures["cpu_s"],
        "peak MiB": figures["peak_mib"],
        "documents in": figures["pages"],
    }


def datatrove_end_to_end(args, run):
    [figures] = peer(run, "run.py", args.warc)["runs"]
    return {
        "docs per CPU-second": figures["docs_per_cpu_s"]["end_to_end"],
        "docs per CPU-second, no MinHash": figures["docs_per_cpu_s"]["documents"],
        "CPU seconds": figures["documents"]["cpu_s"] + figures["minhash"]["cpu_s"],
        "peak MiB": figures["peak_mib"],
        "documents in": figures["pages"],
    }


def warc_read(args, run):
    """fastwarc_iterate.py takes the turns itself."""
    example = built(args.target / "examples/warc_scan", "cargo build --release -p kilim-connectors --example warc_scan")
    printed = run([sys.executable, HERE / "fastwarc_iterate.py", args.warc, example, "--repeat", args.repeat])["stdout"]
    turns = {"Kilim": [], "FastWARC": []}
    for side, seconds, rate in re.findall(r"^(kilim|fastwarc) +([\d.]+) CPU-s +([\d.]+) MB/s", printed, re.MULTILINE):
        figures = {"MB of gzip per CPU-second": float(rate), "CPU seconds": float(seconds)}
        turns["Kilim" if side == "kilim" else "FastWARC"].append(figures)
    return turns


def kilim_sketch(args, run):
    bench = newest(args.target / "deps", "sketch-*", "cargo bench -p kilim-benches --bench sketch --no-run")
    texts = [("KILIM_BENCH_TEXTS", args.texts)]
    return divan(run([bench, "--bench", args.sketch_bench], env=texts)["stdout"], args.sketch_bench)


def rensa_sketch(args, run):
    figures = peer(run, "rensa_sketch.py", args.texts)
    [once] = figures["runs"]
    return {
        "docs per CPU-second": once["docs_per_cpu_s"],
        "MB of text per CPU-second": once["mb_per_cpu_s"],
        "documents in": figures["documents"],
    }


def divan(output, name):
    """Median throughput of the bench `name` in what divan prints: a row with its name and times, then rows of rates."""
    figures, here = {}, False
    for line in output.splitlines():
        named = re.match(r"[│ ]*[├╰]─ (\S+)", line)
        if named:
            here = named.group(1) == name
        rates = re.findall(r"([\d.]+) ([KMG]?)(item|B)/s", line) if here else []
        if len(rates) == 4:  # fastest, slowest, median, mean
            number, scale, unit = rates[2]
            figures[unit] = float(number) * SCALE[scale]
    if "item" not in figures:
        raise Missing(f"the bench {name} printed no number of items a second:\n{output}")
    result = {"docs per CPU-second": figures["item"]}
    if "B" in figures:
        result["MB of text per CPU-second"] = figures["B"] / 1e6
    return result


def alternate(peer_name, kilim, other):
    """A comparison in which Kilim and the peer take turns."""

    def compare(args, run):
        sides = [("Kilim", kilim), (peer_name, other)]
        turns = {side: [] for side, _ in sides}
        for turn in range(args.repeat):
            for side, measured in sides if turn % 2 == 0 else reversed(sides):
                turns[side].append(measured(args, run))
                print(f"{side}, turn {turn + 1} of {args.repeat}", file=sys.stderr)
        return turns

    return compare


COMPARISONS = {
    "end_to_end": alternate("datatrove", kilim_end_to_end, datatrove_end_to_end),
    "warc_read": warc_read,
    "sketch": alternate("rensa", kilim_sketch, rensa_sketch),
}


def by_figure(turns):
    """The turns' values of each figure that every turn has."""
    names = [name for name in turns[0] if all(name in turn for turn in turns)]
    return {name: [turn[name] for turn in turns] for name in names}


def report(name, turns, commands):
    (_, ours), (peer_name, theirs) = ((side, by_figure(turns[side])) for side in turns)
    print(f"\n{name}: Kilim and {peer_name}, {len(turns['Kilim'])} turns each, min / median / max")
    for command in commands:
        print(f"  $ {command}")
    print(f"  {'':<34}{'Kilim':<32}{peer_name:<32}Kilim : {peer_name}")
    for figure in dict.fromkeys([*ours, *theirs]):
        cells = [measure.spread(side[figure]) if figure in side else "-" for side in (ours, theirs)]
        ratio = ""
        if figure in ours and figure in theirs:
            ratio = f"{statistics.median(ours[figure]) / statistics.median(theirs[figure]):.2f}"
        print(f"  {figure:<34}{cells[0]:<32}{cells[1]:<32}{ratio}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("warc", type=pathlib.Path)
    parser.add_argument("--texts", type=pathlib.Path, help="a folder of Parquet for `sketch`, such as a node's shards")
    parser.add_argument("--config", type=pathlib.Path, help="run Kilim end to end by this config, which reads the same file")
    parser.add_argument("--only", nargs="+", choices=COMPARISONS, metavar="NAME", help="of " + ", ".join(COMPARISONS))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--cpu", default="1", help="the core")
    parser.add_argument("--target", type=pathlib.Path, default=ROOT / "target/release", help="where cargo put what it built")
    parser.add_argument("--sketch-bench", default="sketch", help="which function of the bench `sketch`")
    parser.add_argument("--json", type=pathlib.Path, help="write every turn there")
    args = parser.parse_args()
    names = args.only or [name for name in COMPARISONS if name != "sketch" or args.texts]
    if "sketch" in names and not args.texts:
        parser.error("`sketch` needs --texts")
    done = {}
    for name in names:
        run = Runner(args.cpu)
        try:
            turns = COMPARISONS[name](args, run)
        except (Missing, measure.Failed) as failure:
            print(f"{name}: not compared. {failure}", file=sys.stderr)
            continue
        done[name] = {"turns": turns, "commands": run.commands}
        report(name, turns, run.commands)
    if args.json:
        args.json.write_text(json.dumps(done, indent=1) + "\n")
    if len(done) < len(names):
        sys.exit(1)


if __name__ == "__main__":
    main()
