"""Runs of bytes that a kernel copies or fills by memcpy and memset → how often each loop of these functions runs."""

from __future__ import annotations

from dataclasses import dataclass

from mcusim.cost import Counts, Target

ALIGNMENT = 8  # as far as addresses decide which code runs
LONG = 16  # from so many bytes on both functions take 16 at a time
SHORT_BYTEWISE = 6  # up to so many bytes ARMv6-M's code takes them one by one, whatever their address
ARMV6M_PAIRED = 32, 48  # from so many aligned bytes on its memcpy and memset take a loop of their own
EXTRA_ACCESSES = (0, 2, 1, 2)  # of a word that is loaded from an address modulo 4


@dataclass(frozen=True, slots=True)
class Places:
    """Where runs begin: the first so many bytes behind a multiple of 16, the others each a step further."""

    offset: int
    step: int


ALIGNED = Places(0, 0)


def copies(name: str, times: float, size: int, source: Places, destination: Places, target: Target) -> Counts:
    """memcpy so often of `size` bytes, as kernels/Source/NNSupportFunctions/memcpy.c is compiled.

    With loads of words at any address all but the last bytes go by words; without, only between multiples of 4.
    """
    if times == 0:
        return {}
    if size == 0:
        return {f"{name}_empty": times}
    if target.unaligned:
        counts = _by_words(name, times, size)
        extra = _mean([EXTRA_ACCESSES[at % 4] for at in _addresses(times, source)])
        return counts | {f"{name}_extra_accesses": times * extra * (size // 4)}
    pairs = list(zip(_addresses(times, source), _addresses(times, destination), strict=True))
    words, paired = (_mean([(one | other) % by == 0 for one, other in pairs]) for by in (4, ALIGNMENT))
    if size >= LONG:
        counts = _long(name, times, size, words, paired if size >= ARMV6M_PAIRED[0] else 0.0)
        return counts | {f"{name}_bytes": times * (words * (size % 4) + (1 - words) * size)}
    if size <= SHORT_BYTEWISE:
        return {f"{name}_few": times, f"{name}_bytes": times * size}
    return {
        f"{name}_short": times,
        f"{name}_bytes": times * (1 - words) * size,
        f"{name}_short_aligned": times * words,
        f"{name}_short_words": times * words * (size // 4),
        f"{name}_short_rest": times * words * (size % 4),
    }


def fills(name: str, times: float, size: int, destination: Places, target: Target) -> Counts:
    """memset so often of `size` bytes, as kernels/Source/NNSupportFunctions/memset.c is compiled."""
    if times == 0:
        return {}
    if size == 0:
        return {f"{name}_empty": times}
    if target.unaligned:
        return _by_words(name, times, size)
    at = _addresses(times, destination)
    if size < LONG:
        return {f"{name}_short": times} | _rest_of_fill(name, times, size, _mean([-one % 4 for one in at]))
    words, paired = (_mean([one % by == 0 for one in at]) for by in (4, ALIGNMENT))
    counts = _long(name, times, size, words, paired if size >= ARMV6M_PAIRED[1] else 0.0)
    rest, lead = _rest_of_fill(name, times * words, size % LONG, 0.0), _mean([-one % 4 for one in at if one % 4])
    return add(counts, rest, _rest_of_fill(name, times * (1 - words), size, lead))


def add(*parts: Counts) -> Counts:
    """The sum of counts."""
    return {name: sum(part.get(name, 0.0) for part in parts) for part in parts for name in part}


def _by_words(name: str, times: float, size: int) -> Counts:
    """16 bytes at a time, then up to three words, then up to three bytes."""
    kind = "long" if size >= LONG else "short" if size >= 4 else "few"
    words, rest = size % LONG // 4, size % 4
    return {
        f"{name}_{kind}": times,
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


def _rest_of_fill(name: str, times: float, size: int, lead: float) -> Counts:
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


def _addresses(times: float, places: Places) -> list[int]:
    """Addresses modulo 8 of the first runs, until they repeat."""
    return [(places.offset + run * places.step) % ALIGNMENT for run in range(max(1, min(int(times), ALIGNMENT)))]


def _mean(values: list[int] | list[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
