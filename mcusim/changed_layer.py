"""A layer of a model + a change → a model of that layer alone, changed."""

from __future__ import annotations

import dataclasses
import math
from typing import TypeVar

import numpy as np

from mcusim.kernel_variants import Change, Shape
from mcusim.model import Model, Op, Quantization, Subgraph, Tensor

Number = TypeVar("Number", int, float)

ALIGNMENT = 16  # of a constant in the model file


def changed_layer(model: Model, op: Op, change: Change) -> Model:
    """A model of one operator; constants repeat the layer's own values to their new sizes, as scales do.

    Its file holds the constants only: what kernels read, not what an interpreter would parse.
    """
    file = bytearray(ALIGNMENT)
    tensors: list[Tensor] = []
    inputs: list[int] = []
    for position, index in enumerate(op.inputs):
        if index < 0:
            inputs.append(-1)
            continue
        one = _changed(model.tensors[index], len(tensors), change.shapes.get(position), change.dtypes.get(position))
        if one.data is not None:
            one = dataclasses.replace(one, file_offset=len(file))
            file += _content(one)
            file += bytes(-len(file) % ALIGNMENT)
        inputs.append(one.index)
        tensors.append(one)
    outputs = [model.tensors[index] for index in op.outputs]
    for number, tensor in enumerate(outputs):
        tensors.append(_changed(tensor, len(tensors), change.output if number == 0 else None, None))
    results = tuple(range(len(tensors) - len(outputs), len(tensors)))
    given = tuple(dict.fromkeys(index for index in inputs if index >= 0 and tensors[index].data is None))
    alone = dataclasses.replace(
        op, index=0, inputs=tuple(inputs), outputs=results, options={**op.options, **change.options}
    )
    graph = Subgraph(0, "main", tuple(tensors), (alone,), given, results)
    return dataclasses.replace(model, file=bytes(file), subgraphs=(graph,), metadata={})


def _changed(tensor: Tensor, index: int, shape: Shape | None, dtype: str | None) -> Tensor:
    shape = tensor.shape if shape is None else shape
    data = None if tensor.data is None else np.resize(tensor.data, shape)
    scales = tensor.quantization
    if scales is not None and scales.per_channel:
        count = shape[scales.axis] if scales.axis < len(shape) else math.prod(shape)
        scales = Quantization(_repeated(scales.scales, count), _repeated(scales.zero_points, count), scales.axis)
    return dataclasses.replace(
        tensor, index=index, shape=shape, dtype=dtype or tensor.dtype, quantization=scales, data=data, file_offset=None
    )


def _repeated(values: tuple[Number, ...], count: int) -> tuple[Number, ...]:
    return tuple(values[index % len(values)] for index in range(count))


def _content(tensor: Tensor) -> bytes:
    """A constant as a model file holds it: int4 packed, element 2k in the low nibble."""
    assert tensor.data is not None
    if tensor.dtype != "int4":
        return tensor.data.tobytes()
    nibbles = np.append(tensor.data.reshape(-1).astype(np.uint8) & 0xF, np.zeros(tensor.elements % 2, np.uint8))
    return bytes(nibbles[::2] | nibbles[1::2] << 4)
