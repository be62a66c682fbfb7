"""The model as data: tensors, quantization and operators, free of any address or board."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim.errors import UnsupportedError

# Bits an element takes in the flatbuffer; int4 is packed two to a byte there (schema.fbs, TensorType).
DTYPE_BITS: Mapping[str, int] = {
    "int4": 4,
    "int8": 8,
    "uint8": 8,
    "bool": 8,
    "int16": 16,
    "uint16": 16,
    "float16": 16,
    "bfloat16": 16,
    "int32": 32,
    "uint32": 32,
    "resource": 32,
    "float32": 32,
    "int64": 64,
    "uint64": 64,
    "float64": 64,
    "complex64": 64,
    "complex128": 128,
}


@dataclass(frozen=True, slots=True)
class Quantization:
    """Affine quantization: real = scale · (q − zero_point), one pair or one pair a channel of `axis`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantization (the first one otherwise)."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor quantization (the first one otherwise)."""
        return self.zero_points[0]

    @property
    def per_channel(self) -> bool:
        """Whether there is more than one scale."""
        return len(self.scales) > 1


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """One tensor of a subgraph.

    `data` is the constant's value in `shape` (int4 unpacked to one int8 an element), None for an
    activation; `file_offset` is where its bytes begin in the model file, None where there are none.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None
    data: NDArray[np.generic] | None
    file_offset: int | None
    is_variable: bool

    @property
    def elements(self) -> int:
        """Number of elements; 1 for a scalar."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size as TensorFlow Lite Micro holds it in RAM: int4 takes a byte an element.

        UnsupportedError for the types whose size it does not know: string and variant.
        """
        if self.dtype not in DTYPE_BITS:
            raise UnsupportedError(f"tensor {self.index} has type {self.dtype}, which has no size on a microcontroller")
        return self.elements * max(DTYPE_BITS[self.dtype], 8) // 8

    @property
    def is_constant(self) -> bool:
        """Whether the value is part of the model file."""
        return self.data is not None


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One operator: TFLite name, tensor indices (−1: an optional input left out) and options.

    `options` holds the fields of the operator's builtin options table under their schema names, with
    enumerations as their names ("SAME", "RELU6"); {} where the operator has none. `intermediates` are tensors that
    only tell the quantization of values within the operator (LSTM), `custom_options` the bytes of a custom operator.
    """

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, object]
    intermediates: tuple[int, ...] = ()
    custom_options: bytes = b""


@dataclass(frozen=True, slots=True, eq=False)
class Subgraph:
    """A graph of its own: the tensors and operators that indices refer to."""

    index: int
    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A parsed model; `file` is the flatbuffer itself, as it would lie in flash."""

    name: str
    sha256: str
    file: bytes
    description: str
    subgraphs: tuple[Subgraph, ...]
    metadata: Mapping[str, bytes]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Tensors of the main subgraph."""
        return self.subgraphs[0].tensors

    @property
    def ops(self) -> tuple[Op, ...]:
        """Operators of the main subgraph, in execution order."""
        return self.subgraphs[0].ops

    @property
    def inputs(self) -> tuple[int, ...]:
        """Input tensors of the main subgraph."""
        return self.subgraphs[0].inputs

    @property
    def outputs(self) -> tuple[int, ...]:
        """Output tensors of the main subgraph."""
        return self.subgraphs[0].outputs

    def operand(self, op: Op, position: int) -> Tensor | None:
        """Input tensor of an op by position, None where it is left out."""
        if position >= len(op.inputs) or op.inputs[position] < 0:
            return None
        return self.tensors[op.inputs[position]]
