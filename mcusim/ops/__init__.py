"""The operators that mcusim runs, by TensorFlow Lite name: each a module of checks, MACs, memory, result and C call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.ops import (
    abs as absolute,
)
from mcusim.ops import (
    add,
    average_pool_2d,
    batch_matmul,
    concatenation,
    conv_2d,
    depthwise_conv_2d,
    dequantize,
    div,
    elu,
    equal,
    fully_connected,
    greater,
    greater_equal,
    hard_swish,
    l2_normalization,
    leaky_relu,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logistic,
    max_pool_2d,
    maximum,
    mean,
    minimum,
    mul,
    not_equal,
    pad,
    prelu,
    quantize,
    relu,
    relu6,
    reshape,
    rsqrt,
    softmax,
    squared_difference,
    sub,
    svdf,
    tanh,
    transpose_conv,
)
from mcusim.ops import unidirectional_sequence_lstm as lstm
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
        """The values of all that the layer writes, as `written` has them, by the Numba kernels.

        `inputs` are the operands in the operator's order, constants and the states before the layer included.
        """

    def invocation(self, model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
        """The C calls that run the layer, and the arrays that Prepare would have filled for them."""


OPERATORS: Mapping[str, Operator] = {
    "ABS": absolute,
    "ADD": add,
    "AVERAGE_POOL_2D": average_pool_2d,
    "BATCH_MATMUL": batch_matmul,
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "DEQUANTIZE": dequantize,
    "DIV": div,
    "ELU": elu,
    "EQUAL": equal,
    "FULLY_CONNECTED": fully_connected,
    "GREATER": greater,
    "GREATER_EQUAL": greater_equal,
    "HARD_SWISH": hard_swish,
    "L2_NORMALIZATION": l2_normalization,
    "LEAKY_RELU": leaky_relu,
    "LESS": less,
    "LESS_EQUAL": less_equal,
    "LOGICAL_AND": logical_and,
    "LOGICAL_NOT": logical_not,
    "LOGICAL_OR": logical_or,
    "LOGISTIC": logistic,
    "MAX_POOL_2D": max_pool_2d,
    "MAXIMUM": maximum,
    "MEAN": mean,
    "MINIMUM": minimum,
    "MUL": mul,
    "NOT_EQUAL": not_equal,
    "PAD": pad,
    "PRELU": prelu,
    "QUANTIZE": quantize,
    "RELU": relu,
    "RELU6": relu6,
    "RESHAPE": reshape,
    "RSQRT": rsqrt,
    "SOFTMAX": softmax,
    "SQUARED_DIFFERENCE": squared_difference,
    "SUB": sub,
    "SVDF": svdf,
    "TANH": tanh,
    "TRANSPOSE_CONV": transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
}

# Operators with a memory, and the positions of the operands that it is: variable tensors, which the layer rewrites.
STATES: Mapping[str, tuple[int, ...]] = {"SVDF": svdf.STATES, "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm.STATES}


def written(op: Op) -> tuple[int, ...]:
    """The tensors that a layer writes: its outputs, then its states, for an operator that `check` lets through."""
    return (*op.outputs, *(op.inputs[position] for position in STATES.get(op.name, ())))
