"""Model → the fixed pseudo-random input of a run without one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim.model import Model

Array = NDArray[np.generic]


def pseudo_random_inputs(model: Model) -> tuple[Array, ...]:
    """The fixed input of a run without one: bytes x >> 24 of the 32-bit LCG x ← 1664525·x + 1013904223, seed 1.

    The constants are those of Numerical Recipes; the bytes run through the inputs in order, int8 and uint8
    as they are, float32 as the byte (−128…127) over 128, bool as its lowest bit.
    """
    arrays = []
    tensors = [model.tensors[index] for index in model.inputs]
    sizes = [tensor.elements if tensor.dtype == "float32" else tensor.bytes for tensor in tensors]
    stream, begin = _random_bytes(sum(sizes)), 0
    for tensor, size in zip(tensors, sizes, strict=True):
        drawn, begin = stream[begin : begin + size], begin + size
        if tensor.dtype == "float32":
            value: Array = drawn.view(np.int8).astype(np.float32) / np.float32(128)
        elif tensor.dtype == "bool":
            value = (drawn & 1).view(np.bool_)
        else:
            value = drawn.view(np.dtype(tensor.dtype))
        arrays.append(value.reshape(tensor.shape))
    return tuple(arrays)


def _random_bytes(count: int) -> NDArray[np.uint8]:
    """The first bytes of the generator; what it does in n steps is a multiplication and an addition again."""
    states = np.array([1664525 + 1013904223], np.uint32)
    factor, term = 1664525, 1013904223
    while states.size < count:
        states = np.concatenate([states, states * np.uint32(factor) + np.uint32(term)])
        factor, term = factor * factor & 0xFFFFFFFF, (factor * term + term) & 0xFFFFFFFF
    return (states[:count] >> np.uint32(24)).astype(np.uint8)
