"""Random models through the whole chain: emulated target, reference, TensorFlow Lite Micro and LiteRT agree."""

import dataclasses

import numpy as np
import pytest
from random_layers import OPERATORS, random_chain, random_inputs, random_layer
from shares import shared

import mcusim

# LiteRT rounds once in FULLY_CONNECTED, takes ratios of scales in float32 in MUL and RELU, has a table for LOGISTIC,
# resets an int8 state to 0 instead of its zero point in SVDF, wants tensors of intermediate results in the LSTM.
LITERT_DIFFERS = {"FULLY_CONNECTED", "LOGISTIC", "MUL", "RELU", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"}


@pytest.fixture(scope="module")
def board():
    # Bits are compared, not times: without its memory system to follow, the board runs several times as fast.
    return dataclasses.replace(mcusim.load_board("nano33ble"), memory=None)


@pytest.fixture(scope="module")
def tflm():
    """TensorFlow Lite Micro itself, its kernels built for a PC."""
    runtime = pytest.importorskip("tflite_micro").runtime

    def outputs(layers, inputs):
        interpreter = runtime.Interpreter.from_bytes(layers.file, arena_size=2**20)
        for index, value in enumerate(inputs):
            interpreter.set_input(value, index)
        interpreter.invoke()
        return [interpreter.get_output(index) for index in range(len(layers.model.outputs))]

    return outputs


def litert(layers, inputs):
    return layers.litert_outputs(*inputs)


def random_layer_for_litert(operator, seed):
    """LiteRT insists on a bias for CONV_2D."""
    drawn = (random_layer(operator, seed + step) for step in range(0, 1_000_000, 1000))
    return next(one for one in drawn if operator != "CONV_2D" or one.model.operand(one.op, 2) is not None)


def assert_one_result(layers, seed, board, oracle):
    """Emulated layers have the reference's bits, the model's outputs the oracle's."""
    inputs = random_inputs(layers.model, seed)
    run = mcusim.run(mcusim.plan(layers.model, board), inputs)
    assert not [layer.difference for layer in run.layers if not layer.bit_exact]
    for found, expected in zip(run.outputs, oracle(layers, inputs), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("operator", OPERATORS)
def test_layer_is_tflite_micros(operator, seed, board, tflm):
    assert_one_result(random_layer(operator, seed), seed, board, tflm)


@pytest.mark.parametrize("seed", range(100, 104))
@pytest.mark.parametrize("operator", sorted(OPERATORS.keys() - LITERT_DIFFERS))
def test_layer_is_litert_reference_kernels(operator, seed, board):
    assert_one_result(random_layer_for_litert(operator, seed), seed, board, litert)


@pytest.mark.parametrize("length", [3, 6, 10, 16, 24])
@pytest.mark.parametrize("seed", range(3))
def test_chain_is_tflite_micros(seed, length, board, tflm):
    layers = random_chain(seed, length)
    assert len(layers.model.ops) == length
    assert_one_result(layers, seed, board, tflm)


@pytest.mark.parametrize("operator", OPERATORS)
def test_damaged_layer_is_refused_or_runs(operator, board):
    """Whatever is wrong with a model: a refusal in one sentence, or a run whose layers have the reference's bits."""
    refused = 0
    for seed in range(30):
        try:
            layers = random_layer(operator, seed, damages=1 + seed % 3)
            plan = mcusim.plan(layers.model, board)
        except (mcusim.BadModelError, mcusim.UnsupportedError) as error:
            assert len(str(error).splitlines()) == 1
            refused += 1
            continue
        run = mcusim.run(plan, random_inputs(layers.model, seed))
        assert not [layer.difference for layer in run.layers if not layer.bit_exact]
    assert refused > 5


@pytest.mark.parametrize("seeds", shared(range(1000, 1060), 12))
@pytest.mark.parametrize("operator", OPERATORS)
def test_many_layers_are_tflite_micros(operator, seeds, board, tflm):
    for seed in seeds:
        assert_one_result(random_layer(operator, seed), seed, board, tflm)


@pytest.mark.parametrize("seeds", shared(range(1000, 1200), 20))
def test_many_chains_are_tflite_micros(seeds, board, tflm):
    for seed in seeds:
        assert_one_result(random_chain(seed, 2 + seed % 20), seed, board, tflm)
