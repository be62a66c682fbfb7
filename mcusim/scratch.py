"""A layer's calls + sizes of their scratch → the calls and the memory of the layer with these sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mcusim.abi import Argument, Call, Invocation, ScratchPointer, Struct, context
from mcusim.runtime import OpMemory


def resized(invocation: Invocation, memory: OpMemory, sizes: Sequence[int]) -> tuple[Invocation, OpMemory]:
    """The layer with the scratch that its calls' `sizing` ask for; `sizes` in bytes, in the order of the calls.

    A request of 0 bytes is none, as in TensorFlow Lite Micro; scratch that no call sizes stays.
    """
    given = iter(sizes)
    requests = dict(enumerate(memory.scratch_bytes))
    calls = []
    for call in invocation.calls:
        arguments = list(call.arguments)
        for position in range(len(call.sizing)):
            number, size = _request(arguments[position], requests), next(given)
            requests[number] = size
            arguments[position] = context(ScratchPointer(number), size) if size else context(None, 0)
        calls.append(replace(call, arguments=tuple(arguments)))
    kept = [number for number, size in requests.items() if size]
    numbers = {number: index for index, number in enumerate(kept)}
    renumbered = tuple(
        replace(call, arguments=tuple(_renumbered(argument, numbers) for argument in call.arguments)) for call in calls
    )
    scratch = tuple(requests[number] for number in kept)
    return replace(invocation, calls=renumbered), replace(memory, scratch_bytes=scratch)


def sized_calls(invocation: Invocation) -> tuple[Call, ...]:
    """The calls that size a layer's scratch, in order."""
    return tuple(sizing for call in invocation.calls for sizing in call.sizing)


def known_sizes(invocation: Invocation) -> tuple[int, ...]:
    """What the layer's contexts say of their sizes in bytes, in the order of `sized_calls`."""
    contexts = [argument for call in invocation.calls for argument in call.arguments[: len(call.sizing)]]
    return tuple(one.members[1] for one in contexts if isinstance(one, Struct) and isinstance(one.members[1], int))


def _request(argument: Argument, requests: Mapping[int, int]) -> int:
    """The number of the request behind a context; the next one where it has none yet."""
    assert isinstance(argument, Struct)
    pointer = argument.members[0]
    return pointer.request if isinstance(pointer, ScratchPointer) else len(requests)


def _renumbered(argument: Argument, numbers: Mapping[int, int]) -> Argument:
    if isinstance(argument, ScratchPointer):
        return ScratchPointer(numbers[argument.request], argument.byte_offset)
    if isinstance(argument, Struct):
        # A structure within it holds pointers too: an LSTM's gates.
        return Struct(
            tuple(
                tuple(_renumbered(one, numbers) for one in member)
                if isinstance(member, tuple)
                else _renumbered(member, numbers)
                for member in argument.members
            )
        )
    return argument
