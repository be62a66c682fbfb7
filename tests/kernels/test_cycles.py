"""Every kernel on every instruction set takes the cycles that calls.json has of it, and reaches all public functions.

What it takes is compared at the end of each session (mcusim.toml, [pytest]): a slower kernel fails it with the loop
that grew. Once a change is meant, `pytest tests/kernels -m "" --mcu-update` writes calls.json anew.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from drawn_calls import calls_of, drawn
from emulated import CORES, core_of
from kernel_sources import KERNELS

from mcusim.elf import firmware_path
from mcusim.ops import OPERATORS
from mcusim.saved_calls import labelled, load_calls

FOLDER = Path(__file__).parent
DRAWS = json.loads((FOLDER / "draws.json").read_text(encoding="utf-8"))
FAST = "armv7em"  # the image whose kernels every session tries, and with several layers where there are such
BROADCASTING = " broadcasting"
SOFT = "armv7em_soft"  # has other code than that for floats only


def on(image, path):
    """A way on an image's core; most are tried apart from the fast tests."""
    elf = str(firmware_path(image)) if image == SOFT else "own"
    slow = [] if image == FAST else [pytest.mark.slow]
    return pytest.param(image, path, marks=[pytest.mark.mcu(core=CORES[image], elf=elf), *slow])


def has_floats(path):
    """Whether floats are computed with, by functions of the C library where there is no unit for them."""
    return "f32" in path or "float32" in path


def is_tried(image, path):
    """Whether an image's way is tried: not that of operands of two shapes where others are, but on the fast one."""
    if image == SOFT:
        return has_floats(path)
    return image == FAST or not path.endswith(BROADCASTING) or path.removesuffix(BROADCASTING) not in DRAWS


@pytest.mark.parametrize("image, path", [on(image, path) for image in CORES for path in DRAWS if is_tried(image, path)])
def test_cycles(mcu, image, path):
    core = core_of(image)
    for name, seed in DRAWS[path] if image == FAST else DRAWS[path][:1]:
        for call in calls_of(drawn(name, seed), core):
            result = mcu.call(call.symbol, *call.arguments)
            assert result.value == 0 or not call.checks_status


# Public functions without a call of their own, and why.
NOT_CALLED = {
    "arm_convolve_1_x_n_s4": "checks the shape, then is arm_convolve_s4",
    "arm_convolve_1_x_n_s8": "checks the shape, then is arm_convolve_s8",
    "arm_depthwise_conv_fast_s16": "no operator calls it",
    "arm_depthwise_conv_wrapper_s16": "no operator calls it",
    "arm_fully_connected_wrapper_s8": "arm_fully_connected_s8 and arm_fully_connected_per_channel_s8 are little else",
    "arm_nn_activation_s16": "no operator calls it",
    "arm_relu6_s8": "no operator calls it",
    "arm_relu_q15": "no operator calls it",
    "arm_relu_q7": "no operator calls it",
    "mcusim_requantize_each_s32": "only tests call it",
    "mcusim_requantize_each_s64": "only tests call it",
}
PUBLIC = re.compile(r"\b((?:arm|mcusim)_\w+)\s*\(")


@pytest.fixture(scope="module")
def saved():
    """The functions that calls.json has by image: those called, and those that ways are named after."""
    found = defaultdict(set)
    for one in labelled(load_calls(FOLDER / "calls.json")):
        image, _, path = one.test.partition("[")[2].removesuffix("]").partition("-")
        found[image] |= {one.call.function, path.partition(" ")[0]}
    return found


@pytest.mark.parametrize("image", CORES)
def test_every_kernel_has_a_budget(saved, image):
    called = {symbol for operator in OPERATORS.values() for symbol in operator.KERNELS}
    needed = {symbol for symbol in called if image != SOFT or has_floats(symbol)}
    assert needed <= saved[image], (
        f"draw a layer that calls {sorted(needed - saved[image])}: tests/kernels/choose_draws.py"
    )


def test_every_public_function_has_a_budget_or_a_reason(saved):
    headers = [KERNELS / "Include" / name for name in ("arm_nnfunctions.h", "mcusim_functions.h")]
    public = {name for path in headers for name in PUBLIC.findall(path.read_text(encoding="utf-8"))}
    kernels = {name for name in public if not name.endswith("_buffer_size")}
    assert kernels - saved[FAST] == set(NOT_CALLED)
