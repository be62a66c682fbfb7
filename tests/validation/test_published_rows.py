"""The published rows against the collected measurements, and the stored comparisons against the models today."""

import csv
import dataclasses
import json
from pathlib import Path

import pytest

from mcusim import accuracy
from mcusim.expectation import STORED
from mcusim.published import publications

ROOT = Path(__file__).parents[2]
WORKLOADS = {
    "MLPerf-Tiny ad": "ad",
    "MLPerf-Tiny ic": "ic",
    "MLPerf-Tiny kws": "kws",
    "EdgeMark TinyMLPerf_AE": "ad",
    "EdgeMark TinyMLPerf_ResNet": "ic",
    "EdgeMark TinyMLPerf_DS_CNN": "kws",
}


@pytest.fixture(scope="module")
def measured(reference_data):
    """(commit, workload, MHz) of every collected row → the latencies in µs and the compiler's words."""
    found = {}
    with (reference_data / "measured" / "latency.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["model"] in WORKLOADS:
                key = (row["source_commit"][:7], WORKLOADS[row["model"]], float(row["clock_mhz"]))
                factor = {"us": 1.0, "ms": 1e3}[row["unit"]]
                found.setdefault(key, []).append((float(row["value"]) * factor, row["source_path"]))
    return found


def test_latencies_are_those_collected(measured):
    checked = 0
    for one in publications():
        for row in one.row:
            key = (one.source.split("@")[1][:7], row.workload, (one.clock_hz or 0) / 1e6)
            if key not in measured or row.latency_us is None:
                continue
            path = one.source.split(", ")[1].split(";")[0]
            values = [value for value, source in measured[key] if source.startswith(path) or "xlsx" in source]
            assert any(abs(value / row.latency_us - 1) < 1e-6 for value in values), (one.id, row, values)
            checked += 1
    assert checked >= 40


@pytest.mark.slow
def test_the_stored_comparisons_are_fresh(reference_data):
    folders = (reference_data / "models", ROOT / "models")
    today = json.loads(json.dumps(dataclasses.asdict(accuracy.compare(folders))))
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert today == stored, "stale: write it again with: mcusim accuracy --quiet --json mcusim/accuracy.json"
