"""Operators of the test vectors → how a case runs through the Numba kernels and through C functions."""

from collections.abc import Mapping
from types import ModuleType

from vectors import add, conv, depthwise_conv, network, transpose_conv

# Each module offers reference(case) -> array and target(case, kernels) -> array.
OPERATORS: Mapping[str, ModuleType] = {
    "add": add,
    "conv": conv,
    "depthwise_conv": depthwise_conv,
    "network": network,
    "transpose_conv": transpose_conv,
}
