#!/usr/bin/env python3
"""Loads finished shards as trainers do, and compares what comes out with the manifest.

    python3 pipeline/tests/consumers/check.py FOLDER... [--only NAME,NAME]

FOLDER is where a node's shards go (it holds v0001, v0002, …; the newest is taken) or one version folder. Every consumer
that can read the shard's format opens every shard: datasets, pyarrow, duckdb and polars for Parquet; datasets, duckdb,
polars and zstandard for jsonl.zst. Compared with manifest.json, per shard: the number of rows, and the digests of the
columns id, text and lang. Then, per node: `datasets` loads the folder by its card, as `load_dataset(FOLDER)` would, and
each config of the card must hold the rows that the manifest counts for its language.

A column's digest is the SHA-256 over its values in row order: for each the number of UTF-8 bytes as an unsigned 64-bit
little-endian integer, then the bytes; for a null 2^64-1 and nothing.

One line per node and consumer. Exit code 0: all equal; 1: a difference; 2: a folder without a manifest, or a consumer
that is not installed.
"""

import argparse
import hashlib
import json
import os
import pathlib
import sys
import tempfile
from functools import partial

COLUMNS = ("id", "text", "lang")
NULL_LENGTH = 2**64 - 1


def digest(values):
    """The digest of a column; see the head of this file."""
    sha = hashlib.sha256()
    for value in values:
        data = None if value is None else value.encode("utf-8")
        sha.update((NULL_LENGTH if data is None else len(data)).to_bytes(8, "little"))
        sha.update(data or b"")
    return sha.hexdigest()


# Each reader gives (rows, {column: values}) of one shard; the package is imported inside, so that --only needs no other.


def with_datasets(path, scratch):
    import datasets

    builder = "json" if path.name.endswith(".jsonl.zst") else "parquet"
    table = datasets.load_dataset(builder, data_files=str(path), split="train", cache_dir=scratch)
    return table.num_rows, {column: table[column] for column in COLUMNS}


def with_pyarrow(path, scratch):
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    return table.num_rows, {column: table[column].to_pylist() for column in COLUMNS}


def with_duckdb(path, scratch):
    import duckdb

    # Row order is kept while preserve_insertion_order is on, which is the default. Types of JSON columns are named, for
    # a guess from the first rows could take a text for a date.
    if path.name.endswith(".jsonl.zst"):
        columns = ", ".join(f"'{column}': 'VARCHAR'" for column in COLUMNS)
        source = f"read_json(?, format = 'newline_delimited', compression = 'zstd', columns = {{{columns}}})"
    else:
        source = "read_parquet(?)"
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM {source}", [str(path)]).fetchall()
    return len(rows), {column: [row[at] for row in rows] for at, column in enumerate(COLUMNS)}


def with_polars(path, scratch):
    import polars

    if path.name.endswith(".jsonl.zst"):
        # Polars inflates scanned files by their first bytes; the schema is guessed from all rows.
        table = polars.scan_ndjson(path, infer_schema_length=None).select(COLUMNS).collect()
    else:
        table = polars.read_parquet(path)
    return table.height, {column: table[column].to_list() for column in COLUMNS}


def with_zstandard(path, scratch):
    import zstandard

    with open(path, "rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as lines:
        rows = [json.loads(line) for line in lines.read().split(b"\n") if line]
    return len(rows), {column: [row.get(column) for row in rows] for column in COLUMNS}


READERS = {
    "parquet": {
        "datasets": with_datasets,
        "pyarrow": with_pyarrow,
        "duckdb": with_duckdb,
        "polars": with_polars,
    },
    "jsonl.zst": {
        "datasets": with_datasets,
        "duckdb": with_duckdb,
        "polars": with_polars,
        "zstandard": with_zstandard,
    },
}


def format_of(path):
    return "jsonl.zst" if path.endswith(".jsonl.zst") else "parquet"


def compare(read, folder, manifest, scratch):
    """Rows read, and what differs, of all shards with one consumer."""
    rows, problems = 0, []
    for shard in manifest["shards"]:
        found, columns = read(folder / shard["path"], scratch)
        rows += found
        if found != shard["rows"]:
            problems.append(f"{shard['path']}: {found} rows, the manifest says {shard['rows']}")
        for column in COLUMNS:
            stated = shard["columns"].get(column)
            if digest(columns[column]) != stated:
                problems.append(f"{shard['path']}: the digest of `{column}` differs from the manifest's")
    if rows != manifest["rows"]:
        problems.append(f"{rows} rows in all shards, the manifest says {manifest['rows']}")
    return rows, problems


def compare_card(folder, manifest, scratch):
    """Loads the folder by its card: one config per language, and `all`."""
    import datasets

    wanted = dict(manifest["languages"], all=manifest["rows"])
    problems = []
    configs = datasets.get_dataset_config_names(str(folder))
    if sorted(configs) != sorted(wanted):
        problems.append(f"the card has the configs {sorted(configs)}, the manifest's languages are {sorted(wanted)}")
    rows = 0
    for config in sorted(set(configs) & set(wanted)):
        table = datasets.load_dataset(str(folder), config, split="train", cache_dir=scratch)
        if config == "all":
            rows = table.num_rows
        if table.num_rows != wanted[config]:
            problems.append(f"config {config}: {table.num_rows} rows, the manifest says {wanted[config]}")
    return rows, problems


def version_folder(folder):
    """The newest version folder with a manifest."""
    if (folder / "manifest.json").is_file():
        return folder
    finished = sorted(path.parent for path in folder.glob("v[0-9]*/manifest.json"))
    return finished[-1] if finished else None


def report(node, name, rows, equal, problems):
    if problems:
        print(f"{node:8} {name:14} DIFFERENT: {'; '.join(problems[:5])}" + ("; …" if len(problems) > 5 else ""))
    else:
        print(f"{node:8} {name:14} {rows} rows, {equal}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--only", help="only these consumers, by name, separated by commas")
    args = parser.parse_args()
    only = set(args.only.split(",")) if args.only else None
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")

    different = False
    for given in args.folders:
        folder = version_folder(given)
        if folder is None:
            print(f"{given}: no manifest.json here, and no version folder that has one", file=sys.stderr)
            return 2
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        node = manifest["node"]["facts"]["name"]
        shards = manifest["shards"]
        if not shards:
            print(f"{node:8} no shards: nothing to load")
            continue
        readers = READERS[format_of(shards[0]["path"])]
        # `datasets` keeps a copy of what it loads; it must neither be found by nor outlive this run.
        with tempfile.TemporaryDirectory() as scratch:
            digests = f"id text lang equal in {len(shards)} shards"
            checks = [(name, digests, partial(compare, read)) for name, read in readers.items()]
            counts = f"equal in {len(manifest['languages']) + 1} configs of the card"
            checks.append(("datasets card", counts, compare_card))
            for name, equal, check in checks:
                if only is not None and name.split()[0] not in only:
                    continue
                try:
                    rows, problems = check(folder, manifest, scratch)
                except ImportError as error:
                    print(f"{name}: {error}; pip install -r requirements.txt", file=sys.stderr)
                    return 2
                except Exception as error:  # a consumer that cannot load a shard is a finding, whatever it raised
                    rows, problems = 0, [f"cannot load: {type(error).__name__}: {error}"]
                report(node, name, rows, equal, problems)
                different |= bool(problems)
    return int(different)


if __name__ == "__main__":
    sys.exit(main())
