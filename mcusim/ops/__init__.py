"""The operators that mcusim runs, by TensorFlow Lite name: each a module of checks, MACs, memory, result and C call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.ops import (
    add,
    average_pool_2d,
    concatenation,
    conv_2d,
    depthwise_conv_2d,
    dequantize,
    fully_connected,
    logistic,
    max_pool_2d,
    mean,
    mul,
    pad,
    quantize,
    relu,
    relu6,
    reshape,
    softmax,
    transpose_conv,
)
from mcusim.runtime import OpMemory, Runtime


class Operator(Protocol):
    """What every module here offers; KERNELS are the C functions that its invocations call."""

    KERNELS: tuple[str, ...]

    def check(self, model: Model, op: Op) -> str | None:
        """Why mcusim cannot run the layer, as a phrase; None if it can. BadModelError where shapes disagree."""

    def macs(self, model: Model, op: Op) -> int:
        """Multiply-accumulates of the layer."""

    def memory(self, model: Model, op: Op, runtime: Runtime) -> OpMemory:
        """What TensorFlow Lite Micro allocates for the layer, also for types that `check` refuses."""

    def reference(self, model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """The outputs for the operands in the operator's order, constants included, by the Numba kernels."""

    def invocation(self, model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
        """The C calls that run the layer, and the arrays that Prepare would have filled for them."""


OPERATORS: Mapping[str, Operator] = {
    "ADD": add,
    "AVERAGE_POOL_2D": average_pool_2d,
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "DEQUANTIZE": dequantize,
    "FULLY_CONNECTED": fully_connected,
    "LOGISTIC": logistic,
    "MAX_POOL_2D": max_pool_2d,
    "MEAN": mean,
    "MUL": mul,
    "PAD": pad,
    "QUANTIZE": quantize,
    "RELU": relu,
    "RELU6": relu6,
    "RESHAPE": reshape,
    "SOFTMAX": softmax,
    "TRANSPOSE_CONV": transpose_conv,
}
