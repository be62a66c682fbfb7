"""Scratch as the calls' own sizes have it, beside scratch that no call sizes."""

import pytest

from mcusim.abi import Call, Invocation, PreparedPointer, ScratchPointer, Struct, TensorPointer, context
from mcusim.runtime import OpMemory
from mcusim.scratch import known_sizes, resized, sized_calls

SIZE = Call("f_get_buffer_size", (Struct((1, 2)),), checks_status=False)
OTHER = Call("g_get_buffer_size", (), checks_status=False)


def layer(*requests, sizing=(SIZE,)):
    """One call whose context is the first request, if there is one; further requests go to a struct."""
    first = context(ScratchPointer(0), requests[0]) if requests else context(None, 0)
    more = Struct(tuple(ScratchPointer(number) for number in range(1, len(requests))))
    call = Call("f", (first, TensorPointer(3), more, PreparedPointer(0)), sizing=sizing)
    return Invocation((b"array",), (call,)), OpMemory(init_bytes=7, scratch_bytes=requests)


def test_another_size():
    invocation, memory = resized(*layer(64, 8), [100])
    assert memory == OpMemory(init_bytes=7, scratch_bytes=(100, 8))
    assert invocation.calls[0].arguments[0] == context(ScratchPointer(0), 100)
    assert invocation.arrays == (b"array",)


def test_none_where_there_was_some():
    invocation, memory = resized(*layer(64, 8), [0])
    assert memory.scratch_bytes == (8,)
    assert invocation.calls[0].arguments[:3] == (context(None, 0), TensorPointer(3), Struct((ScratchPointer(0),)))


def test_some_where_there_was_none():
    invocation, memory = resized(*layer(), [12])
    assert memory.scratch_bytes == (12,)
    assert invocation.calls[0].arguments[0] == context(ScratchPointer(0), 12)


def test_the_same_size_changes_nothing():
    given = layer(64, 8)
    assert resized(*given, [64]) == given


def test_a_call_with_two_contexts():
    call = Call("f", (context(ScratchPointer(0), 5), context(None, 0), 9), sizing=(SIZE, OTHER))
    given = Invocation((), (call,)), OpMemory(scratch_bytes=(5,))
    assert sized_calls(given[0]) == (SIZE, OTHER) and known_sizes(given[0]) == (5, 0)
    invocation, memory = resized(*given, [0, 6])
    assert memory.scratch_bytes == (6,)
    assert invocation.calls[0].arguments == (context(None, 0), context(ScratchPointer(0), 6), 9)


def test_a_call_without_sizes_keeps_its_own():
    given = layer(64, sizing=())
    assert resized(*given, []) == given
    with pytest.raises(StopIteration):
        resized(*layer(64), [])
