"""The operators that mcusim runs, by TensorFlow Lite name: each a module of checks, MACs, memory, result and C call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.runtime import OpMemory, Runtime
from mcusim.siblings import Siblings
from mcusim.variables import assigned


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


OPERATORS: Mapping[str, Operator] = Siblings(
    __name__,
    {
        "ABS": "abs",
        "ADD": "add",
        "ARG_MAX": "arg_max",
        "ARG_MIN": "arg_min",
        "ASSIGN_VARIABLE": "assign_variable",
        "AVERAGE_POOL_2D": "average_pool_2d",
        "BATCH_MATMUL": "batch_matmul",
        "BATCH_TO_SPACE_ND": "batch_to_space_nd",
        "BROADCAST_TO": "broadcast_to",
        "CALL_ONCE": "call_once",
        "CAST": "cast",
        "CONCATENATION": "concatenation",
        "CONV_2D": "conv_2d",
        "CUMSUM": "cumsum",
        "DEPTHWISE_CONV_2D": "depthwise_conv_2d",
        "DEPTH_TO_SPACE": "depth_to_space",
        "DEQUANTIZE": "dequantize",
        "DIV": "div",
        "ELU": "elu",
        "EQUAL": "equal",
        "EXPAND_DIMS": "expand_dims",
        "FILL": "fill",
        "FULLY_CONNECTED": "fully_connected",
        "GATHER": "gather",
        "GREATER": "greater",
        "GREATER_EQUAL": "greater_equal",
        "HARD_SWISH": "hard_swish",
        "L2_NORMALIZATION": "l2_normalization",
        "LEAKY_RELU": "leaky_relu",
        "LESS": "less",
        "LESS_EQUAL": "less_equal",
        "LOGICAL_AND": "logical_and",
        "LOGICAL_NOT": "logical_not",
        "LOGICAL_OR": "logical_or",
        "LOGISTIC": "logistic",
        "MAXIMUM": "maximum",
        "MAX_POOL_2D": "max_pool_2d",
        "MEAN": "mean",
        "MINIMUM": "minimum",
        "MIRROR_PAD": "mirror_pad",
        "MUL": "mul",
        "NOT_EQUAL": "not_equal",
        "PACK": "pack",
        "PAD": "pad",
        "PADV2": "padv2",
        "PRELU": "prelu",
        "QUANTIZE": "quantize",
        "READ_VARIABLE": "read_variable",
        "REDUCE_MAX": "reduce_max",
        "REDUCE_MIN": "reduce_min",
        "RELU": "relu",
        "RELU6": "relu6",
        "RESHAPE": "reshape",
        "RESIZE_BILINEAR": "resize_bilinear",
        "RESIZE_NEAREST_NEIGHBOR": "resize_nearest_neighbor",
        "RSQRT": "rsqrt",
        "SHAPE": "shape",
        "SLICE": "slice",
        "SOFTMAX": "softmax",
        "SPACE_TO_BATCH_ND": "space_to_batch_nd",
        "SPACE_TO_DEPTH": "space_to_depth",
        "SPLIT": "split",
        "SPLIT_V": "split_v",
        "SQUARED_DIFFERENCE": "squared_difference",
        "SQUEEZE": "squeeze",
        "STRIDED_SLICE": "strided_slice",
        "SUB": "sub",
        "SUM": "sum",
        "SVDF": "svdf",
        "TANH": "tanh",
        "TRANSPOSE": "transpose",
        "TRANSPOSE_CONV": "transpose_conv",
        "UNIDIRECTIONAL_SEQUENCE_LSTM": "unidirectional_sequence_lstm",
        "UNPACK": "unpack",
        "VAR_HANDLE": "var_handle",
        "ZEROS_LIKE": "zeros_like",
    },
)

# Operators with a memory, and the positions of the operands that it is: variable tensors, which the layer rewrites.
STATES: Mapping[str, tuple[int, ...]] = {"SVDF": (4,), "UNIDIRECTIONAL_SEQUENCE_LSTM": (18, 19)}


def written(model: Model, op: Op) -> tuple[int, ...]:
    """The tensors that a layer writes: outputs or its variable, then its states, if `check` lets it through."""
    return (*assigned(model, op), *(op.inputs[position] for position in STATES.get(op.name, ())))
