"""A model and samples → its tensors' or outputs' values by the reference kernels, many samples at a time."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mcusim.accumulators import accumulators
from mcusim.model import Model, Op, Tensor
from mcusim.nn.quantize import requantize_channels
from mcusim.ops import OPERATORS, written
from mcusim.variables import held, initial, number_of, reset_bytes

Array = NDArray[np.generic]

MOST_THREADS = 8
# Elements of a model's tensors that are worked on at once by a thread: what fits a PC's second-level cache.
ELEMENTS_AT_ONCE = 1 << 20
MOST_SAMPLES_AT_ONCE = 256


Step = tuple[Op, list[Array | None], tuple[Array, ...]]  # an operator, its operands, and what it writes


Results = Callable[[Model, Op, Sequence[Array | None]], tuple[Array, ...]]


def by_reference(model: Model, op: Op, operands: Sequence[Array | None]) -> tuple[Array, ...]:
    """What an operator writes, by the reference kernels."""
    return OPERATORS[op.name].reference(model, op, operands)


def by_matrices(model: Model, op: Op, operands: Sequence[Array | None]) -> tuple[Array, ...]:
    """The same, sooner for many samples: convolutions of int8 as exact products of matrices, rounded as the reference.

    The bits are those of `by_reference`: only the order of whole sums differs.
    """
    if op.name != "CONV_2D" or model.tensors[op.inputs[0]].dtype != "int8":
        return by_reference(model, op, operands)
    found = accumulators(model, op, operands)
    if isinstance(found, str):
        return by_reference(model, op, operands)
    output = np.empty(found.values.shape, np.int8)
    rows = (-1, found.bias.size)
    limits = (found.offset, found.least, found.most)
    requantize_channels(found.values.reshape(rows), found.multipliers, found.shifts, *limits, output.reshape(rows))
    return (output,)


def steps(
    model: Model,
    inputs: Sequence[Array],
    instead: Mapping[int, Array] = MappingProxyType({}),
    results_of: Results = by_reference,
) -> Iterator[Step]:
    """Every operator of an inference with its operands and results, for inputs of the tensors' own shapes and types.

    It starts as the first inference does: variable tensors are reset, resource variables as CALL_ONCE leaves them.
    Operators that follow get the outputs that `instead` has, by tensor, in place of the results.
    """
    values = dict(zip(model.inputs, inputs, strict=True))
    for tensor in model.tensors:
        if tensor.is_variable and tensor.bytes:
            values[tensor.index] = _array(reset_bytes(tensor), tensor)
    variables = list(initial(model))
    for op in model.ops:
        operands = [None if index < 0 else _value(model, index, values, variables) for index in op.inputs]
        results = results_of(model, op, operands)
        yield op, operands, results
        for index, result in zip(written(model, op), results, strict=True):
            if model.tensors[index].dtype == "resource":
                variables[number_of(model, index)] = np.ascontiguousarray(result).tobytes()
            else:
                values[index] = instead.get(index, result) if index in op.outputs else result


def values_of(model: Model, inputs: Sequence[Array], results_of: Results = by_reference) -> dict[int, Array]:
    """Every tensor that an inference gives a value, by index; one that is written again holds its last value."""
    values = dict(zip(model.inputs, inputs, strict=True))
    for op, _, results in steps(model, inputs, results_of=results_of):
        values |= dict(zip(written(model, op), results, strict=True))
    return values


def _value(model: Model, index: int, values: Mapping[int, Array], variables: Sequence[bytes]) -> Array:
    """What a tensor holds, a handle's variable."""
    tensor = held(model, index)
    if tensor.data is not None:
        return tensor.data
    if model.tensors[index].dtype == "resource" and index not in values:
        return _array(variables[number_of(model, index)], tensor)
    return values[index]


def _array(content: bytes, tensor: Tensor) -> Array:
    return np.frombuffer(content, np.dtype(tensor.dtype)).reshape(tensor.shape)


def outputs_of(
    model: Model, inputs: Sequence[Array], progress: Callable[[int, int], None] | None = None
) -> tuple[Array, ...]:
    """The outputs [samples, *shape] for inputs [samples, *shape], every sample as a first inference.

    Samples go through side by side where all operators leave a batch's samples apart, and always in several threads;
    `progress(done, samples)` is called in between.
    """
    samples = len(inputs[0])
    size = _samples_at_once(model) if is_batchable(model) else 1
    batches = [slice(begin, min(begin + size, samples)) for begin in range(0, samples, size)]
    results = [np.empty((samples, *model.tensors[i].shape), np.dtype(model.tensors[i].dtype)) for i in model.outputs]

    def through(part: slice) -> None:
        found = _batch(model, [array[part] for array in inputs])
        for result, one in zip(results, found, strict=True):
            result[part] = one.reshape(result[part].shape)

    threads = min(_processors(), MOST_THREADS)
    if progress:
        progress(0, samples)
    through(batches[0])  # alone, because it compiles
    with ThreadPoolExecutor(threads) as pool:
        for part, _ in zip(batches[1:], pool.map(through, batches[1:]), strict=True):
            if progress:
                progress(part.start, samples)
    if progress:
        progress(samples, samples)
    return tuple(results)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _batch(model: Model, inputs: Sequence[Array]) -> list[Array]:
    """The outputs of one batch: of one sample, or of several of a model that `is_batchable`."""
    samples = len(inputs[0])
    if samples == 1:
        values = values_of(model, [array[0] for array in inputs])
        return [_output(model, index, values) for index in model.outputs]
    several = batched(model, samples)
    shaped = [array.reshape(several.tensors[index].shape) for index, array in zip(several.inputs, inputs, strict=True)]
    values = values_of(several, shaped, by_matrices)
    return [_output(several, index, values) for index in several.outputs]


def _output(model: Model, index: int, values: Mapping[int, Array]) -> Array:
    """An output's value; a model may hand out a constant or one of its inputs."""
    constant = model.tensors[index].data
    return values[index] if constant is None else constant


def _samples_at_once(model: Model) -> int:
    elements = max((tensor.elements for tensor in model.tensors if not tensor.is_constant), default=1)
    return min(max(ELEMENTS_AT_ONCE // max(elements, 1), 1), MOST_SAMPLES_AT_ONCE)


def batched(model: Model, samples: int) -> Model:
    """The model with that many samples side by side in each of its values; for one that `is_batchable`."""
    graph = model.subgraphs[0]
    tensors = tuple(
        tensor if tensor.is_constant else dataclasses.replace(tensor, shape=(samples, *tensor.shape[1:]))
        for tensor in graph.tensors
    )
    return dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, tensors=tensors),))


def is_batchable(model: Model) -> bool:
    """Whether every operator leaves apart the samples that lie side by side in the first dimension, now of extent 1.

    Known for the operators of BATCHED; a model with any other, with variables or several subgraphs is taken sample by
    sample.
    """
    if len(model.subgraphs) != 1 or any(tensor.is_variable for tensor in model.tensors):
        return False
    used = {index for op in model.ops for index in (*op.inputs, *op.outputs) if index >= 0}
    moving = [model.tensors[index] for index in {*used, *model.inputs, *model.outputs}]
    if any(len(tensor.shape) < 2 or tensor.shape[0] != 1 for tensor in moving if not tensor.is_constant):
        return False
    if any(model.tensors[index].is_constant for index in model.outputs):
        return False
    return all(op.name in BATCHED and BATCHED[op.name](model, op) for op in model.ops)


def _moves_first(model: Model, op: Op) -> bool:
    """Whether only the first operand is a value, so that weights and bias are the same for all samples."""
    rest = [model.tensors[index] for index in op.inputs[1:] if index >= 0]
    return not model.tensors[op.inputs[0]].is_constant and all(tensor.is_constant for tensor in rest)


def _like_output(model: Model, op: Op) -> bool:
    """Whether operands of an elementwise operator have the output's shape, or are constants of one row or fewer."""
    output = model.tensors[op.outputs[0]].shape
    operands = [model.tensors[index] for index in op.inputs]
    return all(
        one.shape == output if not one.is_constant else len(one.shape) < len(output) or one.shape[0] == 1
        for one in operands
    ) and any(not one.is_constant for one in operands)


def _joins_within(model: Model, op: Op) -> bool:
    """Whether a CONCATENATION is along another dimension than the first."""
    axis, rank = op.options.get("axis"), len(model.tensors[op.outputs[0]].shape)
    values = all(not model.tensors[index].is_constant for index in op.inputs)
    return values and isinstance(axis, int) and axis % rank != 0


def _pads_within(model: Model, op: Op) -> bool:
    """Whether nothing is added before and after the samples."""
    paddings = model.tensors[op.inputs[1]].data
    return _moves_first(model, op) and paddings is not None and not np.asarray(paddings).reshape(-1, 2)[0].any()


def _reduces_within(model: Model, op: Op) -> bool:
    """Whether a reduction leaves the first dimension."""
    axes, rank = model.tensors[op.inputs[1]].data, len(model.tensors[op.inputs[0]].shape)
    return _moves_first(model, op) and axes is not None and 0 not in (np.asarray(axes).reshape(-1) % rank)


BATCHED: Mapping[str, Callable[[Model, Op], bool]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"), _moves_first),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "RESHAPE", "SOFTMAX"), _moves_first),
    **dict.fromkeys(("ABS", "ELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "RELU", "RELU6", "TANH"), _moves_first),
    **dict.fromkeys(("DEQUANTIZE", "QUANTIZE"), _moves_first),
    **dict.fromkeys(("ADD", "MAXIMUM", "MINIMUM", "MUL", "SUB"), _like_output),
    **dict.fromkeys(("PAD", "PADV2"), _pads_within),
    **dict.fromkeys(("MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM"), _reduces_within),
    "CONCATENATION": _joins_within,
}
