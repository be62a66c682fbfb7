"""The bytes of an .ARM.attributes section → the instruction set and float ABI that the code was built for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mcusim.debug_line import uleb128

# Addenda to the ABI for the Arm Architecture (ADDENDA32), section 3: numbers of the tags read here.
TAG_FILE = 1
TAG_CPU_RAW_NAME, TAG_CPU_NAME, TAG_CPU_ARCH, TAG_CPU_ARCH_PROFILE = 4, 5, 6, 7
TAG_FP_ARCH, TAG_ABI_VFP_ARGS, TAG_OPTIMIZATION_GOALS = 10, 28, 30
TAG_COMPATIBILITY, TAG_UNALIGNED_ACCESS, TAG_DSP_EXTENSION = 32, 34, 46

# Values of Tag_CPU_arch that are M-profile only, and the names of the firmware built for them.
ISA_OF_ARCHITECTURE: Mapping[int, str] = {
    11: "armv6m",
    12: "armv6m",
    13: "armv7em",
    16: "armv8m_base",
    17: "armv8m_main",
    21: "armv81m_main",
}
ARCHITECTURE_V7 = 10
ARCHITECTURE_V7E_M = 13
PROFILE_M = ord("M")
# Values of Tag_ABI_optimization_goals; GCC's -O0 and -Og have the last two.
GOALS: Mapping[int, Literal["speed", "size", "debugging"]] = {
    1: "speed",
    2: "speed",
    3: "size",
    4: "size",
    5: "debugging",
    6: "debugging",
}


@dataclass(frozen=True, slots=True)
class BuildAttributes:
    """`isa` as mcusim names it, None if it is no M-profile one; `float_abi` "hard": floats travel in S registers.

    `dsp` and `fpu`: whether the code may use these extensions; `unaligned`: whether it may access words at any
    address; `goal`: what the compiler optimized for, None where that is not said.
    """

    isa: str | None
    float_abi: Literal["soft", "hard"]
    dsp: bool = False
    fpu: bool = False
    unaligned: bool = False
    goal: Literal["speed", "size", "debugging"] | None = None


def parse_build_attributes(content: bytes) -> BuildAttributes:
    """Read the file-scope attributes of the "aeabi" vendor. Raises ValueError where the bytes are cut short."""
    values = _file_attributes(content)
    architecture = values.get(TAG_CPU_ARCH, 0)
    isa = ISA_OF_ARCHITECTURE.get(architecture)
    if architecture == ARCHITECTURE_V7 and values.get(TAG_CPU_ARCH_PROFILE) == PROFILE_M:
        isa = "armv7m"
    return BuildAttributes(
        isa,
        "hard" if values.get(TAG_ABI_VFP_ARGS) == 1 else "soft",
        dsp=architecture == ARCHITECTURE_V7E_M or values.get(TAG_DSP_EXTENSION, 0) == 1,
        fpu=values.get(TAG_FP_ARCH, 0) != 0,
        unaligned=values.get(TAG_UNALIGNED_ACCESS, 0) == 1,
        goal=GOALS.get(values.get(TAG_OPTIMIZATION_GOALS, 0)),
    )


def _file_attributes(content: bytes) -> dict[int, int]:
    if content[:1] != b"A":
        raise ValueError("build attributes of an unknown version")
    at = 1
    values: dict[int, int] = {}
    while at < len(content):
        end = _end(content, at, at)
        vendor_end = content.find(b"\0", at + 4, end)
        if content[at + 4 : vendor_end] == b"aeabi":
            values.update(_vendor(content[vendor_end + 1 : end]))
        at = end
    return values


def _vendor(content: bytes) -> dict[int, int]:
    """Integer attributes of the file-scope parts of one vendor's subsection."""
    at = 0
    values: dict[int, int] = {}
    while at < len(content):
        scope, size_at = uleb128(content, at)
        end = _end(content, size_at, at)
        if scope == TAG_FILE:
            values.update(_integers(content[size_at + 4 : end]))
        at = end
    return values


def _integers(content: bytes) -> dict[int, int]:
    """Tags and values; strings are skipped (odd tags above 32, and the names)."""
    at = 0
    values: dict[int, int] = {}
    while at < len(content):
        tag, at = uleb128(content, at)
        is_text = tag in (TAG_CPU_RAW_NAME, TAG_CPU_NAME) or (tag > TAG_COMPATIBILITY and tag % 2 == 1)
        if not is_text:
            values[tag], at = uleb128(content, at)
        if is_text or tag == TAG_COMPATIBILITY:
            at = content.index(b"\0", at) + 1
    return values


def _end(content: bytes, size_at: int, start: int) -> int:
    """End of a part that starts at `start` and states its size at `size_at`."""
    size = int.from_bytes(content[size_at : size_at + 4], "little")
    if size < size_at + 4 - start or start + size > len(content):
        raise ValueError("build attributes are cut short")
    return start + size
