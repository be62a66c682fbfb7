"""A LOGISTIC or TANH layer → its checks, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mcusim import abi
from mcusim.elementwise import unary_call, unary_reference
from mcusim.fixedpoint import logistic_scaling, sigmoid_s16_scaling
from mcusim.model import Model, Op
from mcusim.operands import Array, quantization, quantized_reason, same_shape
from mcusim.requantization import fixed_output_reason
from mcusim.runtime import OpMemory, Runtime

# TFLM takes int16 scales within a thousandth of the logarithm of a power of two for that (CheckedLog2).
LOGARITHM_TOLERANCE = 2**1e-3 - 1


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """LOGISTIC or TANH: kernels and C functions by type, the output's scale and zero point of int8.

    `left_shifts` are those by which int16 inputs of a power-of-two scale go without a multiplier.
    """

    kernels: Mapping[str, Callable[..., None]]
    symbols: Mapping[str, str]
    int8_output: tuple[float, int]
    left_shifts: tuple[int, ...]

    def check(self, model: Model, op: Op) -> str | None:
        """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
        source, output = same_shape(model, op)
        if reason := quantized_reason(("int8", "int16"), source, output):
            return reason
        if source.dtype == "int8":
            reason = fixed_output_reason(output, *self.int8_output)
        else:
            reason = fixed_output_reason(output, 1 / 32768, 0, LOGARITHM_TOLERANCE)
        if reason:
            return reason
        try:
            self._scalars(model, op)
        except ValueError as error:
            return str(error)
        return None

    def macs(self, model: Model, op: Op) -> int:
        """None: it works element by element."""
        return 0

    def memory(self, model: Model, op: Op, runtime: Runtime) -> OpMemory:
        """What TFLM allocates; there are no options to parse."""
        same_shape(model, op)
        return OpMemory(init_bytes=16)

    def _scalars(self, model: Model, op: Op) -> tuple[int, ...]:
        """zero_point, range_radius, multiplier and left_shift of int8; multiplier and left_shift of int16."""
        source, _ = same_shape(model, op)
        of = quantization(op, source)
        if source.dtype == "int16":
            return sigmoid_s16_scaling(of.scale, self.left_shifts)
        multiplier, left_shift, range_radius = logistic_scaling(of.scale)
        return of.zero_point, range_radius, multiplier, left_shift

    def reference(self, model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """The output, in the input's shape."""
        kernel = self.kernels[same_shape(model, op)[0].dtype]
        return unary_reference(kernel, model, op, inputs[0], self._scalars(model, op))

    def invocation(self, model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
        """The C function of the type."""
        return unary_call(model, op, self.symbols[same_shape(model, op)[0].dtype], self._scalars(model, op))
