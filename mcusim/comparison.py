"""A comparison, a logical operator, MAXIMUM or MINIMUM → its checks, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.elementwise import Binary, binary, broadcast_call, broadcast_reason, collapsed, repeated
from mcusim.fixedpoint import quantize_multiplier
from mcusim.model import Model, Op, Tensor
from mcusim.nn.comparison import rescaled
from mcusim.operands import SUFFIXES, Array, quantization, quantized_reason
from mcusim.runtime import OpMemory, Runtime

LEFT_SHIFT = 8  # headroom of int8 before comparisons rescale it (TFLM, ComparisonsPrepare)


@dataclass(frozen=True, slots=True)
class Elementwise:
    """An operator of two operands of one type whose result TFLM computes without Prepare, or a comparison.

    `symbols` are the C functions by type; `output` is the type of the result, None for the operands' own.
    `rescales`: int8 operands are compared on a common scale.
    """

    kernel: Callable[..., None]
    symbols: Mapping[str, str]
    output: str | None
    init_bytes: int
    rescales: bool

    def check(self, model: Model, op: Op) -> str | None:
        """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
        layer = binary(model, op)
        tensors = (layer.input_1, layer.input_2)
        for tensor in (*tensors, layer.output):
            expected = tensors[0].dtype if self.output is None or tensor in tensors else self.output
            if tensor.dtype != expected or tensors[0].dtype not in self.symbols:
                return f"{tensors[0].dtype} and {tensor.dtype} together are not supported"
            if tensor.elements == 0:
                return f"tensor {tensor.name!r} is empty"
        reason = broadcast_reason(layer)
        if reason or tensors[0].dtype != "int8" or not self.rescales:
            return reason
        return quantized_reason(("int8",), *tensors) or _scale_reason(op, *tensors)

    def macs(self, model: Model, op: Op) -> int:
        """None: nothing is multiplied and accumulated."""
        return 0

    def memory(self, model: Model, op: Op, runtime: Runtime) -> OpMemory:
        """What TFLM allocates: the same with both kernel libraries, and no options to parse."""
        binary(model, op)
        return OpMemory(init_bytes=self.init_bytes)

    def reference(self, model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """The output, in the output tensor's shape, for the two operands."""
        layer = binary(model, op)
        one, other = (value.reshape(-1) for value in repeated(layer, inputs))
        if self.rescales and one.dtype == np.int8:
            scalars = _scalars(op, layer)
            one, other = _rescaled(one, scalars[:3]), _rescaled(other, scalars[3:6])
        output = np.empty(layer.output.elements, layer.output.dtype)
        self.kernel(one, other, output)
        return (output.reshape(layer.output.shape),)

    def invocation(self, model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
        """The C function of the operands' type."""
        layer = binary(model, op)
        dtype = layer.input_1.dtype
        if self.symbols[dtype].startswith("arm_"):
            return _cmsis_nn_call(layer, self.symbols[dtype])
        scalars = _scalars(op, layer) if self.rescales and dtype == "int8" else ()
        return broadcast_call(layer, self.symbols[dtype], scalars)


def comparison(name: str, kernel: Callable[..., None], dtypes: Sequence[str]) -> Elementwise:
    """A comparison of operands of some types, int8 among them."""
    symbols = {dtype: f"mcusim_{name}_{SUFFIXES[dtype]}" for dtype in dtypes}
    return Elementwise(kernel, symbols, "bool", init_bytes=32, rescales=True)


def _cmsis_nn_call(layer: Binary, symbol: str) -> abi.Invocation:
    """A CMSIS-NN function of an empty context, and data and dims of the inputs and the output."""
    tensors = (layer.input_1, layer.input_2, layer.output)
    shapes = (abi.dims(*collapsed(layer, tensor)) for tensor in tensors)
    pairs = zip((abi.TensorPointer(tensor.index) for tensor in tensors), shapes, strict=True)
    arguments: list[abi.Argument] = [abi.context(None, 0)]
    for pointer, shape in pairs:
        arguments += [pointer, shape]
    return abi.Invocation((), (abi.Call(symbol, tuple(arguments)),))


def _scale_reason(op: Op, *tensors: Tensor) -> str | None:
    """TFLM aborts in QuantizeMultiplierSmallerThanOneExp for scales from 1 up."""
    largest = max(quantization(op, tensor).scale for tensor in tensors)
    return None if largest < 1 else f"an int8 scale of {largest:.3g}, which is not below 1, is not supported"


def _scalars(op: Op, layer: Binary) -> tuple[int, ...]:
    """input_offset, multiplier and shift of both operands, and left_shift."""
    scalars = []
    for tensor in (layer.input_1, layer.input_2):
        of = quantization(op, tensor)
        scalars += [-of.zero_point, *quantize_multiplier(of.scale)]
    return (*scalars, LEFT_SHIFT)


def _rescaled(values: NDArray[np.int8], scaling: tuple[int, ...]) -> NDArray[np.int32]:
    output = np.empty(values.shape, np.int32)
    offset, multiplier, shift = scaling
    rescaled(values, offset, multiplier, shift, LEFT_SHIFT, output)
    return output
