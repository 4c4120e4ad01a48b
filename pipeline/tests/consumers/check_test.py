"""check.py passes sound shards and finds every kind of change. Run: python -m unittest, in this folder."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import pyarrow
import pyarrow.parquet
import zstandard

import check

ROWS = [
    {"id": "0a", "text": "Habari za leo?\nNjema.", "lang": "swa_Latn"},
    {"id": "0b", "text": "வணக்கம்", "lang": "tam_Taml"},
    {"id": "0c", "text": None, "lang": "amh_Ethi"},
    {"id": "0d", "text": "", "lang": None},
    {"id": "0e", "text": "ሰላም\u2028ለዓለም", "lang": "amh_Ethi"},
]


def write(path, rows, shard_format):
    if shard_format == "parquet":
        types = pyarrow.schema([(column, pyarrow.string()) for column in check.COLUMNS])
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=types), path)
        return
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(zstandard.compress(lines.encode("utf-8")))


class Consumers(unittest.TestCase):
    def run_check(self, rows, shard_format):
        """Exit code and output for shards that hold `rows` and a manifest that states ROWS."""
        with tempfile.TemporaryDirectory() as folder:
            version = pathlib.Path(folder) / "v0001"
            name = f"data/mul/train-00000-of-00001.{shard_format}"
            (version / name).parent.mkdir(parents=True)
            write(version / name, rows, shard_format)
            columns = {column: check.digest(row[column] for row in ROWS) for column in check.COLUMNS}
            manifest = {
                "node": {"facts": {"name": "ke"}},
                "rows": len(ROWS),
                "languages": {"mul": len(ROWS)},
                "shards": [{"path": name, "rows": len(ROWS), "columns": columns}],
            }
            (version / "manifest.json").write_text(json.dumps(manifest))
            entries = "".join(
                f"- config_name: {config}\n  data_files:\n  - split: train\n    path: data/*/train-*.{shard_format}\n"
                for config in ("all", "mul")
            )
            (version / "README.md").write_text(f"---\nconfigs:\n{entries}---\n")
            out = io.StringIO()
            with mock.patch.object(sys, "argv", ["check.py", folder]), contextlib.redirect_stdout(out):
                return check.main(), out.getvalue()

    def test_the_digest_is_the_one_the_engine_writes(self):
        # The same four values and digest stand in the engine's own test of ColumnHasher.
        values = ["Habari ya leo", None, "", "வணக்கம்"]
        self.assertEqual(check.digest(values), "ce8a6308fc7801cd53d50c9582bf686a0639a6e7f5e79d9e6aaa9b1e52a676f4")

    def test_sound_shards_pass_with_every_consumer(self):
        for shard_format, readers in check.READERS.items():
            code, out = self.run_check(ROWS, shard_format)
            self.assertEqual(code, 0, out)
            self.assertEqual(out.count("equal"), len(readers) + 1, out)

    def test_each_change_is_found_by_every_consumer(self):
        empty_for_null = [dict(row, text=row["text"] or "") for row in ROWS]
        one_letter = [dict(row, text=row["text"].replace("leo", "jana")) if row["text"] else row for row in ROWS]
        changes = {
            "an empty text for a null": empty_for_null,
            "a word": one_letter,
            "a missing row": ROWS[:-1],
            "swapped rows": [ROWS[1], ROWS[0], *ROWS[2:]],
        }
        for shard_format, readers in check.READERS.items():
            for change, rows in changes.items():
                code, out = self.run_check(rows, shard_format)
                self.assertEqual(code, 1, f"{change}\n{out}")
                self.assertGreaterEqual(out.count("DIFFERENT"), len(readers), f"{change}\n{out}")

    def test_a_folder_without_a_manifest_is_refused(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
            with mock.patch.object(sys, "argv", ["check.py", folder]):
                self.assertEqual(check.main(), 2)


if __name__ == "__main__":
    unittest.main()
