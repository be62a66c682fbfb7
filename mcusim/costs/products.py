"""Products of matrices: sizes and a target → how often the kernels' loops over rows, words and weights run."""

from __future__ import annotations

import functools

import numpy as np

from mcusim.cost import CALL, Cost, Counts, Stream, Target, misaligned_rows, words

# Products of int16 and int8 that kernels sum in 32 bits at a time, where sums have 64: ARM_NN_SHORT_DEPTH of
# arm_nn_dot_rows.h, DEPTH_OF_32_BITS of mcusim_nn_mat_mult_kernel_s16.c.
SHORT_DEPTH = 508


def pairs(count: int) -> int:
    """Two at a time, an odd last one with itself."""
    return (count + 1) // 2


def matrix(
    kernel: str, calls: int, rows: int, depth: int, channels: int, target: Target, offset: int, step: int = 0
) -> Cost:
    """Two rows by two channels at a time; a single row is another kernel. `step`: from row to row, `depth` or more."""
    if rows == 1:
        return vector("arm_convolve_1x1_s8 of single rows", calls, depth, channels, target)
    channel_pairs, tiles = calls * pairs(channels), calls * pairs(channels) * pairs(rows)
    counts: Counts = {CALL: 1, "matrices": calls, "channel_pairs": channel_pairs, "tiles": tiles}
    runs = pairs(rows) * misaligned_rows(channels, depth, True)
    runs += pairs(channels) * misaligned_rows(rows, step or depth, True)
    counts |= words("product", tiles, depth, calls * runs, target)
    if not target.dsp:
        counts["constant_part_elements"] = channel_pairs * depth
    weights = Stream(2 * depth, pairs(rows), 2 * depth, constant=True, offset=offset, repeats=calls * pairs(channels))
    # Every pair of channels passes all values, and writes two bytes of each row of outputs.
    values = Stream(rows * depth, channel_pairs, 2 * depth + rows * channels, constant=False)
    outputs = Stream(rows * channels, channel_pairs, 2 * depth + rows * depth, constant=False)
    return Cost(kernel, counts, (weights, values, outputs))


def vector(kernel: str, calls: int, depth: int, channels: int, target: Target) -> Cost:
    """One row by two channels at a time with DSP instructions, else by three."""
    counts: Counts = {CALL: 1, "rows": calls} | vector_counts(calls, depth, channels, target)
    return Cost(kernel, counts, (Stream(channels * (depth + 4), calls, depth, constant=True),))


def vector_counts(calls: int, depth: int, channels: int, target: Target) -> Counts:
    """Loops of so many rows, `depth` bytes apart, by the rows of a matrix."""
    if target.dsp:
        runs = calls * misaligned_rows(channels, depth, True) + pairs(channels) * misaligned_rows(calls, depth)
        found: Counts = {"channel_pairs": calls * pairs(channels)}
        return found | words("product", calls * pairs(channels), depth, runs, target)
    return by_threes(calls, depth, channels)


def by_threes(calls: int, depth: int, channels: int) -> Counts:
    """Three channels at a time, then those left over."""
    counts: Counts = {}
    for name, times in (("triples", calls * (channels // 3)), ("singles", calls * (channels % 3))):
        counts |= {name: times, f"{name}_elements": times * depth}
    return counts


@functools.lru_cache(maxsize=4096)
def packed_rows(channels: int, depth: int) -> tuple[tuple[int, int], ...]:
    """Rows of int4 without gaps between them: (weights until a byte begins, how many rows), 0 and 1."""
    odd = channels // 2 if depth % 2 else 0
    return (0, channels - odd), (1, odd)


def packed(name: str, times: float, channels: int, depth: int, blocks: tuple[int, ...]) -> Counts:
    """Rows of packed int4, each so often: the weight in front of its first byte, then so many weights at a time."""
    counts: Counts = {f"{name}_heads": times * packed_rows(channels, depth)[1][1]}
    for head, rows in packed_rows(channels, depth):
        left = depth - head
        for block in blocks:
            key = f"{name}_{block}"
            counts[key] = counts.get(key, 0.0) + times * rows * (left // block)
            counts[f"{key}_any"] = counts.get(f"{key}_any", 0.0) + times * rows * (left >= block)
            left %= block
    return counts


@functools.lru_cache(maxsize=4096)
def misaligned_weights(channels: int, depth: int) -> int:
    """Words of eight int4 weights at no multiple of 4, of all rows once."""
    first = np.arange(channels) * depth
    head = first & 1
    return int(((depth - head) // 8 * ((first + head >> 1) % 4 != 0)).sum())


def misaligned_values(rows: int, step: int, channels: int, depth: int) -> int:
    """Blocks of eight int8 values at no multiple of 4 that rows, in pairs, read for all rows of int4 weights."""
    found = 0
    for head, count in packed_rows(channels, depth):
        places = [row * step + head for row in (*range(rows), *([rows - 1] if rows % 2 else []))]
        found += count * ((depth - head) // 8) * sum(place % 4 != 0 for place in places)
    return found
