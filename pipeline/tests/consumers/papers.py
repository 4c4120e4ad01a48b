#!/usr/bin/env python3
"""Checks the papers of finished versions with the validators of those who made the standards, and none of the engine's code.

    python3 pipeline/tests/consumers/papers.py FOLDER... [--dps-schema FILE] [--key PUBLIC.pem]

FOLDER is where a node's shards go (it holds v0001, v0002, …; the newest is taken) or one version folder. For each:

1. Croissant: mlcroissant reads croissant.json and croissant.public.json without an error, and loads every record of Parquet
   shards by the first; there must be as many as the manifest counts.
2. DPS: jsonschema validates dps.json and dps.public.json against the schema of OASIS, data-provenance.json, which
   --dps-schema names (it is not ours to ship).
3. The card: PyYAML parses its head, which must have the fields of dataset hubs and of the Open Trusted Data Initiative.
4. Digests: hashlib compares every paper with the manifest, every digest in croissant.json and dps.json with the shards'.
5. Public: manifest.public.json lists all papers for everyone with their digests, and no other file stands there.
6. OpenLineage and the EU's summary: as in lineage.py.
7. The signature, if there is one and --key is given: as in evidence.py.

One line per node and check; what cannot be checked here says so. Exit code 0: all hold; 1: one does not; 2: a folder without a
manifest.
"""

import argparse
import hashlib
import json
import logging
import pathlib
import sys

import lineage
from check import version_folder

CARD_FIELDS = (
    "language license pretty_name size_categories tags source_datasets dataset_summary curated_by configs dataset_info "
    "unique_metadata_identifier personal_and_sensitive_information"
).split()

RECORD_FIELDS = (
    "artifact_id artifact_type owner source provenance lineage rights residency visibility quality version participation_mode "
    "may_leave"
).split()


class Skipped(Exception):
    """Nothing to check, or nothing to check it with."""


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_croissant(folder, manifest, args):
    import mlcroissant

    said = []
    for path in (folder / "croissant.json", folder / "papers/public/croissant.public.json"):
        issues = mlcroissant.Dataset(jsonld=str(path)).metadata.ctx.issues
        if issues.errors:
            raise ValueError(f"{path.name}: {sorted(issues.errors)}")
        said.append(f"{path.name} {len(issues.errors)} errors, {len(issues.warnings)} warnings")
    if any(shard["path"].endswith(".parquet") for shard in manifest["shards"]):
        rows = sum(1 for _ in mlcroissant.Dataset(jsonld=str(folder / "croissant.json")).records("documents"))
        if rows != manifest["rows"]:
            raise ValueError(f"{rows} records load, the manifest counts {manifest['rows']}")
        said.append(f"{rows} records load")
    return "; ".join(said)


def check_dps(folder, manifest, args):
    import jsonschema

    if args.dps_schema is None:
        raise Skipped("no --dps-schema")
    # Its own meta-schema is not published; what it says is draft 2020-12.
    schema = {key: value for key, value in load(args.dps_schema).items() if key != "$schema"}
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for path in (folder / "papers/dps.json", folder / "papers/public/dps.public.json"):
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(load(path))]
        if errors:
            raise ValueError(f"{path.name}: {errors}")
    allowed = [place["country"] for place in load(folder / "papers/dps.json")["use"]["storage-allowed"]]
    return f"both valid; storage allowed in {', '.join(allowed)}"


def check_card(folder, manifest, args):
    import yaml

    text = (folder / "README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(text.split("---\n")[1])
    missing = [field for field in CARD_FIELDS if field not in head and not (field in ("configs", "dataset_info", "language") and not manifest["shards"])]
    if missing:
        raise ValueError(f"no {', '.join(missing)}")
    if head["unique_metadata_identifier"] != load(folder / "papers/tapestry.json")["artifact_id"]:
        raise ValueError("the card and the core record are of two versions")
    return f"{len(head)} fields, licence {head['license']}, {head['unique_metadata_identifier']}"


def check_record(folder, manifest, args):
    for path in (folder / "papers/tapestry.json", folder / "papers/public/tapestry.public.json"):
        missing = [field for field in RECORD_FIELDS if field not in load(path)]
        if missing:
            raise ValueError(f"{path.name} has no {', '.join(missing)}")
    return f"{len(RECORD_FIELDS)} fields of the core record in both"


def check_digests(folder, manifest, args):
    for paper in manifest["papers"]:
        if sha256(folder / paper["path"]) != paper["sha256"]:
            raise ValueError(f"{paper['path']} is not what the manifest lists")
    shards = {shard["path"]: shard["sha256"] for shard in manifest["shards"]}
    croissant = {
        item["contentUrl"]: item["sha256"]
        for item in load(folder / "croissant.json")["distribution"]
        if item["@type"] == "cr:FileObject"
    }
    dps = {
        item["path"]: item["tree-hashes"][0]["value"]
        for item in load(folder / "papers/dps.json")["source"]["id"].get("hashes", [])
    }
    if not shards == croissant == dps:
        raise ValueError("shards differ between manifest.json, croissant.json and dps.json")
    return f"{len(manifest['papers'])} papers equal; {len(shards)} shards equal in croissant.json and dps.json"


def check_public(folder, manifest, args):
    public = folder / "papers/public"
    listed = {paper["path"]: paper["sha256"] for paper in load(public / "manifest.public.json")["papers"]}
    there = {path.name: sha256(path) for path in public.iterdir() if path.name != "manifest.public.json"}
    if listed != there:
        raise ValueError(f"manifest.public.json and what stands there differ: {sorted(set(listed) ^ set(there))}")
    return f"{len(listed)} papers for everyone equal"


def check_signature(folder, manifest, args):
    if args.key is None:
        raise Skipped("no --key")
    if not (folder / "manifest.dsse.json").exists():
        raise Skipped("nobody signed it")
    import evidence
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    payload, said = evidence.check_signature(folder, load_pem_public_key(args.key.read_bytes()))
    evidence.check_statement(payload)
    return f"{said}; {evidence.check_subjects(folder, payload)}"


CHECKS = (
    ("mlcroissant", check_croissant),
    ("jsonschema DPS", check_dps),
    ("card", check_card),
    ("core record", check_record),
    ("digests", check_digests),
    ("public", check_public),
    ("openlineage", lambda folder, manifest, args: lineage.check_openlineage(folder, manifest)),
    ("EU Art. 53", lambda folder, manifest, args: lineage.check_eu(folder, manifest)),
    ("signature", check_signature),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--dps-schema", type=pathlib.Path, help="data-provenance.json of OASIS DPS prov-meta 1.0")
    parser.add_argument("--key", type=pathlib.Path, help="the public key, PEM")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    failed = False
    for given in args.folders:
        folder = version_folder(given)
        if folder is None:
            print(f"{given}: no manifest.json here, and no version folder that has one", file=sys.stderr)
            return 2
        manifest = load(folder / "manifest.json")
        node = manifest["node"]["facts"]["name"]
        for name, check in CHECKS:
            try:
                print(f"{node:8} {name:16} {check(folder, manifest, args)}")
            except (Skipped, ImportError) as why:
                print(f"{node:8} {name:16} not checked: {why}")
            except Exception as error:  # whatever it raised, it did not hold
                print(f"{node:8} {name:16} DOES NOT HOLD: {type(error).__name__}: {error}")
                failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
