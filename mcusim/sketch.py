"""Tensors and operators one by one → a Model of them, without a flatbuffer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcusim.model import Model, Op, Quantization, Subgraph, Tensor

CONSTANT_ALIGNMENT = 16  # of what converters write


@dataclass(slots=True)
class Sketch:
    """A model that grows; its constants lie behind each other in a file that holds nothing else.

    `kept_bytes`: what operators will keep in the arena beside the model's tensors, as far as who adds them says so.
    """

    name: str = "sketch"
    tensors: list[Tensor] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    file: bytearray = field(default_factory=bytearray)
    kept_bytes: int = 0

    def activation(self, shape: Sequence[int], scale: float = 0.1, zero_point: int = 0, dtype: str = "int8") -> int:
        """The index of a new tensor that is computed or given at run time."""
        of = Quantization(_stored((scale,)), (zero_point,), 0)
        return self._add(tuple(shape), dtype, of, None, None)

    def state(self, shape: Sequence[int], scale: float = 0.1, zero_point: int = 0, dtype: str = "int8") -> int:
        """The index of a new variable tensor, which an operator keeps from one inference to the next."""
        of = Quantization(_stored((scale,)), (zero_point,), 0)
        return self._add(tuple(shape), dtype, of, None, None, is_variable=True)

    def constant(
        self,
        data: NDArray[np.generic],
        scales: Sequence[float] = (),
        axis: int = 0,
        zero_point: int = 0,
        *,
        bits: int = 8,
    ) -> int:
        """The index of a new constant, quantized with zero points of 0 or the one given where it has scales.

        int8 values of 4 `bits` become int4, of which a byte of the file holds two, the first in its low half.
        """
        self.file += bytes(-len(self.file) % CONSTANT_ALIGNMENT)
        offset = len(self.file)
        is_packed = bits == 4
        self.file += _packed(data) if is_packed else data.tobytes()
        of = Quantization(_stored(scales), (zero_point,) * len(scales), axis) if scales else None
        return self._add(data.shape, "int4" if is_packed else str(data.dtype), of, data, offset)

    def op(self, name: str, inputs: Sequence[int], outputs: Sequence[int], **options: object) -> None:
        """Append an operator; options under their names in the schema."""
        self.ops.append(Op(len(self.ops), name, 1, tuple(inputs), tuple(outputs), options))

    @property
    def activation_bytes(self) -> int:
        """Bytes of all tensors that are no constants, those of states too, and what operators keep beside them."""
        return self.kept_bytes + sum(tensor.bytes for tensor in self.tensors if not tensor.is_constant)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The shape of a tensor."""
        return self.tensors[tensor].shape

    def scale(self, tensor: int) -> float:
        """The scale of a quantized tensor, as a model's file holds it."""
        return self._quantization(tensor).scale

    def zero_point(self, tensor: int) -> int:
        """The zero point of a quantized tensor."""
        return self._quantization(tensor).zero_point

    def _quantization(self, tensor: int) -> Quantization:
        of = self.tensors[tensor].quantization
        assert of is not None
        return of

    def model(self) -> Model:
        """The model so far: its inputs are what no operator writes, its outputs what no operator reads."""
        written = {index for op in self.ops for index in op.outputs}
        read = {index for op in self.ops for index in op.inputs}
        activations = [tensor.index for tensor in self.tensors if not (tensor.is_constant or tensor.is_variable)]
        graph = Subgraph(
            index=0,
            name="main",
            tensors=tuple(self.tensors),
            ops=tuple(self.ops),
            inputs=tuple(index for index in activations if index not in written),
            outputs=tuple(index for index in activations if index not in read),
        )
        content = bytes(self.file) or bytes(CONSTANT_ALIGNMENT)
        return Model(self.name, hashlib.sha256(content).hexdigest(), content, "", (graph,), {})

    def _add(
        self,
        shape: tuple[int, ...],
        dtype: str,
        quantization: Quantization | None,
        data: NDArray[np.generic] | None,
        offset: int | None,
        is_variable: bool = False,
    ) -> int:
        index = len(self.tensors)
        self.tensors.append(Tensor(index, f"t{index}", shape, dtype, quantization, data, offset, is_variable))
        return index


def _packed(data: NDArray[np.generic]) -> bytes:
    halves = np.append(data.reshape(-1), np.zeros(data.size % 2, np.int8)).astype(np.uint8) & 0xF
    return bytes((halves[::2] | halves[1::2] << 4).astype(np.uint8))


def _stored(scales: Sequence[float]) -> tuple[float, ...]:
    """Scales as a model's file holds them: float32."""
    return tuple(float(np.float32(scale)) for scale in scales)
