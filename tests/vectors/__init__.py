"""Operators of the test vectors → how a case runs through the Numba kernels and through C functions."""

from collections.abc import Mapping
from types import ModuleType

from vectors import add, pad, pool, transpose

# Each module offers reference(case) -> array and target(case, kernels) -> array.
OPERATORS: Mapping[str, ModuleType] = {
    "add": add,
    "avg_pool": pool,
    "max_pool": pool,
    "pad": pad,
    "transpose": transpose,
}
