"""A word → the number of its lowest or highest bit that is set, as one instruction of the host."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_WORD = ir.IntType(64)
_FALSE = ir.Constant(ir.IntType(1), 0)


@intrinsic  # type: ignore[untyped-decorator]
def lowest_bit(_typing_context: Any, word: Any) -> Any:
    """The number of the lowest bit that is set, 64 without one."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], _FALSE)

    return types.int64(types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def highest_bit(_typing_context: Any, word: Any) -> Any:
    """The number of the highest bit that is set, -1 without one."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.sub(ir.Constant(_WORD, 63), builder.ctlz(arguments[0], _FALSE))

    return types.int64(types.int64), generate
