"""Eight neighbouring words of an int32 array at once: found among, put among, taken out of, added up.

Compiled code only: what Numba makes of such loops takes one word at a time, because each index may be negative. And a
processor waits when it reads words of which one has just been written by itself, so that all are written. Nothing
checks that the words are there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

LANES = 8  # what most hosts have in one register; sixteen are not faster

_LINE_BYTES, _WORD_BYTES = 64, 4
_WORD, _INDEX = ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_WORD, LANES)
_UNDEFINED = ir.Constant(_VECTOR, ir.Undefined)
_NUMBERS = ir.Constant(_VECTOR, list(range(LANES)))


def zeros(count: int) -> NDArray[np.int32]:
    """Words that begin where a line of the host's cache does, so that LANES at a multiple of that lie in one."""
    memory = np.zeros(count + _LINE_BYTES // _WORD_BYTES, np.int32)
    skipped = -memory.ctypes.data % _LINE_BYTES // _WORD_BYTES
    return memory[skipped : skipped + count]


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Where the words lie that begin at an index."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _everywhere(builder: Any, word: Any) -> Any:
    """A number in all lanes."""
    one = builder.insert_element(_UNDEFINED, builder.trunc(word, _WORD), _WORD(0))
    return builder.shuffle_vector(one, _UNDEFINED, ir.Constant(_VECTOR, [0] * LANES))


def _moved(builder: Any, vector: Any, sources: list[int]) -> Any:
    """Lanes in another order."""
    return builder.shuffle_vector(vector, _UNDEFINED, ir.Constant(_VECTOR, sources))


def _rewrites(change: Callable[[Any, Any, Any, Any], Any]) -> Any:
    """(words, index, lane, word): the words at an index are replaced by what `change` makes of them.

    It gets the builder, the words, the lane's number and the word, the two in all lanes.
    """

    def typed(_typing_context: Any, words: Any, _index: Any, _lane: Any, _word: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array, index, lane, word = arguments
            pointer = _pointer(context, builder, signature.args[0], array, index)
            lanes = _everywhere(builder, lane), _everywhere(builder, word)
            changed = change(builder, builder.load(pointer, align=4), *lanes)
            builder.fence(
                "seq_cst", "singlethread"
            )  # no instruction, but keeps a store of all from becoming one of some
            builder.store(changed, pointer, align=4)
            return context.get_dummy_value()

        return types.void(words, types.int64, types.int64, types.int64), generate

    typed.__doc__ = change.__doc__
    return intrinsic(typed)


def _reduces(operation: str) -> Any:
    """(words, index): one number of the words at an index."""

    def typed(_typing_context: Any, words: Any, _index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            vector = builder.load(_pointer(context, builder, signature.args[0], *arguments), align=4)
            function = ir.FunctionType(_WORD, [_VECTOR])
            name = f"llvm.vector.reduce.{operation}.v{LANES}i32"
            declared = builder.module.globals.get(name) or ir.Function(builder.module, function, name)
            return builder.sext(builder.call(declared, [vector]), _INDEX)

        return types.int64(words, types.int64), generate

    return intrinsic(typed)


def _put(builder: Any, vector: Any, lane: Any, word: Any) -> Any:
    """Make `word` the one of a lane."""
    return builder.select(builder.icmp_signed("==", _NUMBERS, lane), word, vector)


def _insert(builder: Any, vector: Any, lane: Any, word: Any) -> Any:
    """Put `word` before that of a lane; the last is lost."""
    later = _moved(builder, vector, [0, *range(LANES - 1)])
    return _put(builder, builder.select(builder.icmp_signed("<", _NUMBERS, lane), vector, later), lane, word)


def _remove(builder: Any, vector: Any, lane: Any, word: Any) -> Any:
    """Take a lane's out; `word` becomes the last."""
    earlier = _moved(builder, vector, [*range(1, LANES), 0])
    rest = builder.select(builder.icmp_signed("<", _NUMBERS, lane), vector, earlier)
    return builder.select(builder.icmp_signed("==", _NUMBERS, ir.Constant(_VECTOR, [LANES - 1] * LANES)), word, rest)


put = _rewrites(_put)
insert = _rewrites(_insert)
remove = _rewrites(_remove)
largest = _reduces("smax")
total = _reduces("add")


@intrinsic  # type: ignore[untyped-decorator]
def first_at_least(_typing_context: Any, words: Any, _index: Any, _least: Any) -> Any:
    """Which of the words at `index` is the first that is not smaller than `least`, LANES if none is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, index, least = arguments
        vector = builder.load(_pointer(context, builder, signature.args[0], array, index), align=4)
        fitting = builder.icmp_signed(">=", vector, _everywhere(builder, least))
        mask = builder.zext(builder.bitcast(fitting, ir.IntType(LANES)), _INDEX)
        return builder.cttz(builder.or_(mask, _INDEX(1 << LANES)), ir.IntType(1)(1))

    return types.int64(words, types.int64, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def copy(_typing_context: Any, words: Any, _target: Any, _source: Any) -> Any:
    """Copy the words at an index to another; they may overlap."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, target, source = arguments
        vector = builder.load(_pointer(context, builder, signature.args[0], array, source), align=4)
        builder.store(vector, _pointer(context, builder, signature.args[0], array, target), align=4)
        return context.get_dummy_value()

    return types.void(words, types.int64, types.int64), generate
