import json

import pytest

from mcusim import documents
from mcusim.allocators import HEAPS
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.heap import Survey
from mcusim.heap_operations import BLOCK_MASK, BYTES_SHIFT, SECOND_US, stream
from mcusim.memory_record import SOAK_SCHEMA as SCHEMA
from mcusim.soak import BASE_ADDRESS, SAMPLES, Soak, load_heap, soak, to_json
from mcusim.workload import load_workload, parse_workload, workload_names

HOUR_S, DAY_S = 3600.0, 86400.0
LEAK = """name = "leak"
title = "a block that is never freed"
heap = "heap_4"
heap_bytes = 1024
[[start]]
what = "state"
bytes = 100
[[sources]]
what = "leaks"
every_s = 1
size = { bytes = 92 }
lifetime = { forever = true }
"""
# Sixteen blocks of 56 bytes; once every other is freed, half of the heap is free in pieces.
COMB = (
    """name = "comb"
title = "every other block is freed"
heap = "heap_4"
heap_bytes = 1032
"""
    + "".join(f'[[trace]]\nat_s = {number}\nmalloc = "{number}"\nbytes = {56}\n' for number in range(16))
    + "".join(f'[[trace]]\nat_s = {16 + number}\nfree = "{2 * number}"\n' for number in range(8))
    + '[[trace]]\nat_s = 30\nmalloc = "large"\nbytes = 100\n'
)


@pytest.mark.parametrize("heap", HEAPS)
@pytest.mark.parametrize("name", workload_names())
def test_every_ready_made_workload_on_every_heap(name, heap):
    workload = load_workload(name)
    result = soak(workload, HOUR_S, (1, 2), heap, 2 * workload.heap_bytes + 8192)
    if name == "bare":
        assert result.runs == ()
        return
    for run in result.runs:
        assert run.failure is None
        assert run.simulated_s == HOUR_S
        assert len(run.samples) == SAMPLES + 1
        for sample in run.samples:
            assert sample.used_bytes + sample.free_bytes + sample.untouched_bytes == result.heap.bytes
            assert sample.waste_bytes == sample.used_bytes - sample.asked_bytes >= 0
            assert 0 <= sample.fragmentation < 1
            assert sample.least_largest_request_bytes <= sample.largest_request_bytes < sample.contiguous_bytes
            assert sample.contiguous_bytes <= sample.free_bytes + sample.untouched_bytes
            assert run.most_used_bytes >= sample.used_bytes
        assert run.most_asked_bytes >= max(sample.asked_bytes for sample in run.samples)


def test_reproducible_from_its_seed():
    workload = load_workload("ble_sensor")
    one, other = (soak(workload, HOUR_S, (9,), "tlsf", 12288) for _ in range(2))
    assert one == other
    assert one.runs != soak(workload, HOUR_S, (10,), "tlsf", 12288).runs


@pytest.mark.parametrize("heap", HEAPS)
@pytest.mark.parametrize("name", ["ble_sensor", "freertos", "camera_ov7675"])
def test_the_first_failure_again_by_hand(name, heap):
    """Malloc by malloc through the heap's own functions, the operation said to fail does, and no other."""
    workload = load_workload(name)
    heap_bytes = workload.heap_bytes * 3 // 4 + (4096 if heap == "tlsf" else 0)
    result = soak(workload, DAY_S, (4,), heap, heap_bytes)
    failure = result.runs[0].failure
    assert failure is not None
    made = stream(workload, 4, heap_bytes)
    words = made.started.tolist()
    while len(words) <= failure.operation:
        words += made.fill(int(DAY_S) * SECOND_US).operations.tolist()
    allocator = HEAPS[heap]
    state, alive = allocator.start(heap_bytes, BASE_ADDRESS), {}
    for word in words[: failure.operation]:
        if word >> BYTES_SHIFT:
            address = allocator.malloc(state, word >> BYTES_SHIFT)
            assert address
            alive[word & BLOCK_MASK] = (address, word >> BYTES_SHIFT)
        else:
            allocator.free(state, alive.pop(word & BLOCK_MASK)[0])
    last = words[failure.operation]
    assert last >> BYTES_SHIFT == failure.request_bytes
    assert allocator.malloc(state, failure.request_bytes) == 0
    survey = Survey(*allocator.survey(state))
    assert survey.largest_request_bytes < failure.request_bytes
    assert (survey.free_bytes, survey.free_blocks) == (failure.heap.free_bytes, failure.heap.free_blocks)
    assert sum(one.asked_bytes for one in failure.live) == sum(size for _, size in alive.values())
    assert sum(one.blocks for one in failure.live) == len(alive) == failure.heap.live_blocks


def test_a_leak_fills_the_heap():
    """1024 bytes of heap_4 keep 8 for the end; blocks are 112 and then 104 bytes: eight, and the ninth does not fit."""
    run = soak(parse_workload(LEAK, "w.toml"), DAY_S).runs[0]
    failure = run.failure
    assert (failure.time_s, failure.what, failure.request_bytes) == (9.0, "leaks", 92)
    assert not failure.enough_free
    assert failure.heap.free_bytes == 1024 - 8 - 112 - 8 * 104
    assert [(one.what, one.blocks, one.asked_bytes) for one in failure.live] == [("leaks", 8, 736), ("state", 1, 100)]
    assert (run.mallocs, run.frees, run.most_live_blocks, run.most_asked_bytes) == (9, 0, 9, 836)
    assert run.most_used_bytes == 8 + 112 + 8 * 104
    assert len(run.samples) > SAMPLES // 2  # the short time is sampled anew


def test_a_request_that_fails_although_enough_is_free():
    """1032 bytes hold 16 blocks of 64 exactly; freeing every other leaves 8 holes of 64 and no room for 100."""
    failure = soak(parse_workload(COMB, "w.toml"), DAY_S).runs[0].failure
    assert (failure.time_s, failure.what, failure.request_bytes) == (30.0, "recorded log", 100)
    assert failure.enough_free
    heap = failure.heap
    assert (heap.free_bytes, heap.free_blocks, heap.contiguous_bytes, heap.largest_request_bytes) == (512, 8, 64, 56)
    assert heap.fragmentation == 1 - 64 / 512
    assert failure.operation == 24


def test_a_start_that_does_not_fit():
    run = soak(load_workload("freertos"), DAY_S, heap_bytes=1024).runs[0]
    assert (run.failure.time_s, run.failure.what) == (0.0, "stacks of idle and timer task")
    assert len(run.samples) == 1


def test_seeds_worst_and_median():
    workload = load_workload("camera_ov7675")
    result = soak(workload, HOUR_S, range(5))
    times = [run.simulated_s for run in result.runs]
    assert {run.seed for run in result.runs} == set(range(5))
    assert 0 < len(result.failures) == sum(time < HOUR_S for time in times)
    assert result.worst.simulated_s == min(times) == result.failures[0].time_s
    assert result.median_s == sorted(times)[2]


def test_heap_and_size_by_default_are_the_workload_s():
    workload = load_workload("freertos")
    result = soak(workload, 60.0)
    assert (result.heap.name, result.heap.bytes) == (workload.heap, workload.heap_bytes)


def test_refusals():
    workload = load_workload("freertos")
    with pytest.raises(UnsupportedError, match=r"unknown heap 'heap4'; did you mean 'heap_4'\? known: heap_4, "):
        soak(workload, 60.0, heap="heap4")
    with pytest.raises(BadInputError, match="too small"):
        soak(workload, 60.0, heap_bytes=4)
    with pytest.raises(BadInputError, match="too small"):
        soak(load_workload("bare"), 60.0, heap_bytes=-4)
    with pytest.raises(UnsupportedError, match="mallocs and frees; at most"):
        soak(load_workload("audio_kws"), 36_000 * DAY_S)
    assert load_heap("tlsf") is HEAPS["tlsf"]


def test_progress():
    seen = []
    soak(load_workload("freertos"), 20 * HOUR_S, (1, 2), progress=lambda *step: seen.append(step))
    assert len(seen) == 2 * (SAMPLES + 1)
    assert seen[-1][:2] == (20, 20)
    assert seen[-1][2] == "hours of freertos, seed 2 (2 of 2)"


def test_json():
    result = soak(load_workload("camera_ov7675"), HOUR_S, (1, 2))
    document = json.loads(json.dumps(to_json(result, "0"), allow_nan=False))
    assert document.pop("schema") == SCHEMA
    assert document.pop("mcusim_version") == "0"
    assert documents.build(Soak, document, "soak.json") == result


def test_every_allocator_of_the_package_has_a_replay():
    for name in HEAPS:
        assert soak(load_workload("freertos"), 1.0, heap=name, heap_bytes=32768).runs[0].failure is None
