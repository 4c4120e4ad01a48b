"""Does lineage.py find what is wrong? One sound event, and one mistake at a time."""

import copy
import json
import pathlib
import tempfile
import unittest

import lineage

FACETS = "https://openlineage.io/spec/facets"


def facet(version, schema, /, **fields):
    return {"_producer": "https://example.org/kilim", "_schemaURL": f"{FACETS}/{version}/{schema}.json#/$defs/{schema}", **fields}


EVENT = {
    "eventType": "COMPLETE",
    "eventTime": "2026-11-23T00:00:00Z",
    "producer": "https://example.org/kilim",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    "run": {
        "runId": "2f1e0a3c-5b7d-8e9f-a1b2-c3d4e5f60718",
        "facets": {"processing_engine": facet("1-1-1", "ProcessingEngineRunFacet", name="kilim", version="0.1.0")},
    },
    "job": {"namespace": "kilim", "name": "jaribio.ke", "facets": {}},
    "inputs": [],
    "outputs": [
        {
            "namespace": "kilim",
            "name": "jaribio/ke",
            "facets": {
                "tags": facet("1-0-0", "TagsDatasetFacet", tags=[{"key": "language", "value": "swa_Latn"}]),
                "dataQualityMetrics": facet(
                    "1-0-1", "DataQualityMetricsDatasetFacet", rowCount=7, columnMetrics={"license": {"nullCount": 3}}
                ),
                "tapestryResidency": {
                    "_producer": "https://example.org/kilim",
                    "_schemaURL": "https://example.org/TapestryResidencyDatasetFacet.json",
                    "node": "ke",
                    "jurisdiction": "KE",
                    "accepts": ["KE", "TZ"],
                    "mode": "local-only",
                    "runsAt": "KE",
                    "runKind": "local",
                    "asOf": "2026-11-23",
                    "policies": "blake3:00ff",
                },
            },
            "outputFacets": {},
        }
    ],
}


class Lineage(unittest.TestCase):
    def check(self, event):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "openlineage.jsonl"
            path.write_text(json.dumps(event) + "\n", encoding="utf-8")
            return lineage.check_events(path)

    def test_a_sound_event_passes(self):
        self.assertEqual(len(self.check(EVENT)), 1)

    def test_each_mistake_is_found(self):
        mistakes = {
            "a run id that is no UUID": ("run", "runId", "jaribio"),
            "a time that is none": ("eventTime", "jana"),
            "a kind of event that there is not": ("eventType", "DONE"),
            "a schema of another version": ("schemaURL", "https://openlineage.io/spec/1-0-0/OpenLineage.json#/$defs/RunEvent"),
            "a facet of another version": (
                "run", "facets", "processing_engine", "_schemaURL",
                f"{FACETS}/9-0-0/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet",
            ),
            "a field that a facet has not": ("run", "facets", "processing_engine", "umri", 3),
            "a tag without a value": ("outputs", 0, "facets", "tags", "tags", [{"key": "language"}]),
            "a metric that a column has not": (
                "outputs", 0, "facets", "dataQualityMetrics", "columnMetrics", {"license": {"nulls": 3}},
            ),
            "a mode that there is not": ("outputs", 0, "facets", "tapestryResidency", "mode", "siri"),
            "a country that is none": ("outputs", 0, "facets", "tapestryResidency", "accepts", ["Kenya"]),
        }
        for what, (*path, key, value) in mistakes.items():
            event = copy.deepcopy(EVENT)
            place = event
            for part in path:
                place = place[part]
            place[key] = value
            with self.subTest(what), self.assertRaises(Exception):
                self.check(event)


if __name__ == "__main__":
    unittest.main()
