"""Which part of a run's CPU time goes into governance: evidence, opt-outs, claims, decisions, their log and proofs.

    perf record -F 997 --call-graph dwarf,24576 -o perf.data taskset -c 1 \\
        target/release/kilim run --no-progress --threads 1 -c benches/web40/corpus.yaml
    perf script -i perf.data --no-inline -F comm,ip,sym | python3 benches/web40/governance.py

Delete the work directory and the shards first: what has a commit is not done again. A sample counts for the first row below
that one of its frames belongs to, the innermost frame first. Marks about rights are collected by `extract_html` for the
three tagging steps alone, and count as theirs. Of what cannot be told by the name of a function, the columns of evidence in
Parquet and the joins of stage 3 are left out; `stage 3` says what it takes as a whole.
"""

import collections
import re
import sys

PARTS = [
    ("tag_license", r"steps::tag_license|provenance::licence"),
    ("tag_optout", r"steps::tag_optout"),
    ("tag_jurisdiction", r"steps::tag_jurisdiction|provenance::(imprint|cctld|country|language_c|server)"),
    ("marks, in extract_html", r"extract::marks"),
    ("files of hosts joined to pages", r"kilim::optout::"),
    ("tuples and policy decisions", r"kilim::policy|cedar_policy|apply::tuple_of|kilim::route::"),
    ("decision log", r"run::decision_log"),
    ("salted leaves, Merkle roots", r"kilim::proof::"),
]
STAGE_3 = r"run::route::route|kilim::route::"


def stacks(lines):
    """Lists of frames, innermost first."""
    frames = []
    for line in lines:
        line = line.strip()
        if not line:
            if frames:
                yield frames[1:]
            frames = []
        else:
            frames.append(line.partition(" ")[2])
    if frames:
        yield frames[1:]


def part_of(frames):
    for frame in frames:
        for name, pattern in PARTS:
            if re.search(pattern, frame):
                return name
    return None


def main():
    counts, samples, stage_3 = collections.Counter(), 0, 0
    for frames in stacks(sys.stdin):
        samples += 1
        counts[part_of(frames)] += 1
        stage_3 += any(re.search(STAGE_3, frame) for frame in frames)
    if not samples:
        sys.exit("no samples: give the output of `perf script` on standard input")
    rows = [(name, counts[name]) for name, _ in PARTS]
    rows += [("together", samples - counts[None]), ("stage 3 as a whole", stage_3)]
    print(f"{samples} samples")
    for name, count in rows:
        print(f"{name:<32} {100 * count / samples:5.2f} %")


if __name__ == "__main__":
    main()
