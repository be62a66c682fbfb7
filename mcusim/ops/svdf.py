"""SVDF: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op, Tensor
from mcusim.nn.svdf import svdf
from mcusim.operands import (
    Array,
    bad,
    bias_or_zeros,
    expect_shape,
    int8_reason,
    int8_values,
    integer,
    operand,
    quantization,
    quantized_reason,
    result,
)
from mcusim.requantization import STORED_RANGE, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("arm_svdf_s8", "arm_svdf_state_s16_s8", "mcusim_svdf_s8")
STATES: tuple[int, ...] = (4,)
BIAS_SCALE_TOLERANCE = 1e-5  # of TFLM's Prepare, which refuses a model beyond it


@dataclass(frozen=True, slots=True)
class _Layer:
    """Shapes that agree: input [batches, inputs], `units` of `rank` filters, each with a memory of `steps`."""

    input: Tensor
    weights_feature: Tensor
    weights_time: Tensor
    bias: Tensor | None
    state: Tensor
    output: Tensor
    rank: int
    batches: int
    inputs: int
    filters: int
    steps: int
    units: int


def _layer(model: Model, op: Op) -> _Layer:
    source, feature, time = (
        operand(model, op, position, role)
        for position, role in enumerate(("input", "weights of features", "weights of time"))
    )
    bias, state, output = model.operand(op, 3), operand(model, op, STATES[0], "state"), result(model, op)
    rank = integer(op, "rank")
    for tensor, role in ((source, "an input"), (feature, "weights of features"), (time, "weights of time")):
        if len(tensor.shape) != 2 or 0 in tensor.shape:
            raise bad(op, f"has {role} of shape {list(tensor.shape)}; two dimensions of 1 or more are expected")
    (batches, inputs), (filters, steps) = source.shape, time.shape
    if rank < 1 or filters % rank:
        raise bad(op, f"has a rank of {rank} for {filters} filters")
    units = filters // rank
    if feature.shape != (filters, inputs):
        raise bad(op, f"has weights of features of shape {list(feature.shape)} instead of {[filters, inputs]}")
    if bias is not None and bias.shape != (units,):
        raise bad(op, f"has a bias of shape {list(bias.shape)} for {units} units")
    expect_shape(op, state, "state", (batches, filters * steps))
    expect_shape(op, output, "output", (batches, units))
    return _Layer(source, feature, time, bias, state, output, rank, batches, inputs, filters, steps, units)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = _layer(model, op)
    if layer.weights_time.dtype not in ("int8", "int16") or layer.state.dtype != layer.weights_time.dtype:
        return f"{layer.weights_time.dtype} weights of time with an {layer.state.dtype} state are not supported"
    if not layer.state.is_variable:
        return "a state that is no variable tensor is not supported"
    if not all(tensor.is_constant for tensor in (layer.weights_feature, layer.weights_time)):
        return "weights computed at run time are not supported"
    reason = (
        int8_reason(layer.input, layer.output)
        or int8_reason(layer.weights_feature)
        or quantized_reason(("int8", "int16"), layer.weights_time, layer.state)
    )
    if reason:
        return reason
    if any(quantization(op, tensor).zero_point for tensor in (layer.weights_feature, layer.weights_time)):
        return "weights with a zero point other than 0 are not supported"
    return _bias_reason(op, layer) or ratio_reason(_ratios(op, layer))


def _bias_reason(op: Op, layer: _Layer) -> str | None:
    """TFLM reads the bias' scale without asking whether there is one."""
    bias = layer.bias
    if bias is None or bias.quantization is None or bias.dtype != "int32" or not bias.is_constant:
        return "a bias other than constant int32 with a scale is not supported"
    expected = float(np.float32(quantization(op, layer.state).scale) * np.float32(_scale(op, layer.weights_time)))
    if abs(bias.quantization.scale - expected) >= BIAS_SCALE_TOLERANCE:
        return "a bias whose scale is not the state's times that of the weights of time is not supported"
    return None


def _scale(op: Op, tensor: Tensor) -> float:
    return quantization(op, tensor).scale


def _ratios(op: Op, layer: _Layer) -> tuple[float, float]:
    """Scales of a feature in the state and of a sum in the output; TFLM computes both in float32."""
    source, feature, time, state, output = (
        np.float32(_scale(op, tensor))
        for tensor in (layer.input, layer.weights_feature, layer.weights_time, layer.state, layer.output)
    )
    with np.errstate(over="ignore"):
        return float(source * feature / state), float(state * time / output)


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates: one a weight of either kind and batch."""
    layer = _layer(model, op)
    return layer.batches * layer.filters * (layer.inputs + layer.steps)


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: scratch for the sums of filters and of units, sums of the feature weights for MVE."""
    layer = _layer(model, op)
    cmsis = runtime.kernels == "cmsis_nn"
    is_float = layer.weights_time.dtype == "float32"
    sums = (4 * layer.filters,) if cmsis and runtime.mve and not is_float else ()
    units = () if is_float else (4 * layer.batches * layer.units,)
    return OpMemory(
        builtin_data_bytes=8,
        init_bytes=40 if cmsis else 36,
        prepare_bytes=sums,
        scratch_bytes=(4 * layer.batches * layer.filters, *units),
    )


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output and the state behind the step, for the operands in the operator's order."""
    layer = _layer(model, op)
    before = inputs[STATES[0]]
    assert before is not None and inputs[2] is not None
    state = np.ascontiguousarray(before).reshape(layer.batches, layer.filters, layer.steps).copy()
    output = np.empty(layer.output.shape, np.int8)
    state_zero_point = quantization(op, layer.state).zero_point
    first, second = (quantize_multiplier(ratio) for ratio in _ratios(op, layer))
    svdf(
        int8_values(inputs[0]),
        int8_values(inputs[1]),
        np.ascontiguousarray(inputs[2]),
        bias_or_zeros(inputs[3], layer.units),
        layer.rank,
        first,
        second,
        (-quantization(op, layer.input).zero_point, state_zero_point, quantization(op, layer.output).zero_point),
        STORED_RANGE[layer.state.dtype],
        STORED_RANGE["int8"],
        state,
        output,
    )
    return output, state.reshape(layer.state.shape)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_svdf_s8 or arm_svdf_state_s16_s8; mcusim_svdf_s8 where the state has a zero point.

    CMSIS-NN's function is not told of that zero point, which TFLM's reference kernel subtracts.
    """
    layer = _layer(model, op)
    first, second = (abi.per_tensor_quant_params(*quantize_multiplier(ratio)) for ratio in _ratios(op, layer))
    filters = abi.context(abi.ScratchPointer(0), 4 * layer.batches * layer.filters)
    units = abi.context(abi.ScratchPointer(1), 4 * layer.batches * layer.units)
    params = abi.svdf_params(
        layer.rank,
        quantization(op, layer.input).zero_point,
        quantization(op, layer.output).zero_point,
        STORED_RANGE[layer.state.dtype],
        STORED_RANGE["int8"],
    )
    state_zero_point = quantization(op, layer.state).zero_point
    sums = abi.PreparedPointer(0) if runtime.mve else None
    context = abi.context(sums, 4 * layer.filters if sums else 0)
    state_dims: tuple[abi.Argument, ...] = (abi.dims(layer.batches, layer.filters * layer.steps, 0, 0),)
    bias_dims: tuple[abi.Argument, ...] = (abi.dims(layer.units, 0, 0, 0),)
    leading: tuple[abi.Argument, ...]
    if layer.state.dtype == "int16":
        symbol, leading = "arm_svdf_state_s16_s8", (filters, units, params)
    elif state_zero_point == 0:
        symbol, leading = "arm_svdf_s8", (context, filters, units, params)
    else:
        symbol, leading = "mcusim_svdf_s8", (filters, params, state_zero_point)
        state_dims = bias_dims = ()
    arguments: tuple[abi.Argument, ...] = (
        *leading,
        *(first, second),
        *(abi.dims(layer.batches, layer.inputs, 0, 0), abi.TensorPointer(layer.input.index)),
        *(*state_dims, abi.TensorPointer(layer.state.index)),
        *(abi.dims(layer.filters, layer.inputs, 0, 0), abi.TensorPointer(layer.weights_feature.index)),
        *(abi.dims(layer.filters, layer.steps, 0, 0), abi.TensorPointer(layer.weights_time.index)),
        *(*bias_dims, abi.TensorPointer(layer.bias.index) if layer.bias else None),
        *(abi.dims(layer.batches, layer.units, 0, 0), abi.TensorPointer(layer.output.index)),
    )
    return abi.Invocation((_feature_sums(layer),) if sums else (), (abi.Call(symbol, arguments),))


def _feature_sums(layer: _Layer) -> bytes:
    """What the MVE kernels expect: the sum of each filter's feature weights (arm_vector_sum_s8)."""
    assert layer.weights_feature.data is not None
    sums: NDArray[np.int32] = layer.weights_feature.data.astype(np.int32).sum(axis=1, dtype=np.int32)
    return sums.tobytes()
