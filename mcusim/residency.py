"""A model's layers and a data cache → bytes of the arena that each layer reads or writes and that are not there."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim.model import Model, Op, Tensor


def cold_bytes(model: Model, cache_bytes: int) -> list[int]:
    """For each layer the bytes of its activations that a cache of so many bytes does not hold.

    Nothing is known of addresses. A tensor is there if no more than the cache holds went through it since the layer
    began that wrote or read it last. Tensors lie where others were as long as memory suffices that was in use before,
    and what the layer before used is the last that came free; memory that is used for the first time is not there.
    """
    tensors = model.subgraphs[0].tensors
    last_use = _last_uses(model, tensors)
    passed = before = 0  # bytes that went through the cache, and those up to the layer before
    touched: dict[int, int] = {}
    live = most = sum(tensors[index].bytes for index in set(model.inputs))
    found = []
    for op in model.ops:
        read = _activations(tensors, op.inputs)
        written = [index for index in _activations(tensors, op.outputs) if index not in touched]
        own = sum(tensors[index].bytes for index in {*op.inputs, *op.outputs} if index >= 0)
        cold = sum(
            tensors[index].bytes for index in read if passed - touched.get(index, -cache_bytes - 1) > cache_bytes
        )
        output = sum(tensors[index].bytes for index in written)
        live += output
        fresh = min(output, max(0, live - most))
        most = max(most, live)
        cold += output if passed - before + own > cache_bytes else fresh
        touched.update((index, passed) for index in (*read, *written))
        before, passed = passed, passed + own
        live -= sum(tensors[index].bytes for index in {*read, *written} if last_use.get(index, -1) <= op.index)
        found.append(cold)
    return found


def layer_bytes(model: Model, op: Op) -> tuple[int, int]:
    """Bytes of a layer's activations, and of all its tensors."""
    tensors = model.subgraphs[0].tensors
    activations = {*_activations(tensors, op.inputs), *_activations(tensors, op.outputs)}
    every = {index for index in (*op.inputs, *op.outputs) if index >= 0}
    return sum(tensors[index].bytes for index in activations), sum(tensors[index].bytes for index in every)


def _activations(tensors: Sequence[Tensor], indices: Sequence[int]) -> list[int]:
    return [index for index in indices if index >= 0 and not tensors[index].is_constant]


def _last_uses(model: Model, tensors: Sequence[Tensor]) -> dict[int, int]:
    """The last layer that reads each tensor; outputs and what lasts are read behind all."""
    found: dict[int, int] = {}
    for op in model.ops:
        for index in op.inputs:
            found[index] = op.index
    for index, tensor in enumerate(tensors):
        if tensor.is_variable or index in model.outputs:
            found[index] = len(model.ops)
    return found
