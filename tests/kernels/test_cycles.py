"""Every kernel on every instruction set takes the cycles that calls.json has of it, and reaches all public functions.

What it takes is compared at the end of each session (mcusim.toml, [pytest]): a slower kernel fails it with the loop
that grew. Once a change is meant, `pytest tests/kernels -m "" --mcu-update` writes calls.json anew.
"""

import json
from pathlib import Path

import pytest
from drawn_calls import calls_of, drawn
from emulated import CORES, core_of

from mcusim.elf import firmware_path

DRAWS = {
    path: [(name, seed) for name, seed in draws]
    for path, draws in json.loads((Path(__file__).parent / "draws.json").read_text(encoding="utf-8")).items()
}
FAST = "armv7em"  # the image whose kernels every session tries, and with several layers where there are such
SOFT = "armv7em_soft"  # has other code than that for floats only


def on(image, path):
    """A way on an image's core; most are tried apart from the fast tests."""
    elf = str(firmware_path(image)) if image == SOFT else "own"
    slow = [] if image == FAST else [pytest.mark.slow]
    return pytest.param(image, path, marks=[pytest.mark.mcu(core=CORES[image], elf=elf), *slow])


def has_floats(path):
    """Whether floats are computed with, by functions of the C library where there is no unit for them."""
    return "f32" in path or "float32" in path


@pytest.mark.parametrize(
    "image, path", [on(image, path) for image in CORES for path in DRAWS if image != SOFT or has_floats(path)]
)
def test_cycles(mcu, image, path):
    core = core_of(image)
    for name, seed in DRAWS[path] if image == FAST else DRAWS[path][:1]:
        for call in calls_of(drawn(name, seed), core):
            result = mcu.call(call.symbol, *call.arguments)
            assert result.value == 0 or not call.checks_status
