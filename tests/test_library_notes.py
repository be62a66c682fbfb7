"""What the linter says of how kernels were built, and when it says nothing."""

import dataclasses

import pytest

from mcusim.build_attributes import BuildAttributes
from mcusim.debug_line import DebugLine
from mcusim.elf import Part, choose_image, firmware_path, load_firmware
from mcusim.hardware import core_names, load_core
from mcusim.library_notes import library_notes

M4 = load_core("cortex_m4")
GOOD = BuildAttributes("armv7em", "hard", dsp=True, fpu=True, unaligned=True, goal="speed")


def notes(attributes=GOOD, *producers, core=M4):
    return library_notes(Part("lib.a", 0, 0, 0, attributes, producers, True, DebugLine(b"", b"")), core)


def test_nothing_to_say():
    assert notes() == notes(GOOD, "GNU C11 12.2 -mthumb -O3", "GNU C11 12.2 -O2 -Os -Ofast") == ()
    assert notes(GOOD, "clang version 18.1.3") == ()


@pytest.mark.parametrize("name", core_names())
def test_the_projects_own_kernels_are_well_built(name):
    core = load_core(name)
    if core.not_simulated is None:
        (part,) = load_firmware(firmware_path(choose_image(core.isa, core.emulated_as, core.fpu))).parts
        assert library_notes(part, core) == ()


@pytest.mark.parametrize(
    "change, words",
    [
        ({"isa": "armv7m", "dsp": False}, "is built for armv7m without the DSP extension that Cortex-M4 has"),
        ({"fpu": False, "float_abi": "soft"}, "computes floats in software"),
        ({"unaligned": False}, "-mno-unaligned-access"),
        ({"goal": "size"}, "is optimized for size (-Os)"),
        ({"goal": "debugging"}, "is optimized for debugging (-O0 or -Og)"),
    ],
)
def test_build_attributes(change, words):
    (note,) = notes(dataclasses.replace(GOOD, **change))
    assert note.startswith("lib.a ") and words in note


def test_softfp_computes_in_hardware():
    assert notes(dataclasses.replace(GOOD, float_abi="soft")) == ()


def test_a_core_without_extensions_misses_none():
    core = dataclasses.replace(M4, dsp=False, fpu=None)
    assert notes(BuildAttributes("armv6m", "soft", goal="speed"), core=core) == ()


@pytest.mark.parametrize(
    "flags, words",
    [
        ("-O2 -Os", "is optimized for size: loops are not unrolled, small functions not inlined (-Os)"),
        ("-O0", "is optimized not at all"),
        ("-O1", "is optimized little"),
        ("-Og", "is optimized for debugging (-Og)"),
        ("-O3 -fno-builtin", "is built with -fno-builtin"),
    ],
)
def test_flags(flags, words):
    (note,) = notes(GOOD, f"GNU C11 12.2 -mthumb {flags}")
    assert note.startswith("lib.a ") and words in note


def test_flags_count_by_unit_and_before_the_attributes():
    small, fast = "GNU C11 -Os", "GNU C11 -O3"
    (note,) = notes(dataclasses.replace(GOOD, goal="size"), small, fast, small)
    assert note.startswith("2 of 3 units of lib.a are optimized for size")
    assert notes(dataclasses.replace(GOOD, goal="size"), fast) == ()
