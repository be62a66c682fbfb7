"""Runs of bytes that a kernel copies or fills → how often each loop of memcpy and memset, or of its own, runs."""

from __future__ import annotations

import functools
import math

from mcusim.cost import Counts, Target

ALIGNMENT = 8  # as far as addresses decide which code runs
LONG = 16  # from so many bytes on both functions take 16 at a time
SHORT_BYTEWISE = 6  # up to so many bytes ARMv6-M's code takes them one by one, whatever their address
ARMV6M_PAIRED = 32, 48  # from so many aligned bytes on its memcpy and memset take a loop of their own
FEW_ELEMENTS = 6  # up to so many the compiler's loops take elements one by one
ELEMENTS_AT_ONCE = 4
EXTRA_ACCESSES = (0, 2, 1, 2)  # of a word that is loaded from an address modulo 4


Loops = tuple[tuple[int, ...], ...]  # outer first: how often each runs, and the steps of the addresses in it
Runs = tuple[tuple[tuple[int, ...], float], ...]  # addresses modulo 8, and the share of runs that have them


def copies(name: str, size: int, loops: Loops, offsets: tuple[int, int], target: Target) -> Counts:
    """memcpy of `size` bytes in nested loops, from addresses and to addresses with such offsets and steps."""
    return copies_between(name, math.prod(loop[0] for loop in loops), size, addresses(offsets, loops), target)


def copies_between(name: str, times: float, size: int, runs: Runs, target: Target) -> Counts:
    """memcpy so often of `size` bytes, as kernels/Source/NNSupportFunctions/memcpy.c is compiled.

    With loads of words at any address all but the last bytes go by words; without, only between multiples of 4.
    """
    if times == 0 or size == 0:
        return {f"{name}_empty": times}
    each = {name: times}
    if target.unaligned:
        extra = sum(EXTRA_ACCESSES[source % 4] * share for (source, _), share in runs)
        return each | _by_words(name, times, size) | {f"{name}_extra_accesses": times * extra * (size // 4)}
    words, paired = (sum(share for (one, other), share in runs if (one | other) % by == 0) for by in (4, ALIGNMENT))
    if size >= LONG:
        counts = _long(name, times, size, words, paired if size >= ARMV6M_PAIRED[0] else 0.0)
        return each | counts | {f"{name}_bytes": times * (words * (size % 4) + (1 - words) * size)}
    if size <= SHORT_BYTEWISE:
        return each | {f"{name}_bytes": times * size}
    return each | {
        f"{name}_bytes": times * (1 - words) * size,
        f"{name}_short_aligned": times * words,
        f"{name}_short_words": times * words * (size // 4),
        f"{name}_short_rest": times * words * (size % 4),
    }


def fills(name: str, size: int, loops: Loops, offset: int, target: Target) -> Counts:
    """memset of `size` bytes in nested loops, as kernels/Source/NNSupportFunctions/memset.c is compiled."""
    times = math.prod(loop[0] for loop in loops)
    if times == 0 or size == 0:
        return {f"{name}_empty": times}
    each = {name: float(times)}
    if target.unaligned:
        return each | _by_words(name, times, size)
    parts = [each]
    for (at,), share in addresses((offset,), loops):
        lead = -at % 4
        if lead or size < LONG:
            parts.append(_rest_of_fill(name, times * share, size, lead))
            continue
        paired = float(at == 0 and size >= ARMV6M_PAIRED[1])
        parts.append(_long(name, times * share, size, 1.0, paired))
        parts.append(_rest_of_fill(name, times * share, size % LONG, 0))
    return add(*parts)


@functools.lru_cache(maxsize=4096)
def addresses(offsets: tuple[int, ...], loops: Loops) -> Runs:
    """Where the runs of nested loops begin, modulo 8: each of some addresses with its offset and its steps."""
    found = {tuple(offset % ALIGNMENT for offset in offsets): 1.0}
    for times, *steps in loops:
        period = 1 if all(step % ALIGNMENT == 0 for step in steps) else ALIGNMENT
        reached: dict[tuple[int, ...], float] = {}
        for turn in range(min(times, period)):
            share = len(range(turn, times, period)) / times
            for places, before in found.items():
                moved = tuple((at + turn * step) % ALIGNMENT for at, step in zip(places, steps, strict=True))
                reached[moved] = reached.get(moved, 0.0) + share * before
        found = reached
    return tuple(found.items())


def looped(name: str, times: float, size: int) -> Counts:
    """A loop over so many elements, so often, which the compiler may have made one over several elements at once.

    Those that are taken one by one all the same, being few or behind the others, count a second time.
    """
    elements = {f"{name}_elements": times * size}
    if size <= FEW_ELEMENTS:
        return elements | {f"{name}_few": times * size}
    rest = size % ELEMENTS_AT_ONCE
    return elements | {
        f"{name}_rest": times * rest,
        f"{name}_has_rest": times * (rest > 0),
        f"{name}_many": times,
    }


def add(*parts: Counts) -> Counts:
    """The sum of counts."""
    return {name: sum(part.get(name, 0.0) for part in parts) for part in parts for name in part}


def _by_words(name: str, times: float, size: int) -> Counts:
    """16 bytes at a time, then up to three words, then up to three bytes."""
    words, rest = size % LONG // 4, size % 4
    return {
        f"{name}_long": times * (size >= LONG),
        f"{name}_few": times * (size < 4),
        f"{name}_16": times * (size // LONG),
        f"{name}_words": times * words,
        f"{name}_has_words": times * (words > 0),
        f"{name}_rest": times * rest,
        f"{name}_has_rest": times * (rest > 0),
    }


def _long(name: str, times: float, size: int, words: float, paired: float) -> Counts:
    """Those parts of a long run that go by words: `words` is the share of runs, `paired` that of the other loop."""
    steps = size // LONG
    return {
        f"{name}_long": times,
        f"{name}_long_aligned": times * words,
        f"{name}_16": times * (words - paired) * steps,
        f"{name}_paired_16": times * paired * steps,
        f"{name}_words": times * words * (size % LONG // 4),
        f"{name}_has_rest": times * words * (size % LONG > 0),
    }


def _rest_of_fill(name: str, times: float, size: int, lead: int) -> Counts:
    """What memset does byte by byte, or by words from a multiple of 4 on, `lead` bytes further."""
    if size <= SHORT_BYTEWISE:
        return {f"{name}_few": times * (size > 0), f"{name}_bytes": times * size}
    whole = (size - lead) // 4
    return {
        f"{name}_rest": times,
        f"{name}_lead": times * lead,
        f"{name}_rest_words": times * whole,
        f"{name}_bytes": times * (size - lead - 4 * whole),
    }
