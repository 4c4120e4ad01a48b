"""Counts the records of crawl files with warcio, FastWARC and Kilim's reader, and lists where the first two agree and the
third does not. See README.md beside this file.
"""

import argparse
import io
import pathlib
import re
import subprocess
import sys

from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

ENDINGS = (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wet", ".wet.gz", ".wat", ".wat.gz", ".warc.txt", ".bad")
KINDS = {
    "warcinfo", "request", "response", "metadata", "revisit", "resource", "conversion", "continuation", "other",
}  # fmt: skip


def count(records) -> tuple[int, str]:
    """How many come out, and the error that ended it, if one did."""
    seen = 0
    try:
        for _ in records:
            seen += 1
    except Exception as error:  # peers raise whatever they like
        return seen, f"{type(error).__name__}: {error}"[:60].replace("\n", " ").replace("\t", " ")
    return seen, ""


def warcio(path: pathlib.Path) -> tuple[int, str]:
    def records():
        with path.open("rb") as stream:
            for record in WarcioIterator(stream, arc2warc=True):
                record.content_stream().read()
                yield record

    return count(records())


def fastwarc(path: pathlib.Path) -> tuple[int, str]:
    return count(FastIterator(io.BytesIO(path.read_bytes())))


def kilim(path: pathlib.Path, scan: str) -> tuple[int, str]:
    done = subprocess.run([scan, "--quiet", str(path)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{scan} {path}: {done.stderr}")
    found = re.search(r"(\d+) bytes, (\d+) accounted for,.*\{(.*)\}$", done.stdout.strip())
    if found is None:
        return 0, done.stdout.strip().rsplit(": ", 1)[-1]
    if found[1] != found[2]:
        sys.exit(f"{path}: {found[2]} of {found[1]} bytes accounted for")
    counts = dict(pair.split(": ") for pair in found[3].split(", ") if pair)
    records = sum(int(number) for kind, number in counts.items() if kind.strip('"') in KINDS)
    rest = {kind.strip('"'): number for kind, number in counts.items() if kind.strip('"') not in KINDS | {"padding"}}
    return records, " ".join(f"{kind}={number}" for kind, number in sorted(rest.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scan", help="the example warc_scan, built")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    paths = sorted(
        path for folder in args.folders for path in folder.rglob("*") if path.is_file() and path.name.endswith(ENDINGS)
    )
    print("file\twarcio\tfastwarc\tkilim\twarcio_error\tfastwarc_error\tkilim_told")
    agreed, differing = 0, []
    for path in paths:
        (theirs, their_error), (fast, fast_error), (ours, told) = warcio(path), fastwarc(path), kilim(path, args.scan)
        print(f"{path}\t{theirs}\t{fast}\t{ours}\t{their_error}\t{fast_error}\t{told}")
        if theirs == fast:
            agreed += 1
            if ours != theirs:
                differing.append(f"{path}: they {theirs}, we {ours} ({told}; {their_error}; {fast_error})")
    print(f"{len(paths)} files; the peers agree on {agreed}; there we differ on {len(differing)}:", file=sys.stderr)
    for line in differing:
        print(f"  {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
