"""Public models end to end: emulated target, Numba reference and TensorFlow Lite Micro agree on every tensor."""

import csv

import numpy as np
import pytest

import mcusim
from mcusim.inference import Machine

MODELS = ("ad01_int8", "hello_world_int8", "kws_ref_model", "micro_speech_quantized", "pad0", "pad9", "person_detect",
          "pretrainedResnet_quant", "strided_slice0", "strided_slice20")  # fmt: skip


@pytest.fixture(scope="module")
def arena_rows(reference_data):
    with (reference_data / "models" / "arena.csv").open(newline="") as file:
        return {(row["model"], row["core"], row["kernels"]): row for row in csv.DictReader(file)}


@pytest.mark.parametrize("board", ["nano33ble", "nucleo_l4r5zi"])
@pytest.mark.parametrize("name", MODELS)
def test_every_tensor_is_tflite_micros(reference_data, name, board):
    model = mcusim.load(reference_data / "models" / f"{name}.tflite")
    expected = np.load(reference_data / "models" / "expected" / f"{name}.npz")
    inputs = [expected[f"tensor_{index}"].reshape(model.tensors[index].shape) for index in model.inputs]
    machine = Machine.start(mcusim.plan(model, mcusim.load_board(board)), inputs)
    for op in model.ops:
        layer, _ = machine.layer(op)
        assert layer.bit_exact, layer.difference
        assert layer.instructions > 0
        assert layer.cycles >= layer.macs // 2, "no Cortex-M4 multiplies more than two pairs a cycle"
        for index in op.outputs:
            found = machine.value(index)
            np.testing.assert_array_equal(found, expected[f"tensor_{index}"].reshape(found.shape))


@pytest.mark.parametrize("board", ["nano33ble", "nucleo_l4r5zi"])
@pytest.mark.parametrize("name", MODELS)
def test_reported_arena_is_tflite_micros(reference_data, arena_rows, name, board):
    model = mcusim.load(reference_data / "models" / f"{name}.tflite")
    plan = mcusim.plan(model, mcusim.load_board(board))
    for kernels, column in (("cmsis_nn", "cmsis"), ("reference", "ref")):
        row = arena_rows[name, "m4", column]
        figures = plan.memory().by_kernels[kernels]
        assert figures.arena_bytes == int(row["arena_used_bytes"])
        assert figures.head_bytes == int(row["head_bytes"])
        assert figures.tail_bytes == int(row["tail_bytes"])
        assert figures.smallest_arena_bytes == int(row["smallest_accepted_arena_bytes"])
        assert figures.scratch_bytes == int(row["scratch_bytes"])


# Instructions of one Invoke of TensorFlow Lite Micro with CMSIS-NN on Cortex-M4, counted for the public
# binaries that made the expected tensors (arena.csv, last column).
@pytest.mark.parametrize("name", ["ad01_int8", "kws_ref_model", "person_detect", "pretrainedResnet_quant"])
def test_instructions_are_within_ten_percent_of_cmsis_nn(reference_data, arena_rows, name):
    assert 0.9 <= instructions_to_published(reference_data, arena_rows, name, "nucleo_l4r5zi", "m4") <= 1.1


@pytest.mark.parametrize("board, core", [("nucleo_l4r5zi", "m4"), ("pico", "m0plus"), ("pico2", "m33")])
@pytest.mark.parametrize("name", ["pad0", "pad9", "strided_slice0", "strided_slice20"])
def test_instructions_of_reference_kernels_are_within_ten_percent(reference_data, arena_rows, name, board, core):
    assert 0.9 <= instructions_to_published(reference_data, arena_rows, name, board, core) <= 1.1


def instructions_to_published(reference_data, arena_rows, name, board, core):
    model = mcusim.load(reference_data / "models" / f"{name}.tflite")
    run = mcusim.run(mcusim.plan(model, mcusim.load_board(board)), link_orders=False)
    return run.totals.instructions / int(arena_rows[name, core, "cmsis"]["instructions_per_invoke"])
