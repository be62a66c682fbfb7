"""Operator → the tensors that it reads and writes, as a run records them."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim.model import Model
from mcusim.record import LayerTensor


def layer_tensors(model: Model, indices: Sequence[int]) -> tuple[LayerTensor, ...]:
    """An operator's inputs or outputs, by their tensors' indices, without those that are left out."""
    tensors = [model.tensors[index] for index in indices if index >= 0]
    return tuple(LayerTensor(one.name, one.shape, one.dtype, one.bytes, one.is_constant) for one in tensors)
