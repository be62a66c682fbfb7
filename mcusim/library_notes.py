"""What kernels were built for and with which flags → sentences on what keeps them from being fast on a core."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mcusim.hardware import Core
from mcusim.kernel_image import Part

# Options of a compiler that cost kernels much, as they stand in DW_AT_producer, and what each does.
SLOW_LEVELS = {
    "-Os": "for size: loops are not unrolled, small functions not inlined",
    "-Oz": "for size alone: loops are not unrolled, small functions not inlined",
    "-Og": "for debugging",
    "-O0": "not at all: every value goes through memory",
    "-O1": "little",
}
FEW_UNITS = 0.05  # a smaller share of units has flags of its own because somebody chose them
NO_BUILTIN = "-fno-builtin"
BYTEWISE = ("armv6m", "armv8m_base")  # instruction sets without unaligned accesses


def library_notes(part: Part, core: Core) -> tuple[str, ...]:
    """Sentences for a report, none where nothing stands out.

    Of a part without debug information only what its build attributes say.
    """
    notes = [_dsp(part, core), _floats(part, core), _unaligned(part), _level(part), _no_builtin(part)]
    return tuple(note for note in notes if note)


def _dsp(part: Part, core: Core) -> str | None:
    if not core.dsp or part.attributes.dsp:
        return None
    return (
        f"{part.name} is built for {part.attributes.isa} without the DSP extension that {core.name} has: build it with "
        f"-mcpu={core.id.replace('_', '-')}, and CMSIS-NN multiplies two pairs at a time."
    )


def _floats(part: Part, core: Core) -> str | None:
    if core.fpu is None or part.attributes.fpu:
        return None
    return (
        f"{part.name} computes floats in software, and {core.name} has a floating-point unit: build it with "
        f"-mfpu={core.fpu} -mfloat-abi=hard, as all that it is linked with."
    )


def _unaligned(part: Part) -> str | None:
    if part.attributes.unaligned or part.attributes.isa in BYTEWISE:
        return None
    return (
        f"{part.name} is built with -mno-unaligned-access: every word of weights and inputs is read byte by byte where "
        "the compiler cannot tell that it is aligned."
    )


def _level(part: Part) -> str | None:
    levels = [level for flags in _flags(part) if (level := _last(flags, lambda one: one.startswith("-O")))]
    if not levels:
        goal = part.attributes.goal
        aim = {"size": "for size (-Os)", "debugging": "for debugging (-O0 or -Og)"}.get(goal or "")
        return f"{part.name} is optimized {aim}: CMSIS-NN's kernels are meant to be built with -O3." if aim else None
    slow = [level for level in levels if level in SLOW_LEVELS]
    if len(slow) <= FEW_UNITS * len(levels):
        return None
    worst = max(set(slow), key=lambda level: (slow.count(level), level))
    return (
        f"{_share(part, len(slow), len(levels))} optimized {SLOW_LEVELS[worst]} ({worst}); CMSIS-NN's kernels are "
        "meant to be built with -O3."
    )


def _no_builtin(part: Part) -> str | None:
    given = _flags(part)
    without = [flags for flags in given if NO_BUILTIN in flags]
    if not without:
        return None
    return (
        f"{_share(part, len(without), len(given))} built with {NO_BUILTIN}: every read of a word through memcpy is a "
        "call, which can make kernels several times slower."
    )


def _flags(part: Part) -> list[list[str]]:
    """The flags of each unit whose compiler tells them."""
    return [words[1:] for producer in part.producers if len(words := producer.split()) > 1 and " -" in producer]


def _last(words: Sequence[str], wanted: Callable[[str], bool]) -> str | None:
    """Of several options of a kind the last counts."""
    return next((word for word in reversed(words) if wanted(word)), None)


def _share(part: Part, count: int, total: int) -> str:
    return f"{part.name} is" if count == total else f"{count} of {total} units of {part.name} are"
