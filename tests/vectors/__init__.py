"""Operators of the test vectors → how a case runs through the Numba kernels and through C functions."""

from collections.abc import Mapping
from types import ModuleType

from vectors import add, min_max, mul, softmax

# Each module offers reference(case) -> array and target(case, kernels) -> array.
OPERATORS: Mapping[str, ModuleType] = {
    "add": add,
    "maximum": min_max,
    "minimum": min_max,
    "mul": mul,
    "softmax": softmax,
}
