"""Estimates against emulation, layer by layer, over the project's models and the public ones."""

import os
import statistics
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcusim.estimate import estimate
from mcusim.hardware import load_board
from mcusim.inference import Machine
from mcusim.plan import plan
from mcusim.run_inputs import pseudo_random_inputs
from mcusim.tflite import load

OWN = Path(__file__).parents[2] / "models"
# One board of every core and memory system.
BOARDS = (
    "arduino_zero",  # Cortex-M0+, a buffer of lines
    "nucleo_g0b1re",  # Cortex-M0+, taken branches wait
    "pico",  # Cortex-M0+, external flash behind a cache
    "stm32f0_disco",  # Cortex-M0, taken branches wait
    "bluepill_f103",  # Cortex-M3, lines read ahead
    "sparkfun_edge",  # Cortex-M4, no waiting
    "nano33ble",  # Cortex-M4, a small cache of instructions
    "feather_m4",  # Cortex-M4, a cache of instructions and data
    "nucleo_f446re",  # Cortex-M4, ART with prefetch
    "nucleo_l4r5zi",  # Cortex-M4 with rules of its own, ART of long lines
    "nucleo_u575zi_q",  # Cortex-M33, a cache that reads ahead
    "ek_ra6m4",  # Cortex-M33, a small cache
    "pico2",  # Cortex-M33, external flash behind a cache
    "stm32f746g_disco",  # Cortex-M7, arena in tightly coupled memory
    "nucleo_h743zi",  # Cortex-M7, arena behind the data cache
    "teensy41",  # Cortex-M7, code in external flash
)
MEDIAN, WORST = 0.02, 0.1


# What no rule covers yet, and the percent by which it is off at most.
POOL, PUBLIC_POOL = "vww_mobilenet_v1_025 27 AVERAGE_POOL_2D", "person_detect 27 AVERAGE_POOL_2D"
BEYOND = {
    # Division is done by software, whose time depends on the values.
    "arduino_zero": {POOL: 11, PUBLIC_POOL: 11},
    "nucleo_g0b1re": {POOL: 11, PUBLIC_POOL: 11},
    "stm32f0_disco": {PUBLIC_POOL: 11},
    # Two bytes behind a layer that leaves part of the code: 17 cycles.
    "nucleo_f446re": {"person_detect 29 RESHAPE": 19},
    # Weights about as large as the cache that code shares: which sets they fill decides. Weights in steps of 64 bytes.
    "pico2": {
        "ic_resnet8 10 CONV_2D": 11,
        "pretrainedResnet_quant 5 CONV_2D": 12,
        "pretrainedResnet_quant 10 CONV_2D": 11,
        "trained_lstm_int8 1 RESHAPE": 35,
        "transpose_conv0 0 TRANSPOSE_CONV": 20,
    },
    # Branches of a few elements that are not predicted yet, and code that values let run or not.
    "stm32f746g_disco": {
        "keyword_scrambled_8bit 14 QUANTIZE": 16,
        "kws_ref_model 10 RESHAPE": 11,
        "pad0 0 PAD": 14,
    },
    "nucleo_h743zi": {
        "conv21 0 CONV_2D": 11,
        "keyword_scrambled_8bit 13 SOFTMAX": 13,
        "pad0 0 PAD": 14,
        "person_detect 29 RESHAPE": 11,
    },
    "teensy41": {
        "digits_cnn 4 RESHAPE": 11,
        "kws_ref_model 10 RESHAPE": 11,
        "pad0 0 PAD": 14,
        "transpose_conv0 0 TRANSPOSE_CONV": 22,
    },
}


@dataclass(frozen=True)
class Error:
    """Of a layer: of the middle, and how far the cycles lie outside the range from the least to the most."""

    middle: float
    outside: float
    layer: str
    words: str


def models():
    shared = os.environ.get("MCUSIM_REFERENCE_DATA")
    if not shared:
        pytest.skip("MCUSIM_REFERENCE_DATA is not set: the public models are not here")
    return sorted(OWN.glob("*.tflite")) + sorted((Path(shared) / "models").glob("*.tflite"))


def error(layer, name, cycles):
    if not cycles:
        return Error(layer.cycles, layer.cycles, name, f"{layer.cycles} for none")
    outside = max(layer.least_cycles / cycles - 1, 1 - layer.most_cycles / cycles, 0)
    middle = abs(layer.cycles / cycles - 1)
    return Error(middle, outside, name, f"{layer.least_cycles} to {layer.most_cycles} for {cycles}, {outside:.1%}")


def errors(name, paths):
    """Those of all layers of models that have a formula, on one board."""
    board, found = load_board(name), []
    for path in paths:
        model = load(path)
        machine = Machine.start(plan(model, board), pseudo_random_inputs(model))
        for op, layer in zip(model.ops, estimate(model, board).layers, strict=True):
            cycles = machine.cycles(op)[0]
            if layer.cycles is not None:
                found.append(error(layer, f"{path.stem} {op.index} {op.name}", cycles))
    return found


def shares():
    """Every fourth model for each board, another fourth for each: all models, all boards; the rest is exhaustive."""
    for number, name in enumerate(BOARDS):
        yield pytest.param(name, (number % 4,), marks=pytest.mark.slow, id=name)
        rest = tuple(share for share in range(4) if share != number % 4)
        yield pytest.param(name, rest, marks=pytest.mark.exhaustive, id=f"{name}-rest")


@pytest.mark.parametrize("name, parts", list(shares()))
def test_estimates_of_the_models(name, parts):
    """Median error at most 2 %; no layer off by more than 10 %, but where values decide how much is computed.

    There, cycles within the range of the estimate are right, and the median counts how far they are from its middle.
    """
    found = errors(name, [path for part in parts for path in models()[part::4]])
    assert statistics.median(one.middle for one in found) <= MEDIAN
    known = BEYOND.get(name, {})
    beyond = [one for one in found if one.outside > known.get(one.layer, 100 * WORST) / 100]
    assert not beyond, "\n".join(f"{one.layer}: {one.words}" for one in beyond)
