"""Random layers that work element by element: TensorFlow Lite Micro and every image of the kernels agree."""

import dataclasses

import numpy as np
import pytest
from emulated import CORES
from random_elementwise import OPERATORS, random_elementwise, random_values
from shares import shared

import mcusim
from mcusim.elf import firmware_path, load_firmware
from mcusim.errors import EmulationError
from mcusim.hardware import load_core
from mcusim.plan import lay_out

# On a PC TensorFlow Lite Micro takes SUB's ratios in double precision; DIV is undefined there for small quotients.
UNLIKE_A_PC = {"DIV", "SUB"}


@pytest.fixture(scope="module")
def board():
    # Bits are compared, not times: without its memory system to follow, the board runs several times as fast.
    return dataclasses.replace(mcusim.load_board("nano33ble"), memory=None)


def assert_bit_exact(layer, seed, board, image="armv7em"):
    core = load_core(CORES[image])
    core = dataclasses.replace(core, fpu=None) if image == "armv7em_soft" else core
    plan = lay_out(layer.model, board, core, load_firmware(firmware_path(image)))
    run = mcusim.run(plan, random_values(layer, seed))
    assert not [one.difference for one in run.layers if not one.bit_exact]
    return run.outputs[0]


@pytest.mark.parametrize("operator", OPERATORS)
def test_layers_are_tflite_micros(operator, board):
    for seed in range(8):
        layer = random_elementwise(operator, seed)
        assert layer.check() is None
        found = assert_bit_exact(layer, seed, board)
        if operator not in UNLIKE_A_PC:
            np.testing.assert_array_equal(found, layer.tflm(*random_values(layer, seed)))


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("image", CORES)
def test_layers_have_the_references_bits(image, operator, board):
    for seed in range(20, 24):
        assert_bit_exact(random_elementwise(operator, seed), seed, board, image)


@pytest.mark.parametrize("operator", OPERATORS)
def test_damaged_layer_is_refused_or_runs(operator, board):
    """Whatever is wrong with a model: a refusal in one sentence, or a run whose layers have the reference's bits."""
    refused = 0
    for seed in range(40):
        try:
            layer = random_elementwise(operator, seed, damages=1 + seed % 3)
            mcusim.plan(layer.model, board)
        except (mcusim.BadModelError, mcusim.UnsupportedError) as error:
            assert len(str(error).splitlines()) == 1
            refused += 1
            continue
        try:
            assert_bit_exact(layer, seed, board)
        except EmulationError as error:
            # What TensorFlow Lite Micro's Invoke refuses too: negative values.
            assert operator == "RSQRT" and "mcusim_rsqrt" in str(error)
    assert refused > 5


@pytest.mark.parametrize("seeds", shared(range(1000, 1080), 16))
@pytest.mark.parametrize("operator", OPERATORS)
def test_many_layers_are_tflite_micros(operator, seeds, board):
    for seed in seeds:
        layer = random_elementwise(operator, seed)
        found = assert_bit_exact(layer, seed, board)
        if operator not in UNLIKE_A_PC:
            np.testing.assert_array_equal(found, layer.tflm(*random_values(layer, seed)))
