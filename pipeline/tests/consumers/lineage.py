#!/usr/bin/env python3
"""Checks openlineage.jsonl and the EU's summary of finished versions, with none of the engine's code.

    python3 pipeline/tests/consumers/lineage.py FOLDER... [--work WORK_DIR]

FOLDER is where a node's shards go (it holds v0001, v0002, …; the newest is taken) or one version folder. For each:

1. OpenLineage: every event of openlineage.jsonl and openlineage.public.jsonl is taken apart into the types of PyPI's
   openlineage-python, which refuse unknown fields, missing ones, and times and ids of a wrong form; each facet must name the
   schema that its type has. jsonschema validates tapestryResidency by configs/schema. Rows must be the manifest's.
2. EU: the tables of eu_art53.json sum to the manifest's rows, its lists of domains are as long as its rule says, and every
   section stands in eu_art53.md.

--work WORK_DIR checks the events of the last run in WORK_DIR/openlineage.jsonl too. One line per node and check. Exit code 0:
all hold; 1: one does not; 2: a folder without a manifest.
"""

import argparse
import json
import pathlib
import re
import sys
import types

from check import version_folder

RESIDENCY = pathlib.Path(__file__).parents[3] / "configs/schema/TapestryResidencyDatasetFacet.json"
SECTIONS = "1.1 1.2 1.3 2.1 2.2 2.3 2.4 2.5 2.6 3.1 3.2 3.3".split()


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def facet_types():
    """The types of facets by the name of their schema."""
    import importlib
    import pkgutil

    import openlineage.client.generated as generated

    found_types = {}
    for module in pkgutil.iter_modules(generated.__path__):
        found = importlib.import_module(f"openlineage.client.generated.{module.name}")
        for kind in vars(found).values():
            if isinstance(kind, type) and hasattr(kind, "_get_schema"):
                found_types[kind.__name__] = kind
    return found_types


def typed(kind, fields):
    """An object of `kind` from plain fields, nested types and all; unknown and missing fields are errors."""
    import typing

    import attr

    # Its modules import some names only for type checkers.
    hints = typing.get_type_hints(kind, {**vars(typing), **vars(sys.modules[kind.__module__])})

    def value(hint, given):
        union = typing.get_origin(hint) in (typing.Union, types.UnionType)
        options = typing.get_args(hint) if union else [hint]
        for option in options:
            if attr.has(option) and isinstance(given, dict):
                return typed(option, given)
        for option in options:
            origin, inner = typing.get_origin(option), typing.get_args(option)
            if origin is list and isinstance(given, list):
                return [value(inner[0], item) for item in given]
            if origin is dict and isinstance(given, dict):
                return {key: value(inner[1], item) for key, item in given.items()}
        return given

    plain = {key: value(hints.get(key, object), given) for key, given in fields.items() if not key.startswith("_")}
    return kind(**plain)


def check_facets(facets, known, residency):
    for name, fields in facets.items():
        if name == "tapestryResidency":
            residency.validate({name: fields})
            continue
        kind = known[fields["_schemaURL"].rsplit("/", 1)[1]]
        if kind._get_schema() != fields["_schemaURL"]:
            raise ValueError(f"{name}: {fields['_schemaURL']}, its type has {kind._get_schema()}")
        typed(kind, fields)


def check_events(path):
    import jsonschema
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

    known = facet_types()
    residency = jsonschema.Draft202012Validator(load(RESIDENCY), format_checker=jsonschema.FormatChecker())
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for event in events:
        run, job = event["run"], event["job"]
        for facets in (run["facets"], job["facets"]):
            check_facets(facets, known, residency)
        for data in event["inputs"] + event["outputs"]:
            for part in ("facets", "inputFacets", "outputFacets"):
                check_facets(data.get(part, {}), known, residency)
        made = RunEvent(
            eventType=RunState[event["eventType"]],
            eventTime=event["eventTime"],
            run=Run(runId=run["runId"]),
            job=Job(namespace=job["namespace"], name=job["name"]),
            producer=event["producer"],
            inputs=[InputDataset(namespace=data["namespace"], name=data["name"]) for data in event["inputs"]],
            outputs=[OutputDataset(namespace=data["namespace"], name=data["name"]) for data in event["outputs"]],
        )
        if made.schemaURL != event["schemaURL"]:
            raise ValueError(f"{event['schemaURL']}, the client has {made.schemaURL}")
    return events


def check_openlineage(folder, manifest):
    said = []
    for name in ("papers/openlineage.jsonl", "papers/public/openlineage.public.jsonl"):
        events = check_events(folder / name)
        if [event["eventType"] for event in events] != ["START", "COMPLETE"]:
            raise ValueError(f"{name} is not one run")
        rows = events[1]["outputs"][0]["outputFacets"]["outputStatistics"].get("rowCount")
        if rows not in ((manifest["rows"],) if "public" not in name else (manifest["rows"], None)):
            raise ValueError(f"{name}: {rows} rows, the manifest counts {manifest['rows']}")
        said.append(f"{len(events[0]['inputs'])} inputs")
    return f"2 events each, {said[0]}, in public {said[1]}"


def check_work(work):
    events = check_events(work / "openlineage.jsonl")
    open_runs = {}
    for event in events:
        open_runs.setdefault(event["run"]["runId"], []).append(event["eventType"])
    for run, kinds in open_runs.items():
        if kinds[0] != "START" or len(kinds) != 2 or kinds[1] not in ("COMPLETE", "FAIL"):
            raise ValueError(f"run {run}: {kinds}")
    times = [event["eventTime"] for event in events]
    return f"{len(events)} events of {len(open_runs)} runs, {times[0]} to {times[-1]}"


def check_eu(folder, manifest):
    summary = load(folder / "papers/eu_art53.json")
    parts = {key.split(" ")[0]: value for key, value in summary.items() if key[:1].isdigit()}
    tables = [
        parts["1.3"]["languages"],
        parts["1.3"]["countries"],
        parts["3.3"]["licences"],
        {"lines": {str(number): {"documents": share["rows"]} for number, share in enumerate(
            share for countries in parts["1.3"].get("language_countries", {}).values() for share in countries.values()
        )}},
    ]
    for table in tables:
        total = sum(line["documents"] for line in table["lines"].values())
        if total != manifest["rows"]:
            raise ValueError(f"{total} documents in {table}, the manifest counts {manifest['rows']}")
    domains = parts["2.3"]["domains"]
    share = int(re.search(r"the top (\d+) %", domains["rule"])[1])
    most = int((re.search(r"at most (\d+) a list", domains["rule"]) or [0, sys.maxsize])[1])
    lists = [domains["all"], *domains["languages"].values(), *domains["countries"].values()]
    for part in lists:
        if len(part["listed"]) != min(-(-part.get("distinct", 0) * share // 100), most):
            raise ValueError(f"{len(part['listed'])} of {part.get('distinct')} domains are listed, by {domains['rule']}")
        sizes = [(-domain["bytes"], domain["domain"]) for domain in part["listed"]]
        if sizes != sorted(sizes):
            raise ValueError("domains are not in the order of their sizes")
    for name in ("papers/eu_art53.md", "papers/public/eu_art53.public.md"):
        page = (folder / name).read_text(encoding="utf-8")
        missing = [section for section in SECTIONS if f"\n### {section} " not in page]
        if missing:
            raise ValueError(f"{name} has no section {', '.join(missing)}")
    return f"{len(SECTIONS)} sections; {len(tables)} tables sum to {manifest['rows']}; {len(lists)} lists of domains"


CHECKS = (("openlineage", check_openlineage), ("EU Art. 53", check_eu))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--work", type=pathlib.Path, help="a work directory")
    args = parser.parse_args()
    failed = False

    def tell(who, name, check, *given):
        try:
            print(f"{who:8} {name:16} {check(*given)}")
            return False
        except ImportError as why:
            print(f"{who:8} {name:16} not checked: {why}")
            return False
        except Exception as error:  # whatever it raised, it did not hold
            print(f"{who:8} {name:16} DOES NOT HOLD: {type(error).__name__}: {error}")
            return True

    for given in args.folders:
        folder = version_folder(given)
        if folder is None:
            print(f"{given}: no manifest.json here, and no version folder that has one", file=sys.stderr)
            return 2
        manifest = load(folder / "manifest.json")
        for name, check in CHECKS:
            failed |= tell(manifest["node"]["facts"]["name"], name, check, folder, manifest)
    if args.work is not None:
        failed |= tell("-", "work directory", check_work, args.work)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
