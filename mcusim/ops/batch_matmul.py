"""BATCH_MATMUL: one model layer → its checks, MACs, memory, reference result and C calls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op, Tensor
from mcusim.nn.batch_matmul import batch_matmul_s8, batch_matmul_s16
from mcusim.operands import (
    Array,
    bad,
    expect_shape,
    four_dimensions,
    int8_values,
    int16_values,
    integer,
    operand,
    quantization,
    quantized_reason,
    result,
)
from mcusim.requantization import LARGEST_SHIFT, LARGEST_SHIFT_S64, STORED_RANGE, ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = (
    "arm_batch_matmul_s16",
    "arm_batch_matmul_s8",
    "mcusim_transpose_matrices_s16",
    "mcusim_transpose_matrices_s8",
)
EVAL_TENSOR_BYTES = 12  # TfLiteEvalTensor, of a transposed operand
QUANTIZATION_BYTES = 28  # QuantizationOpDataBatchMatmul: seven int32

_Side = Literal["lhs", "rhs"]
_Element = TypeVar("_Element", bound=np.generic)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Shapes that agree, of four dimensions; `flipped` sides are transposed before the kernel, in this order."""

    lhs: Tensor
    rhs: Tensor
    output: Tensor
    lhs_shape: tuple[int, int, int, int]
    rhs_shape: tuple[int, int, int, int]
    output_shape: tuple[int, int, int, int]
    flipped: tuple[_Side, ...]

    def tensor(self, side: _Side) -> Tensor:
        """The operand of a side."""
        return self.lhs if side == "lhs" else self.rhs

    @property
    def kind(self) -> str:
        """What the names of the kernels end with."""
        return "s16" if self.lhs.dtype == "int16" else "s8"


def _layer(model: Model, op: Op) -> _Layer:
    lhs, rhs, output = operand(model, op, 0, "left side"), operand(model, op, 1, "right side"), result(model, op)
    for tensor in (lhs, rhs):
        if not 2 <= len(tensor.shape) <= 4 or 0 in tensor.shape:
            raise bad(op, f"has an operand of shape {list(tensor.shape)}; two to four dimensions are expected")
    flipped: list[_Side] = ["lhs"] if integer(op, "adj_x") else []
    flipped += [] if integer(op, "adj_y") else ["rhs"]
    # The kernels sum along the last dimension of both sides.
    left = _swapped(four_dimensions(lhs.shape)) if "lhs" in flipped else four_dimensions(lhs.shape)
    right = _swapped(four_dimensions(rhs.shape)) if "rhs" in flipped else four_dimensions(rhs.shape)
    batches = [(one, other) for one, other in zip(left[:2], right[:2], strict=True)]
    if left[3] != right[3] or any(one != other and 1 not in (one, other) for one, other in batches):
        raise bad(op, f"multiplies shapes {list(lhs.shape)} and {list(rhs.shape)}, which do not go together")
    n, h = (max(pair) for pair in batches)
    rank = max(len(lhs.shape), len(rhs.shape))
    expect_shape(op, output, "output", (n, h, left[2], right[2])[4 - rank :])
    return _Layer(lhs, rhs, output, left, right, (n, h, left[2], right[2]), tuple(flipped))


def _swapped(shape: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    n, h, rows, columns = shape
    return n, h, columns, rows


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    layer = _layer(model, op)
    largest = LARGEST_SHIFT_S64 if layer.kind == "s16" else LARGEST_SHIFT
    return quantized_reason(("int8", "int16"), layer.lhs, layer.rhs, layer.output) or ratio_reason(
        [_ratio(op, layer)], largest
    )


def _ratio(op: Op, layer: _Layer) -> float:
    """Scales of the operands, multiplied, over that of the output (GetQuantizedConvolutionMultipler)."""
    lhs, rhs, output = (quantization(op, tensor).scale for tensor in (layer.lhs, layer.rhs, layer.output))
    return lhs * rhs / output


def macs(model: Model, op: Op) -> int:
    """Multiply-accumulates: one an output element and step along the sum."""
    layer = _layer(model, op)
    return layer.output.elements * layer.lhs_shape[3]


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: for a transposed operand its structure, shape and data, then the quantization.

    Read from the structures and allocations of batch_matmul.cc, both kernel libraries. With MVE, int8 asks for sums of
    the right side's columns.
    """
    layer = _layer(model, op)
    cmsis = runtime.kernels == "cmsis_nn"
    arrays: tuple[int, ...] = ()
    for side in layer.flipped:
        tensor = layer.tensor(side)
        arrays += (EVAL_TENSOR_BYTES, 4 + 4 * len(tensor.shape), tensor.bytes)
    if layer.lhs.dtype != "float32":
        arrays += (QUANTIZATION_BYTES,)
    sums = (4 * layer.output_shape[3],) if cmsis and runtime.mve and layer.lhs.dtype == "int8" else ()
    return OpMemory(
        builtin_data_bytes=3,
        builtin_data_alignment=1,
        init_bytes=36 if cmsis else 16,
        prepare_bytes=arrays,
        scratch_bytes=sums,
    )


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in its tensor's shape, for the operands in the operator's order."""
    layer = _layer(model, op)
    output = np.empty(layer.output_shape, np.dtype(layer.output.dtype))
    scale = quantize_multiplier(_ratio(op, layer))
    clamp = STORED_RANGE[layer.output.dtype]
    if layer.kind == "s16":
        batch_matmul_s16(
            _ready(layer, "lhs", int16_values(inputs[0])),
            _ready(layer, "rhs", int16_values(inputs[1])),
            *scale,
            *clamp,
            output,
        )
    else:
        batch_matmul_s8(
            _ready(layer, "lhs", int8_values(inputs[0])),
            _ready(layer, "rhs", int8_values(inputs[1])),
            *scale,
            *_offsets(op, layer),
            *clamp,
            output,
        )
    return (output.reshape(layer.output.shape),)


def _ready(layer: _Layer, side: _Side, value: NDArray[_Element]) -> NDArray[_Element]:
    """An operand as the kernels take it: in four dimensions, with the sum along the last."""
    matrices = value.reshape(four_dimensions(value.shape))
    return np.ascontiguousarray(np.swapaxes(matrices, 2, 3) if side in layer.flipped else matrices)


def _offsets(op: Op, layer: _Layer) -> tuple[int, int, int]:
    """What is added to the left side, the right side and outputs."""
    lhs, rhs, output = (quantization(op, tensor) for tensor in (layer.lhs, layer.rhs, layer.output))
    return -lhs.zero_point, -rhs.zero_point, output.zero_point


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_batch_matmul_s8 or _s16, behind transpositions of what is not constant.

    TFLM transposes a constant right side in the first inference only: here it lies transposed already. A constant
    left side is transposed in each.
    """
    layer = _layer(model, op)
    arrays: list[bytes] = []
    calls: list[abi.Call] = []
    work: list[int] = []
    pointers: dict[_Side, abi.Argument] = {
        "lhs": abi.TensorPointer(layer.lhs.index),
        "rhs": abi.TensorPointer(layer.rhs.index),
    }
    for side in layer.flipped:
        tensor, data = layer.tensor(side), len(arrays) + 2
        pointers[side] = abi.PreparedPointer(data)
        ready = side == "rhs" and tensor.data is not None
        arrays += [b"", b"", _ready(layer, side, tensor.data).tobytes() if ready and tensor.data is not None else b""]
        if not ready:
            work.append(data)
            calls.append(_transposition(layer, tensor, data))
    lhs, rhs, output = _flattened(layer)
    largest = STORED_RANGE[layer.output.dtype]
    params = abi.fc_params(*_offsets(op, layer), largest)
    sums = abi.ScratchPointer(0) if runtime.mve and layer.kind == "s8" else None
    arguments = (
        abi.context(sums, 4 * layer.output_shape[3] if sums else 0),
        abi.bmm_params("lhs" in layer.flipped, "rhs" not in layer.flipped, params),
        abi.per_tensor_quant_params(*quantize_multiplier(_ratio(op, layer))),
        *(abi.dims(*lhs), pointers["lhs"]),
        *(abi.dims(*rhs), pointers["rhs"]),
        *(abi.dims(*output), abi.TensorPointer(layer.output.index)),
    )
    calls.append(abi.Call(f"arm_batch_matmul_{layer.kind}", arguments))
    return abi.Invocation(tuple(arrays), tuple(calls), tuple(work))


def _transposition(layer: _Layer, tensor: Tensor, array: int) -> abi.Call:
    *batches, rows, columns = tensor.shape
    sizes = math.prod(batches), rows, columns
    arguments = (abi.TensorPointer(tensor.index), *sizes, abi.PreparedPointer(array))
    return abi.Call(f"mcusim_transpose_matrices_{layer.kind}", arguments, checks_status=False)


def _flattened(layer: _Layer) -> tuple[tuple[int, int, int, int], ...]:
    """Shapes for the kernel: where one right side serves all of h, TFLM makes one matrix of their rows."""
    shapes = layer.lhs_shape, layer.rhs_shape, layer.output_shape
    if layer.rhs_shape[1] != 1 or min(len(layer.lhs.shape), len(layer.rhs.shape)) <= 2:
        return shapes
    lhs, rhs, output = ((1, n, h * w, c) for n, h, w, c in shapes)
    return lhs, rhs, output
