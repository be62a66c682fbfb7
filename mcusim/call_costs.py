"""The C calls of a layer → which kernel runs, and its loop counts, by what each function makes of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mcusim.abi import Argument, Struct, TensorPointer
from mcusim.byte_runs import add
from mcusim.cost import CALL, Cost, Counts, Stream, Target
from mcusim.errors import UnsupportedError
from mcusim.model import Model, Op
from mcusim.operands import layer_name
from mcusim.ops import OPERATORS
from mcusim.runtime import Runtime

Arguments = Sequence[Argument]
Spread = Mapping[str, tuple[float, float]]
Counted = tuple[str, Counts, Spread]


def by_calls(functions: Mapping[str, Callable[[Arguments, Target], Counted]]) -> Callable[[Model, Op, Target], Cost]:
    """Count layers by the C functions that they call, each by its own arguments.

    A function gives what is behind its symbol in the kernel's name, its counts, and the spread of those that depend
    on values. A layer that calls nothing costs nothing. UnsupportedError for what mcusim cannot run.
    """

    def count(model: Model, op: Op, target: Target) -> Cost:
        refuse(model, op)
        calls = OPERATORS[op.name].invocation(model, op, Runtime("cmsis_nn", target.dsp, mve=False)).calls
        kernel, counts, spread = "", Counts(), dict[str, tuple[float, float]]()
        for call in calls:
            kind, found, between = functions[call.symbol](call.arguments, target)
            kernel = call.symbol + kind
            spread |= {name: _sum(spread.get(name), one) for name, one in between.items()}
            counts = add(counts, {CALL: 1.0}, found)
        return Cost(kernel, counts, _streams(model, op, [one for call in calls for one in call.arguments]), spread)

    return count


def refuse(model: Model, op: Op) -> None:
    """UnsupportedError with the reason for a layer that mcusim cannot run."""
    reason = OPERATORS[op.name].check(model, op)
    if reason is not None:
        raise UnsupportedError(f"{layer_name(op)}: {reason}")


def _sum(one: tuple[float, float] | None, other: tuple[float, float]) -> tuple[float, float]:
    return (one[0] + other[0], one[1] + other[1]) if one else other


def _streams(model: Model, op: Op, arguments: Arguments) -> tuple[Stream, ...]:
    """What the calls read from end to end: their inputs, of which no more than is written where elements are moved."""
    read = {one.tensor for one in arguments if isinstance(one, TensorPointer)} & set(op.inputs)
    written = sum(model.tensors[index].bytes for index in op.outputs)
    streams = []
    for index in sorted(read):
        tensor = model.tensors[index]
        size = min(tensor.bytes, written) if op.name in ("SLICE", "STRIDED_SLICE", "GATHER") else tensor.bytes
        streams.append(Stream(size, 1, 0, tensor.is_constant, tensor.file_offset or 0))
    return tuple(streams)


def whole(argument: Argument) -> int:
    """An integer among the arguments."""
    assert isinstance(argument, int)
    return argument


def members(argument: Argument) -> tuple[int, ...]:
    """The integers of a structure among the arguments."""
    assert isinstance(argument, Struct)
    return tuple(one for one in argument.words if isinstance(one, int))
