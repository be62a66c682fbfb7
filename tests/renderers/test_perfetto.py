"""The timeline, read as the Trace Event Format has it: slices by begin and end, counters, names."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcusim.errors import UnsupportedError
from mcusim.record import FunctionCycles
from mcusim.renderers import RENDERERS


def events(run):
    return json.loads(RENDERERS["perfetto"](run))["traceEvents"]


def slices(found):
    """(depth, category, name, begin in ns, end in ns) of all; what ends is what began last, and never before it."""
    open_slices, closed, last = [], [], 0
    for event in found:
        if event["ph"] not in "BE":
            continue
        time_ns = round(event["ts"] * 1000)
        assert time_ns >= last, "events go back in time"
        last = time_ns
        if event["ph"] == "B":
            open_slices.append((len(open_slices), event["cat"], event["name"], time_ns))
        else:
            begun = open_slices.pop()
            assert (event["cat"], event["name"]) == begun[1:3]
            closed.append((*begun, time_ns))
    assert not open_slices
    return closed


def test_layers_follow_each_other_on_the_boards_clock(example_run):
    layers = [one for one in slices(events(example_run)) if one[1] == "layer"]
    assert [name for _, _, name, _, _ in layers] == [f"{one.index} {one.op}" for one in example_run.layers]
    ends = [end for *_, end in layers]
    assert [begin for _, _, _, begin, _ in layers] == [0, *ends[:-1]]
    assert ends[-1] == int(example_run.totals.latency_s * 1e9)


def test_kernels_functions_and_loops_are_nested(example_run):
    depths = {(kind, depth) for depth, kind, *_ in slices(events(example_run))}
    assert depths == {("layer", 0), ("kernel", 1), ("function", 2), ("loop", 3)}


@given(st.integers(1, 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=4), st.integers(0, 10**6))
def test_slices_never_overlap_at_any_clock(example_run, clock_hz, functions, before):
    """Whatever the clock, times are whole nanoseconds in order and parts end where or before the whole does."""
    parts = tuple(FunctionCycles(f"f{number}", cycles) for number, cycles in enumerate(functions))
    first = dataclasses.replace(example_run.layers[0], cycles=before, functions=(), loops=())
    layer = dataclasses.replace(example_run.layers[1], cycles=sum(functions), functions=parts, loops=())
    board = dataclasses.replace(example_run.board, clock_hz=clock_hz)
    found = events(dataclasses.replace(example_run, board=board, layers=(first, layer)))
    assert all(round(event["ts"] * 1000) / 1000 == event["ts"] for event in found if "ts" in event)
    lengths = {name: end - begin for _, _, name, begin, end in slices(found)}
    for number, cycles in enumerate(functions):
        assert abs(lengths[f"f{number}"] - cycles * 1e9 / clock_hz) <= 1
    assert sum(lengths[f"f{number}"] for number in range(len(functions))) == lengths["1 DEPTHWISE_CONV_2D"]


def test_counters_and_arguments(example_run):
    found = events(example_run)
    counters = [event for event in found if event["ph"] == "C" and event["name"] == "arena, live"]
    assert [event["args"]["bytes"] for event in counters] == [layer.live_bytes for layer in example_run.layers]
    first = next(event for event in found if event["ph"] == "B")
    layer = example_run.layers[0]
    assert first["args"]["cycles_by_cause"] == layer.cycles_by_cause and first["args"]["why"] == layer.why
    assert first["args"]["expected_error_of_the_run"].startswith("not validated")
    part = next(event for event in found if event["ph"] == "B" and event["cat"] == "function")
    assert part["args"]["order"] == "by cycles, not by time"
    loop = next(event for event in found if event["ph"] == "B" and event["cat"] == "loop")
    hottest = layer.loops[0]
    assert (loop["args"]["iterations"], loop["args"]["cycles"]) == (hottest.iterations, hottest.cycles)
    assert loop["args"]["cycles_by_cause"] == hottest.cycles_by_cause


def test_an_estimate_says_so_and_has_no_stack(estimated_run):
    found = events(estimated_run)
    assert any(event["args"].get("name") == "an inference (estimated)" for event in found if event["ph"] == "M")
    assert not [event for event in found if event["name"] == "stack of the kernels"]
    assert {depth for depth, *_ in slices(found)} == {0}


def test_unknown_cycles_are_an_error(planned_run):
    with pytest.raises(UnsupportedError, match="a timeline needs cycles"):
        RENDERERS["perfetto"](planned_run)
