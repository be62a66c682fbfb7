"""Public models end to end: emulated target, Numba reference and TensorFlow Lite Micro agree on every tensor."""

import csv
import dataclasses

import numpy as np
import pytest

import mcusim
from mcusim.inference import Machine
from mcusim.ops import written

ELEMENTWISE = ("add0", "add9", "leaky_relu0", "leaky_relu11", "quantize0", "sub0")
SEANET = ("conv0", "conv4", "conv9", "conv12", "conv21", "pad0", "pad9", "strided_slice0", "strided_slice20",
          "transpose_conv0")  # fmt: skip
MODELS = ("ad01_int8", *ELEMENTWISE, "hello_world_int8", "kws_ref_model", "micro_speech_quantized", "person_detect",
          "keyword_scrambled_8bit", "pretrainedResnet_quant", "trained_lstm_int8", *SEANET)  # fmt: skip


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
        for index in written(model, op):
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


# Instructions of one Invoke of TensorFlow Lite Micro with CMSIS-NN, counted for the public binaries that made the
# expected tensors (arena.csv, last column): on Cortex-M4, with DSP kernels, and on Cortex-M0+, with plain ones.
@pytest.mark.parametrize("board, core", [("nucleo_l4r5zi", "m4"), ("nucleo_g0b1re", "m0plus")])
@pytest.mark.parametrize(
    "name",
    [
        "ad01_int8",
        "kws_ref_model",
        "micro_speech_quantized",
        "person_detect",
        "pretrainedResnet_quant",
        "trained_lstm_int8",
        *ELEMENTWISE,
        *SEANET,
    ],
)
def test_instructions_are_within_ten_percent_of_cmsis_nn(reference_data, arena_rows, name, board, core):
    model = mcusim.load(reference_data / "models" / f"{name}.tflite")
    # Instructions are counted, not times: without its memory system to follow, the board runs several times as fast.
    plan = mcusim.plan(model, dataclasses.replace(mcusim.load_board(board), memory=None))
    # The inputs with which TensorFlow Lite Micro's were counted: some kernels take longer for negative values.
    expected = np.load(reference_data / "models" / "expected" / f"{name}.npz")
    machine = Machine.start(plan, [expected[f"tensor_{i}"].reshape(model.tensors[i].shape) for i in model.inputs])
    instructions = sum(machine.layer(op)[0].instructions for op in model.ops)
    published = int(arena_rows[name, core, "cmsis"]["instructions_per_invoke"])
    assert 0.9 <= instructions / published <= 1.1
