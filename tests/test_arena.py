"""The arena against TensorFlow Lite Micro's own figures, and what must hold between its parts."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from one_layer import M4, M55, REFERENCE, Value, activation, one_layer

from mcusim.arena import arena, round_up
from mcusim.errors import UnsupportedError
from mcusim.runtime import Runtime
from mcusim.tflite import load

CORES = {"m0plus": (False, False), "m33": (True, False), "m4": (True, False), "m55": (True, True)}
KERNELS = {"cmsis": "cmsis_nn", "ref": "reference"}
COLUMNS = (
    "arena_used_bytes",
    "head_bytes",
    "tail_bytes",
    "smallest_accepted_arena_bytes",
    "scratch_requests",
    "scratch_bytes",
    "kernel_persistent_allocations",
    "kernel_persistent_bytes",
)


def rows():
    named = os.environ.get("MCUSIM_REFERENCE_DATA")
    if not named:
        return [pytest.param(None, id="no reference data")]
    with (Path(named) / "models" / "arena.csv").open(newline="") as file:
        return [pytest.param(row, id=f"{row['model']}-{row['core']}-{row['kernels']}") for row in csv.DictReader(file)]


@pytest.mark.parametrize("row", rows())
def test_figures_are_tflite_micros(reference_data, row):
    model = load(reference_data / "models" / f"{row['model']}.tflite")
    found = arena(model, Runtime(KERNELS[row["kernels"]], *CORES[row["core"]]))
    kernels = [one for one in found.allocations if one.kind in ("kernel data", "kernel arrays")]
    figures = (
        found.used_bytes,
        found.head_bytes,
        found.tail_bytes,
        found.smallest_bytes,
        sum(len(each.scratch_bytes) for each in found.memory),
        found.scratch_bytes,
        len(kernels),
        sum(one.bytes for one in kernels),
    )
    assert figures == tuple(int(row[column]) for column in COLUMNS)


def dense(batches=1, depth=5):
    weights = Value((3, depth), 0.1, data=np.ones((3, depth), np.int8))
    return one_layer(
        "FULLY_CONNECTED",
        [Value((batches, depth), 0.1), weights, None],
        Value((batches, 3), 0.2),
        "FullyConnectedOptions",
        FusedActivationFunction=activation("NONE"),
    ).model


def test_tail_by_hand():
    found = arena(dense(), M4)
    # 132 fixed, 3 tensors, 1 node, options of 5 bytes: 132 + 36 + 32 + 5 = 205, then OpData 72 aligned to 16,
    # then pointers and tensors of an input and an output.
    assert [(one.name, one.distance_bytes, one.padding_bytes) for one in found.allocations[5:9]] == [
        ("TfLiteEvalTensor", 168, 0),
        ("NodeAndRegistration", 200, 0),
        ("FULLY_CONNECTED options", 205, 0),
        ("FULLY_CONNECTED OpData", 288, 11),
    ]
    one_tensor = 32 + 12 + 8
    after_input = round_up(288 + 4) + one_tensor
    assert found.tail_bytes == round_up(after_input + 4) + one_tensor


def test_head_by_hand():
    found = arena(dense(batches=7), M4)
    source, output = found.buffers
    assert (source.bytes, source.planned_bytes, source.first, source.last) == (35, 48, 0, 1)
    assert (output.bytes, output.planned_bytes, output.first, output.last) == (21, 32, 1, 1)
    assert (source.offset, output.offset, found.head_bytes) == (0, 48, 80)
    assert found.live_bytes == (48, 80)
    assert found.live_lower_bound_bytes == 80


def test_planning_workspace_wins_over_a_small_head():
    found = arena(dense(), M4)
    before_inputs = 288
    workspace = round_up(12 * 12 + 4 + 24 * 3)
    assert found.smallest_bytes == round_up(before_inputs) + workspace + 2 * 40
    assert found.smallest_bytes > found.used_bytes


def test_kernel_sums_with_mve_and_smaller_structs_without_cmsis_nn():
    def kernel_bytes(runtime):
        kinds = ("kernel data", "kernel arrays")
        return sum(one.bytes for one in arena(dense(), runtime).allocations if one.kind in kinds)

    assert (kernel_bytes(M4), kernel_bytes(M55), kernel_bytes(REFERENCE)) == (72, 72 + 12, 48)


@pytest.mark.parametrize("name", ["kws_ref_model", "person_detect", "pretrainedResnet_quant"])
def test_buffers_and_allocations_lie_apart(reference_data, name):
    found = arena(load(reference_data / "models" / f"{name}.tflite"), M4)
    for index, one in enumerate(found.buffers):
        assert one.offset % 16 == 0 and one.planned_bytes - one.bytes in range(16)
        for other in found.buffers[:index]:
            if one.first <= other.last and other.first <= one.last:
                assert (
                    one.offset + one.planned_bytes <= other.offset or other.offset + other.planned_bytes <= one.offset
                )
    covered = 0
    for allocation in found.allocations:
        covered += allocation.bytes + allocation.padding_bytes
        assert allocation.distance_bytes == covered
    assert covered == found.tail_bytes
    assert max(found.live_bytes) <= found.head_bytes


def test_unknown_operators_are_named():
    layer = one_layer("ATAN2", [Value((4,), 0.1)], Value((4,), 0.1))
    with pytest.raises(UnsupportedError, match=r"layer 0 \(ATAN2\) is not known; known: ABS, "):
        arena(layer.model, M4)


def test_tensors_that_nobody_uses_and_outputs_that_are_inputs():
    layer = one_layer("RELU6", [Value((40,), 0.1)], Value((40,), 0.1))
    found = arena(layer.model, M4)
    assert [(one.first, one.last) for one in found.buffers] == [(0, 1), (1, 1)]
