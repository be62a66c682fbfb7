"""Plan → the scratch that its kernels' own _get_buffer_size functions ask for, executed."""

from __future__ import annotations

from mcusim.abi import Argument, Call, place
from mcusim.emulator import Emulator
from mcusim.errors import EmulationError
from mcusim.plan import SIMULATED_BYTES, Plan
from mcusim.scratch import sized_calls

MAX_INSTRUCTIONS = 100_000  # several hundred times what a formula of dimensions takes
STACK_BYTES = 4096


def buffer_sizes(plan: Plan) -> tuple[tuple[int, ...], ...]:
    """Bytes of scratch by layer and, within, in the order of scratch.sized_calls.

    Raises EmulationError for a function that goes wrong, does not return, or returns a size that cannot be.
    """
    calls = [sized_calls(invocation) for invocation in plan.invocations]
    emulator = Emulator(plan.core, plan.firmware, plan.code_address, (plan.arena_address, STACK_BYTES))
    stack = plan.arena_address, plan.arena_address + STACK_BYTES
    known: dict[Call, int] = {}
    for op, of_layer in zip(plan.model.ops, calls, strict=True):
        for call in of_layer:
            if call not in known:
                try:
                    known[call] = _size(emulator, call, stack, plan)
                except EmulationError as error:
                    raise EmulationError(f"layer {op.index} ({op.name}): {error}") from error
    return tuple(tuple(known[call] for call in of_layer) for of_layer in calls)


def _size(emulator: Emulator, call: Call, stack: tuple[int, int], plan: Plan) -> int:
    placement = place(call, _no_pointer, stack[1], plan.firmware.float_abi_of(call.symbol))
    emulator.call(
        placement, writable=(), readable=(), stack=stack, max_instructions=MAX_INSTRUCTIONS, checks_status=False
    )
    size = emulator.result(call.symbol)
    if not 0 <= size <= SIMULATED_BYTES:
        raise EmulationError(f"{call.symbol} returns {size:,} bytes, which is no size of scratch")
    return size


def _no_pointer(argument: Argument) -> int:
    raise EmulationError(f"a function that sizes scratch is given dimensions only, not {argument}")
