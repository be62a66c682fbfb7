"""Operators of the test vectors → how a case runs through the Numba kernels and through C functions."""

from collections.abc import Mapping
from types import ModuleType

from vectors import (
    add,
    batch_matmul,
    conv,
    depthwise_conv,
    fully_connected,
    lstm,
    min_max,
    mul,
    network,
    pad,
    pool,
    requantize,
    softmax,
    svdf,
    transpose,
    transpose_conv,
)

# Each module offers reference(case) -> array and target(case, kernels) -> array.
OPERATORS: Mapping[str, ModuleType] = {
    "add": add,
    "maximum": min_max,
    "minimum": min_max,
    "mul": mul,
    "softmax": softmax,
    "conv": conv,
    "depthwise_conv": depthwise_conv,
    "network": network,
    "transpose_conv": transpose_conv,
    "batch_matmul": batch_matmul,
    "fully_connected": fully_connected,
    "lstm": lstm,
    "requantize": requantize,
    "svdf": svdf,
    "avg_pool": pool,
    "max_pool": pool,
    "pad": pad,
    "transpose": transpose,
}
