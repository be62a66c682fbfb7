"""Random layers on every image of the kernels, in every link order: emulated code has the reference's bits."""

import csv
import dataclasses
from functools import cache

import numpy as np
import pytest
from random_layers import OPERATORS, random_chain, random_inputs, random_layer
from shares import shared

import mcusim
from mcusim.elf import choose_image, firmware_path, layouts, load_firmware
from mcusim.errors import UnsupportedError
from mcusim.hardware import core_names, load_core
from mcusim.plan import lay_out

# A core for each image, and what it is where it has no file yet: instruction set, CPU model, DSP extension, FPU.
CORES = {
    "armv6m": ("cortex_m0plus", "armv6m", "cortex-m0", False, None),
    "armv7m": ("cortex_m3", "armv7m", "cortex-m3", False, None),
    "armv7em": ("cortex_m4", "armv7em", "cortex-m4", True, "fpv4-sp-d16"),
    "armv7em_soft": ("cortex_m4_soft", "armv7em", "cortex-m4", True, None),
    "armv7em_m7": ("cortex_m7", "armv7em", "cortex-m7", True, "fpv5-sp-d16"),
    "armv8m_main": ("cortex_m33", "armv8m_main", "cortex-m33", True, "fpv5-sp-d16"),
}

# The images that the core of each can execute: all of the same or an included instruction set and float ABI.
WITH_FPU = {"armv6m", "armv7m", "armv7em", "armv7em_soft", "armv7em_m7"}
EXECUTES = {
    "armv6m": {"armv6m"},
    "armv7m": {"armv6m", "armv7m"},
    "armv7em": WITH_FPU,
    "armv7em_soft": {"armv6m", "armv7m", "armv7em_soft"},
    "armv7em_m7": WITH_FPU,
    "armv8m_main": WITH_FPU | {"armv8m_main"},
}


@cache
def core_of(image):
    name, isa, cpu, dsp, fpu = CORES[image]
    if name in core_names():
        return load_core(name)
    return dataclasses.replace(load_core("cortex_m4"), id=name, isa=isa, emulated_as=cpu, dsp=dsp, fpu=fpu)


@cache
def firmware_of(image, layout):
    return load_firmware(firmware_path(image, layout))


@pytest.fixture(scope="module")
def board():
    # Bits are compared, not times: without its memory system to follow, the board runs several times as fast.
    return dataclasses.replace(mcusim.load_board("nano33ble"), memory=None)


def assert_bit_exact(layers, seed, board, image, layout=0):
    plan = lay_out(layers.model, board, core_of(image), firmware_of(image, layout))
    run = mcusim.run(plan, random_inputs(layers.model, seed))
    assert not [layer.difference for layer in run.layers if not layer.bit_exact]
    return run


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("image", CORES)
def test_layer_has_the_references_bits(image, operator, board):
    assert_bit_exact(random_layer(operator, 3), 3, board, image)


@pytest.mark.parametrize("image", CORES)
def test_link_order_changes_neither_bits_nor_instructions(image, board):
    layers = random_chain(4, 8)
    runs = [assert_bit_exact(layers, 4, board, image, layout) for layout in layouts(image)]
    assert len({run.totals.instructions for run in runs}) == 1
    for output in zip(*(run.outputs for run in runs), strict=True):
        assert len({np.ascontiguousarray(array).tobytes() for array in output}) == 1


@pytest.mark.parametrize("image", CORES)
def test_a_core_gets_its_image_and_refuses_those_it_cannot_execute(image, board):
    core = core_of(image)
    assert choose_image(core.isa, core.emulated_as, core.fpu) == image
    layers = random_chain(4, 1)
    for other in CORES:
        plan = lay_out(layers.model, board, core, firmware_of(other, 0))
        if other in EXECUTES[image]:
            assert mcusim.run(plan, random_inputs(layers.model, 4)).layers[0].bit_exact
        else:
            with pytest.raises(UnsupportedError, match=r"does not include that|has none$"):
                mcusim.run(plan, random_inputs(layers.model, 4))


# Instructions of one Invoke of TensorFlow Lite Micro with CMSIS-NN, counted for the public binaries that made the
# expected tensors (arena.csv, last column); there is none for Cortex-M3.
@pytest.mark.slow
@pytest.mark.parametrize("image, row", [("armv6m", "m0plus"), ("armv8m_main", "m33")])
@pytest.mark.parametrize("name", ["ad01_int8", "kws_ref_model", "person_detect", "pretrainedResnet_quant"])
def test_instructions_are_within_ten_percent_of_cmsis_nn(reference_data, board, name, image, row):
    model = mcusim.load(reference_data / "models" / f"{name}.tflite")
    run = mcusim.run(lay_out(model, board, core_of(image), firmware_of(image, 0)))
    with (reference_data / "models" / "arena.csv").open(newline="") as file:
        (published,) = {
            int(line["instructions_per_invoke"])
            for line in csv.DictReader(file)
            if (line["model"], line["core"], line["kernels"]) == (name, row, "cmsis")
        }
    assert not [layer.difference for layer in run.layers if not layer.bit_exact]
    assert 0.9 <= run.totals.instructions / published <= 1.1


@pytest.mark.parametrize("seeds", shared(range(2000, 2010), 2))
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("image", CORES)
def test_many_layers_have_the_references_bits(image, operator, seeds, board):
    for seed in seeds:
        assert_bit_exact(random_layer(operator, seed), seed, board, image)
