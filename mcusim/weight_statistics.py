"""Model → how compressible its constants are: distinct values, zeros, entropy, sizes when stored compressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mcusim.model import DTYPE_BITS, Model, Tensor
from mcusim.record import Compressibility, WeightTensor

# tflite-micro's lookup tables: indices of 1 to 7 bits into a table of distinct values, one table a channel, all of the
# length of the longest (tensorflow/lite/micro/docs/compression.md).
MOST_TABLE_VALUES, MOST_INDEX_BITS = 128, 7
LOOKUP_OPS = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONCATENATION", "ASSIGN_VARIABLE")
MOST_BYTES = 32 << 20  # of constants that are looked into; models for microcontrollers have a few megabytes at most
NEEDS = (
    "TensorFlow Lite Micro reads weights as they are; to store them compressed it has to be built with its compression "
    "feature, which its documentation lists for x86 and Xtensa only, and needs a scratch buffer for each tensor"
)
ZLIB_LEVEL = 9


@lru_cache(maxsize=1)
def compressibility(model: Model) -> Compressibility:
    """Statistics of each constant tensor and of all of them; those that share bytes count once.

    Entropy is that of the distribution of values: no code of one value at a time does better. zlib is what general
    compression makes of it: an upper bound of what storing it compressed takes.
    """
    constants = list(_constants(model))
    total = sum(size for _, _, size in constants)
    if total > MOST_BYTES:
        reason = f"{total:,} bytes of constants, more than the {MOST_BYTES:,} that are looked into"
        return Compressibility(total, None, None, None, None, None, reason, NEEDS, ())
    users = _users(model)
    tensors = tuple(_statistics(model, tensor, start, size, users) for tensor, start, size in constants)
    elements = sum(one.elements for one in tensors)
    if not elements:
        return Compressibility(total, None, None, None, None, None, "the model has no weights", NEEDS, tensors)
    zeros = sum(one.zero_share * one.elements for one in tensors) / elements
    bits = sum(one.entropy_bits * one.elements for one in tensors)
    lookup = sum(min(one.lookup_bytes or one.bytes, one.bytes) for one in tensors)
    packed = sum(min(one.zlib_bytes, one.bytes) for one in tensors)
    return Compressibility(total, zeros, bits / elements, -int(-bits // 8), packed, lookup, None, NEEDS, tensors)


def _constants(model: Model) -> Iterator[tuple[Tensor, int, int]]:
    """Constant tensors of numbers with where they begin in the file and their bytes there, each place once."""
    seen: set[tuple[int, int]] = set()
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.data is None or tensor.file_offset is None or tensor.dtype not in DTYPE_BITS:
                continue
            size = -(-tensor.elements * DTYPE_BITS[tensor.dtype] // 8)
            if size and (tensor.file_offset, size) not in seen:
                seen.add((tensor.file_offset, size))
                yield tensor, tensor.file_offset, size


def _users(model: Model) -> dict[int, set[str]]:
    """Operators by the file offset of the constants that they read."""
    found: dict[int, set[str]] = {}
    for graph in model.subgraphs:
        for op in graph.ops:
            for index in op.inputs:
                offset = graph.tensors[index].file_offset if index >= 0 else None
                if offset is not None:
                    found.setdefault(offset, set()).add(op.name)
    return found


def _statistics(model: Model, tensor: Tensor, start: int, size: int, users: dict[int, set[str]]) -> WeightTensor:
    assert tensor.data is not None
    values = np.ascontiguousarray(tensor.data).reshape(-1)
    distinct, counts = np.unique(values, return_counts=True)
    shares = counts / counts.sum()
    entropy = float(-(shares * np.log2(shares)).sum()) + 0.0
    channels = _channels(tensor)
    lookup, reason = _lookup_bytes(channels, size, tensor, users.get(start, set()))
    return WeightTensor(
        name=tensor.name,
        bytes=size,
        elements=int(values.size),
        unique_values=int(distinct.size),
        zero_share=float(np.count_nonzero(values == _zero(tensor))) / int(values.size),
        entropy_bits=entropy,
        zlib_bytes=len(zlib.compress(model.file[start : start + size], ZLIB_LEVEL)),
        lookup_bytes=lookup,
        lookup_bytes_reason=reason,
    )


def _zero(tensor: Tensor) -> int:
    """The number that stands for the real value 0."""
    quantization = tensor.quantization
    return 0 if quantization is None else int(quantization.zero_points[0])


def _channels(tensor: Tensor) -> Sequence[NDArray[np.generic]]:
    """The values by channel where they are quantized so, or all of them."""
    assert tensor.data is not None
    quantization = tensor.quantization
    values = np.asarray(tensor.data)
    if quantization is None or not quantization.per_channel or not 0 <= quantization.axis < values.ndim:
        return [values.reshape(-1)]
    return list(np.moveaxis(values, quantization.axis, 0).reshape(values.shape[quantization.axis], -1))


def _lookup_bytes(
    channels: Sequence[NDArray[np.generic]], size: int, tensor: Tensor, users: set[str]
) -> tuple[int | None, str | None]:
    """Bytes as indices and tables of tflite-micro's compression, or why it has none for the tensor."""
    if not users or not users <= set(LOOKUP_OPS):
        return None, f"read by {', '.join(sorted(users)) or 'no operator'}, which cannot decompress"
    if DTYPE_BITS[tensor.dtype] < 8:
        return None, f"no tables of {tensor.dtype}"
    longest = max(int(np.unique(channel).size) for channel in channels)
    if longest > MOST_TABLE_VALUES:
        return None, f"{longest} values in a channel; indices have at most {MOST_INDEX_BITS} bits"
    bits = max((longest - 1).bit_length(), 1)
    elements = sum(channel.size for channel in channels)
    return -(-elements * bits // 8) + longest * len(channels) * DTYPE_BITS[tensor.dtype] // 8, None
