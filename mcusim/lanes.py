"""Sixteen neighbouring words of an int32 array at once → the first that is large enough, or their copy elsewhere.

Compiled code only: what Numba compiles of such loops takes one word at a time, because each of its indices may be
negative. Nothing checks that the words are there.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

LANES = 16

_WORD, _INDEX = ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_WORD, LANES)


def _vector_at(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """A pointer to the words that begin at an index."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


@intrinsic  # type: ignore[untyped-decorator]
def first_at_least(_typing_context: Any, words: Any, _index: Any, _least: Any) -> Any:
    """Which of the words at `index` is the first that is not smaller than `least`, LANES if none is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, index, least = arguments
        vector = builder.load(_vector_at(context, builder, signature.args[0], array, index), align=4)
        wanted = ir.Constant(_VECTOR, ir.Undefined)
        wanted = builder.insert_element(wanted, builder.trunc(least, _WORD), _WORD(0))
        everywhere = ir.Constant(ir.VectorType(_WORD, LANES), [0] * LANES)
        wanted = builder.shuffle_vector(wanted, ir.Constant(_VECTOR, ir.Undefined), everywhere)
        mask = builder.bitcast(builder.icmp_signed(">=", vector, wanted), ir.IntType(LANES))
        marked = builder.or_(builder.zext(mask, _INDEX), _INDEX(1 << LANES))
        return builder.cttz(marked, ir.IntType(1)(1))

    return types.int64(words, types.int64, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def copy(_typing_context: Any, words: Any, _target: Any, _source: Any) -> Any:
    """Copy the words at an index to another; they may overlap."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, target, source = arguments
        vector = builder.load(_vector_at(context, builder, signature.args[0], array, source), align=4)
        builder.store(vector, _vector_at(context, builder, signature.args[0], array, target), align=4)
        return context.get_dummy_value()

    return types.void(words, types.int64, types.int64), generate
