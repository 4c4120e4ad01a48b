#!/usr/bin/env python3
"""Checks signatures and Merkle roots of finished versions with the packages others use for that, and none of the engine's code.

    python3 pipeline/tests/consumers/evidence.py FOLDER... --key PUBLIC.pem

FOLDER is where a node's shards go (it holds v0001, v0002, …; the newest is taken) or one version folder. For each:

1. securesystemslib verifies the DSSE envelope manifest.dsse.json with the public key, and refuses it with another one.
2. in-toto-attestation parses and validates the statement in it.
3. hashlib compares every subject of the statement with the file of that name; no other file may be there.
4. pyarrow (or zstandard) reads the shards, and every Merkle root of the manifest is computed anew: digests of rows, salts,
   leaves, tree.

One line per node and check. Exit code 0: all hold; 1: one does not; 2: a folder without a manifest.
"""

import argparse
import datetime
import hashlib
import hmac
import json
import pathlib
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1 import statement_pb2
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from check import version_folder

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def raw(key):
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def verify_envelope(envelope, key):
    """By securesystemslib; the key is called as in our envelopes, by its bytes."""
    envelope.verify([SSlibKey.from_crypto(key, keyid=raw(key))], 1)


def length(number):
    return number.to_bytes(8, "little")


def value(item):
    """A value as a row's digest takes it; see `row_digest` in kilim-connectors."""
    if item is None:
        return length(2**64 - 1)
    if isinstance(item, str):
        data = item.encode("utf-8")
        return length(len(data)) + data
    if isinstance(item, bool):
        return length(1) + bytes([item])
    if isinstance(item, float):
        return length(4) + struct.pack("<f", item)
    if isinstance(item, datetime.datetime):
        since = item - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return length(8) + struct.pack("<q", since // datetime.timedelta(milliseconds=1))
    if isinstance(item, list):
        return length(len(item)) + b"".join(map(value, item))
    raise TypeError(f"no shard has a {type(item)}")


def rows_of(path):
    """The rows of a shard as dicts, columns in their order."""
    if path.name.endswith(".jsonl.zst"):
        import zstandard

        with open(path, "rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as lines:
            rows = [json.loads(line) for line in lines.read().split(b"\n") if line]
        for row in rows:
            row["fetched_at"] = row["fetched_at"] and datetime.datetime.fromisoformat(row["fetched_at"])
        return rows
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(path).read().to_pylist()


def leaf(row, salt_key):
    digest = hashlib.sha256(b"".join(value(name) + value(item) for name, item in row.items())).hexdigest()
    salt = hmac.digest(salt_key, row["id"].encode(), "sha256").hex()
    data = {"decision": row["decision"], "id": row["id"], "row": digest, "salt": salt}
    return hashlib.sha256(b"\0" + json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()).digest()


def root(leaves):
    """RFC 6962, section 2.1."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:left]) + root(leaves[left:])).digest()


def check_signature(folder, key):
    envelope = Envelope.from_dict(json.loads((folder / "manifest.dsse.json").read_text()))
    verify_envelope(envelope, key)
    for other, why in ((Ed25519PrivateKey.generate().public_key(), "another key"), (key, "another payload")):
        forged = envelope if why == "another key" else Envelope(envelope.payload + b" ", envelope.payload_type, envelope.signatures)
        try:
            verify_envelope(forged, other)
        except VerificationError:
            continue
        raise ValueError(f"{why} passes too")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise ValueError(f"the payload is {envelope.payload_type}")
    return envelope.payload, f"signed by {raw(key)[:16]}, refused for another key and another payload"


def check_statement(payload):
    statement = json_format.Parse(payload, statement_pb2.Statement())
    checked = Statement.copy_from_pb(statement)
    checked.validate()
    return f"{statement.type}, {len(statement.subject)} subjects, {statement.predicate_type}"


def check_subjects(folder, payload):
    subjects = {item["name"]: item["digest"]["sha256"] for item in json.loads(payload)["subject"]}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"manifest.dsse.json"}
    if there != set(subjects):
        raise ValueError(f"signed and not there, or there and not signed: {sorted(there ^ set(subjects))}")
    for name, sha256 in subjects.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha256:
            raise ValueError(f"{name} is not what was signed")
    return f"{len(subjects)} files equal"


def check_roots(folder, manifest):
    salt_key = bytes.fromhex((folder / manifest["salts"]["path"]).read_text())
    for shard in manifest["shards"]:
        found = root([leaf(row, salt_key) for row in rows_of(folder / shard["path"])]).hex()
        if found != shard["merkle_root"]:
            raise ValueError(f"{shard['path']} has the root {found}, the manifest says {shard['merkle_root']}")
    return f"{len(manifest['shards'])} roots over {manifest['rows']} rows equal"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--key", required=True, type=pathlib.Path, help="the public key, PEM")
    args = parser.parse_args()
    key = load_pem_public_key(args.key.read_bytes())
    assert isinstance(key, Ed25519PublicKey), "an Ed25519 key is wanted"
    failed = False
    for given in args.folders:
        folder = version_folder(given)
        if folder is None:
            print(f"{given}: no manifest.json here, and no version folder that has one", file=sys.stderr)
            return 2
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        node, payload = manifest["node"]["facts"]["name"], b"{}"
        try:
            payload, said = check_signature(folder, key)
            print(f"{node:8} securesystemslib     {said}")
            print(f"{node:8} in-toto-attestation  {check_statement(payload)}")
            print(f"{node:8} hashlib              {check_subjects(folder, payload)}")
            print(f"{node:8} Merkle               {check_roots(folder, manifest)}")
        except Exception as error:  # whatever it raised, it did not hold
            print(f"{node:8} DOES NOT HOLD: {type(error).__name__}: {error}")
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
