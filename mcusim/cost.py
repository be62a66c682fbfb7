"""Loop counts of a kernel: what its cycles are a linear form of, and the pieces that many kernels count alike."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mcusim.model import Model, Op
from mcusim.sketch import Sketch

Counts = dict[str, float]

CALL = "calls"  # the count that every kernel has: the layer itself


@dataclass(frozen=True, slots=True)
class Target:
    """What of a core decides which code of a kernel runs: the DSP extension, and loads of words at any address."""

    dsp: bool
    unaligned: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes that a kernel reads from end to end `passes` times, `between` other bytes in each pass.

    `constant`: they lie where the model lies, `offset` bytes into its file, else in the arena. `repeats`: so many
    pieces of the size follow each other, each with passes of its own. `step`: only one element every so many bytes is
    read in a pass, and the next one after it in the next.
    """

    bytes: int
    passes: float
    between: int
    constant: bool
    offset: int = 0
    repeats: float = 1
    step: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """A layer as its kernel walks it: how often each loop runs, by a name of the loop, and what streams through.

    `spread` has the least and the most of counts that depend on the values; `counts` has what is likely.
    """

    kernel: str
    counts: Mapping[str, float]
    streams: tuple[Stream, ...] = ()
    spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Costing:
    """How an operator's layers are counted, how one is drawn at random for a fit, and how many a fit takes.

    `count` raises BadModelError as the operator's own functions do, UnsupportedError for a kernel that is not counted.
    """

    count: Callable[[Model, Op, Target], Cost]
    draw: Callable[[Sketch, np.random.Generator], None]
    samples: int


def misaligned(step: int) -> float:
    """The share of addresses that are no multiple of 4 among multiples of a step, from a multiple of 4 on."""
    return (0.0, 0.75, 0.5, 0.75)[step % 4]


def misaligned_rows(rows: int, step: int, in_pairs: bool = False) -> int:
    """How many of so many rows, `step` bytes apart from a multiple of 4 on, begin elsewhere.

    With `in_pairs` an odd last row counts twice, as kernels pair it with itself.
    """
    period = (1, 4, 2, 4)[step % 4]
    found = rows - -(-rows // period)
    return found + (in_pairs and rows % 2 == 1 and (rows - 1) * step % 4 != 0)


def words(name: str, times: float, size: int, misaligned_runs: float, target: Target) -> Counts:
    """A loop over `size` bytes that runs so often: by words with a rest with DSP instructions, else by bytes.

    `misaligned_runs`: of how many runs the words of one operand begin at no multiple of 4.
    """
    if not target.dsp:
        return {f"{name}_elements": times * size}
    return {
        f"{name}_words": times * (size // 4),
        f"{name}_has_words": times * (size >= 4),
        f"{name}_rest": times * (size % 4),
        f"{name}_has_rest": times * (size % 4 > 0),
        f"{name}_misaligned": misaligned_runs * (size // 4),
    }


def fill(name: str, times: float, size: int, aligned: float, target: Target) -> Counts:
    """memset so often of `size` bytes, a share of them at a multiple of 4: by 16 bytes, then byte by byte."""
    share = 1.0 if target.unaligned else aligned
    left = share * (size % 16) + (1 - share) * size
    return {
        name: times,
        f"{name}_16": times * share * (size // 16),
        f"{name}_has_16": times * share * (size >= 16),
        f"{name}_bytes": times * left,
        f"{name}_has_bytes": times * (left > 0),
        f"{name}_misaligned": times * (share - aligned) * (size // 16),
    }


def copy(name: str, times: float, size: int, aligned: float, target: Target) -> Counts:
    """memcpy so often of `size` bytes: from 16 bytes on by 16 bytes and words, then byte by byte.

    `aligned`: the share of copies whose addresses are both multiples of 4.
    """
    share = (1.0 if target.unaligned else aligned) if size >= 16 else 0.0
    left = share * (size % 4) + (1 - share) * size
    return {
        name: times,
        f"{name}_16": times * share * (size // 16),
        f"{name}_has_16": times * share,
        f"{name}_words": times * share * (size % 16 // 4),
        f"{name}_bytes": times * left,
        f"{name}_has_bytes": times * (left > 0),
        f"{name}_misaligned": times * max(0.0, share - aligned) * (size // 4),
    }


@functools.lru_cache(maxsize=4096)
def positions_inside(
    output: int, stride: int, pad: int, size: int, filter_size: int, dilation: int, upscale: int = 1
) -> int:
    """How many positions of a window lie inside the input along one axis, over all outputs.

    With an `upscale` of 2 there is a position that counts as outside behind each of the input's.
    """
    starts = np.arange(output)[:, None] * stride - pad + np.arange(filter_size)[None, :] * dilation
    return int(((starts >= 0) & (starts < size * upscale) & (starts % upscale == 0)).sum())


@functools.lru_cache(maxsize=4096)
def reached(output: int, stride: int, pad: int, size: int, filter_size: int, dilation: int) -> int:
    """How many outputs along one axis have a window of which a position lies inside the input."""
    starts = np.arange(output)[:, None] * stride - pad + np.arange(filter_size)[None, :] * dilation
    return int(((starts >= 0) & (starts < size)).any(axis=1).sum())
