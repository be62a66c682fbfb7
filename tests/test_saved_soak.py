"""mcusim.soak/1 → Soak: the round trip, and saved reports that nobody can trust."""

import json

import pytest
from conftest import with_value

from mcusim import saved_soak
from mcusim.errors import BadInputError
from mcusim.renderers.soak import json_text
from mcusim.soak import soak
from mcusim.workload import load_workload


@pytest.fixture(scope="module")
def failed():
    return soak(load_workload("camera_ov7675"), 3600.0, (1, 2), command="mcusim memory --soak")


@pytest.fixture
def document(failed):
    return json.loads(json_text(failed))


@pytest.mark.parametrize(
    "name, heap", [("bare", None), ("freertos", None), ("ble_sensor", "newlib"), ("freertos", "tlsf")]
)
def test_round_trips(name, heap):
    run = soak(load_workload(name), 600.0, heap=heap)
    assert saved_soak.from_json(json.loads(json_text(run)), "x.json") == run


def test_a_file(failed, tmp_path):
    saved = tmp_path / "saved.json"
    saved.write_text(json_text(failed))
    assert saved_soak.load_soak(saved) == failed
    saved.write_bytes(b"\xff")
    with pytest.raises(BadInputError, match="not UTF-8"):
        saved_soak.load_soak(saved)


BROKEN = {
    "schema": ("mcusim.memory/1", "schema: a report saved with mcusim memory --soak"),
    "heap.bytes": (0, "heap.bytes: expected 1 or more"),
    "asked_s": (-1, "asked_s: expected more than 0"),
    "runs": ([], "runs: expected some exactly where"),
    "runs.0.samples": ([], r"runs\[0\]\.samples: expected one or more"),
    "runs.0.samples.1.time_s": (-1.0, r"runs\[0\]\.samples: expected times"),
    "runs.0.samples.0.used_bytes": (2**50, r"samples\[0\]: expected used and free bytes within"),
    "runs.0.samples.0.free_blocks": (-1, r"samples\[0\]: expected sizes and counts"),
    "runs.0.samples.0.contiguous_bytes": (10**6, r"contiguous_bytes: expected at most what is free"),
    "runs.0.samples.0.fragmentation": (2.0, "fragmentation: expected a share"),
    "runs.0.simulated_s": (1.5, "simulated_s: expected the time of the last sample"),
    "runs.0.failure.time_s": (1.5, "failure.time_s: expected the end of the run"),
    "runs.0.failure.request_bytes": (-1, "failure: expected a request"),
    "runs.0.failure.heap.live_blocks": (12345, "failure.heap: expected the last sample"),
    "runs.0.mallocs": ("many", "expected an integer"),
    "workload": (None, "expected a table"),
    "extra": (1, "unknown key"),
}


@pytest.mark.parametrize("key", BROKEN)
def test_what_contradicts_itself_is_refused(document, key):
    value, message = BROKEN[key]
    with pytest.raises(BadInputError, match=message):
        saved_soak.from_json(with_value(document, key, value), "x.json")


def test_anything_else_is_refused():
    for one in (None, [], 3, {}, {"schema": 1}):
        with pytest.raises(BadInputError, match="schema"):
            saved_soak.from_json(one, "x.json")
