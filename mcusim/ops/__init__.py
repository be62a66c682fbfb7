"""The operators that mcusim runs, by TensorFlow Lite name: each a module of checks, MACs, memory, result and C call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.ops import (
    add,
    arg_max,
    arg_min,
    assign_variable,
    average_pool_2d,
    batch_to_space_nd,
    broadcast_to,
    call_once,
    cast,
    concatenation,
    conv_2d,
    cumsum,
    depth_to_space,
    depthwise_conv_2d,
    dequantize,
    expand_dims,
    fill,
    fully_connected,
    gather,
    logistic,
    max_pool_2d,
    mean,
    mirror_pad,
    mul,
    pack,
    pad,
    padv2,
    quantize,
    read_variable,
    reduce_max,
    reduce_min,
    relu,
    relu6,
    reshape,
    resize_bilinear,
    resize_nearest_neighbor,
    shape,
    slice,
    softmax,
    space_to_batch_nd,
    space_to_depth,
    split,
    split_v,
    squeeze,
    strided_slice,
    sum,
    transpose,
    unpack,
    var_handle,
    zeros_like,
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
    "ARG_MAX": arg_max,
    "ARG_MIN": arg_min,
    "ASSIGN_VARIABLE": assign_variable,
    "AVERAGE_POOL_2D": average_pool_2d,
    "BATCH_TO_SPACE_ND": batch_to_space_nd,
    "BROADCAST_TO": broadcast_to,
    "CALL_ONCE": call_once,
    "CAST": cast,
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "CUMSUM": cumsum,
    "DEPTH_TO_SPACE": depth_to_space,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "DEQUANTIZE": dequantize,
    "EXPAND_DIMS": expand_dims,
    "FILL": fill,
    "FULLY_CONNECTED": fully_connected,
    "GATHER": gather,
    "LOGISTIC": logistic,
    "MAX_POOL_2D": max_pool_2d,
    "MEAN": mean,
    "MIRROR_PAD": mirror_pad,
    "MUL": mul,
    "PACK": pack,
    "PAD": pad,
    "PADV2": padv2,
    "QUANTIZE": quantize,
    "READ_VARIABLE": read_variable,
    "REDUCE_MAX": reduce_max,
    "REDUCE_MIN": reduce_min,
    "RELU": relu,
    "RELU6": relu6,
    "RESHAPE": reshape,
    "RESIZE_BILINEAR": resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": resize_nearest_neighbor,
    "SHAPE": shape,
    "SLICE": slice,
    "SOFTMAX": softmax,
    "SPACE_TO_BATCH_ND": space_to_batch_nd,
    "SPACE_TO_DEPTH": space_to_depth,
    "SPLIT": split,
    "SPLIT_V": split_v,
    "SQUEEZE": squeeze,
    "STRIDED_SLICE": strided_slice,
    "SUM": sum,
    "TRANSPOSE": transpose,
    "UNPACK": unpack,
    "VAR_HANDLE": var_handle,
    "ZEROS_LIKE": zeros_like,
}
