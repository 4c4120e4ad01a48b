#!/usr/bin/env python3
"""Sketches texts with rensa, shingling included, and says how many a CPU-second.

    taskset -c 1 PEERS/bin/python benches/peers/rensa_sketch.py TEXTS [--repeat N] [--json]

TEXTS is a file or a folder of JSON Lines (plain, .gz or .zst) or Parquet, with a column `text`: a node's folder of a
Kilim run will do, for files without that column are passed over. All texts are read into memory first; what is timed is what near-duplicate detection needs of a text: its
set of 5-grams of words, in lower case, and their R-MinHash of 112 permutations (14 bands of 8). How much of it was the
shingling, which is Python, is said too. CPU seconds are this process's.
"""

import argparse
import gzip
import io
import json
import pathlib
import re
import sys
import time

import measure

PERMUTATIONS = 112
NGRAM = 5
WORD = re.compile(r"\w+")


def files(path):
    if path.is_file():
        return [path]
    found = sorted(file for file in path.rglob("*") if re.search(r"\.(jsonl(\.gz|\.zst)?|parquet)$", file.name))
    return found or sys.exit(f"no JSON Lines and no Parquet below {path}")


def texts_of(file, column):
    if file.suffix == ".parquet":
        import pyarrow.parquet

        opened = pyarrow.parquet.ParquetFile(file)
        return opened.read(columns=[column])[column].to_pylist() if column in opened.schema_arrow.names else []
    opened = file.open("rb")
    if file.suffix == ".gz":
        opened = gzip.open(opened)
    elif file.suffix == ".zst":
        import zstandard

        opened = zstandard.ZstdDecompressor().stream_reader(opened)
    with io.TextIOWrapper(opened, encoding="utf-8") as lines:
        rows = (json.loads(line) for line in lines if line.strip())
        return [row[column] for row in rows if column in row]


def shingles(text):
    words = WORD.findall(text.lower())
    return {" ".join(words[at : at + NGRAM]) for at in range(max(1, len(words) - NGRAM + 1))}


def sketch(text):
    from rensa import RMinHash

    minhash = RMinHash(num_perm=PERMUTATIONS, seed=1)
    minhash.update(list(shingles(text)))
    return minhash.digest()


def timed(work, texts):
    started = time.process_time()
    for text in texts:
        work(text)
    return time.process_time() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=pathlib.Path)
    parser.add_argument("--column", default="text")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print every run as JSON")
    args = parser.parse_args()
    texts = [text for file in files(args.texts) for text in texts_of(file, args.column) if text]
    if not texts:
        sys.exit(f"no texts in {args.texts}")
    sketch(texts[0])  # the import is not the sketch's
    runs = []
    for _ in range(args.repeat):
        runs.append({"sketch_cpu_s": timed(sketch, texts), "shingles_cpu_s": timed(shingles, texts)})
    documents, size = len(texts), sum(len(text.encode()) for text in texts)
    for run in runs:
        run["docs_per_cpu_s"] = documents / run["sketch_cpu_s"]
        run["mb_per_cpu_s"] = size / 1e6 / run["sketch_cpu_s"]
    if args.json:
        print(json.dumps({"documents": documents, "bytes": size, "runs": runs}, indent=1))
        return
    print(f"{documents} texts, {size / 1e6:.1f} MB; {args.repeat} runs, min / median / max")
    print(f"docs per CPU-second      {measure.spread([run['docs_per_cpu_s'] for run in runs])}")
    print(f"MB per CPU-second        {measure.spread([run['mb_per_cpu_s'] for run in runs])}")
    print(f"CPU seconds              {measure.spread([run['sketch_cpu_s'] for run in runs], 3)}")
    print(f"  of them for shingles   {measure.spread([run['shingles_cpu_s'] for run in runs], 3)}")


if __name__ == "__main__":
    main()
