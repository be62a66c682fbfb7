"""Elements whose type does not matter: arrays → their elements in another order, by steps or in blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import jit


@jit
def strided_copy(
    input: NDArray[Any], offset: int, sizes: NDArray[np.int32], steps: NDArray[np.int32], output: NDArray[Any]
) -> None:
    """Walk flat `input` from element `offset` in five nested loops into flat `output`, in order.

    sizes and steps are int32[5], outermost first; a step is the distance between neighbours in elements of the
    input: negative backwards, 0 where one element serves the whole axis.
    """
    index = 0
    for i in range(sizes[0]):
        for j in range(sizes[1]):
            for k in range(sizes[2]):
                for m in range(sizes[3]):
                    position = offset + i * steps[0] + j * steps[1] + k * steps[2] + m * steps[3]
                    for _ in range(sizes[4]):
                        output[index] = input[position]
                        position += steps[4]
                        index += 1


@jit
def copy_blocks(
    input: NDArray[Any],
    input_offset: int,
    input_step: int,
    block: int,
    blocks: int,
    output_offset: int,
    output_step: int,
    output: NDArray[Any],
) -> None:
    """Copy `blocks` runs of `block` elements, `input_step` apart in flat `input` and `output_step` in flat `output`."""
    for count in range(blocks):
        for index in range(block):
            output[output_offset + count * output_step + index] = input[input_offset + count * input_step + index]


@jit
def gather(input: NDArray[Any], indices: NDArray[np.int32], output: NDArray[Any]) -> None:
    """GATHER of input[batch, outer, axis, inner] by indices[batch, count] into output[batch, outer, count, inner].

    The caller has checked that all indices exist.
    """
    for batch in range(output.shape[0]):
        for outer in range(output.shape[1]):
            for position in range(output.shape[2]):
                for inner in range(output.shape[3]):
                    output[batch, outer, position, inner] = input[batch, outer, indices[batch, position], inner]


@jit
def space_to_batch_nd(
    input: NDArray[Any], block_h: int, block_w: int, pad_h: int, pad_w: int, pad_value: int, output: NDArray[Any]
) -> None:
    """SPACE_TO_BATCH_ND of input[n, h, w, c]: output batch (y · block_w + x) · n + b has every block-th pixel of b.

    pad_h and pad_w are the padding above and to the left; padded elements are pad_value.
    """
    batches, height, width, channels = input.shape
    for n in range(output.shape[0]):
        shift_h = n // batches // block_w - pad_h
        shift_w = n // batches % block_w - pad_w
        for h in range(output.shape[1]):
            for w in range(output.shape[2]):
                y, x = h * block_h + shift_h, w * block_w + shift_w
                for c in range(channels):
                    inside = 0 <= y < height and 0 <= x < width
                    output[n, h, w, c] = input[n % batches, y, x, c] if inside else pad_value


@jit
def batch_to_space_nd(
    input: NDArray[Any], block_h: int, block_w: int, crop_h: int, crop_w: int, output: NDArray[Any]
) -> None:
    """BATCH_TO_SPACE_ND, the inverse of space_to_batch_nd: output pixels lie crop_h and crop_w inside the whole."""
    batches, height, width, channels = output.shape
    for n in range(batches):
        for y in range(height):
            for x in range(width):
                h, w = y + crop_h, x + crop_w
                source = (h % block_h * block_w + w % block_w) * batches + n
                for c in range(channels):
                    output[n, y, x, c] = input[source, h // block_h, w // block_w, c]
