"""Plan + inputs → the emulated board while a model runs on it: every layer executed, timed and compared."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import record, timing
from mcusim.abi import Argument, PreparedPointer, ScratchPointer, TensorPointer, place
from mcusim.differences import BesideReference, Compared
from mcusim.emulator import Emulator
from mcusim.errors import EmulationError, UnsupportedError
from mcusim.hot_code import HotCode
from mcusim.kernel_variants import blocked, variant_of
from mcusim.layer_tensors import layer_tensors
from mcusim.loops import hottest_loop
from mcusim.memory_systems import possible_observers
from mcusim.model import Model, Op
from mcusim.ops import OPERATORS, written
from mcusim.pipelines import PIPELINES
from mcusim.plan import OWN_RAN, Plan
from mcusim.recording import Observer
from mcusim.trace import CAUSES, Timing, Trace
from mcusim.untouched import Mask, depth_bytes, high_water_bytes
from mcusim.variables import held, initial, reset_bytes

Array = NDArray[np.generic]

# Instructions a layer may take before it counts as a runaway: no kernel here needs as many for a multiply-accumulate,
# an element or a step of a pooling window (LOGISTIC takes most, without a 32 × 32 → 64 bit multiply), and the fixed
# part covers set-up.
BUDGET_PER_UNIT = 1_000
BUDGET_FIXED = 1_000_000
NOTABLE_WAITING = 0.02  # share of a layer that a loop waits for its code before the report says so
# The most of these units that is simulated: minutes of a PC's time, and a minute or more of a microcontroller's.
MOST_UNITS = 2_000_000_000


@dataclass(slots=True)
class Machine:
    """The emulated board while a model runs on it.

    `possible` are the observers of what the board's memory system may be, None for one that never waits;
    `code_waits` are the cycles so far in which code was waited for, `written` the bytes of the arena that were written,
    `hot_code` is the code of the loops of the layers so far.
    """

    plan: Plan
    emulator: Emulator
    possible: tuple[Observer | None, ...]
    walker: timing.Walker
    code_waits: int = 0
    before_reference: Callable[[], None] = lambda: None  # called before each use of the reference's kernels
    written: Mask = dataclasses.field(init=False)
    hot_code: HotCode = dataclasses.field(init=False)
    beside: BesideReference = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        """No byte of the arena is written yet, no loop is known, and nothing differs."""
        self.written = np.zeros(self.plan.arena_bytes, np.bool_)
        self.hot_code = HotCode(self._function_at)
        self.beside = BesideReference(self.plan.model)

    @classmethod
    def start(cls, plan: Plan, inputs: Sequence[Array]) -> Machine:
        """Load flash, fill persistent arrays and variable tensors as AllocateTensors does, and set the inputs."""
        possible = possible_observers(plan.board)
        own = PIPELINES[plan.core.pipeline].observer(plan.core, plan.board)
        ram_end = max(plan.stack_top, plan.arena_end)
        emulator = Emulator(
            plan.core,
            plan.firmware,
            plan.code_address,
            (plan.ram_address, ram_end - plan.ram_address),
            [] if plan.shares_ram else [(plan.model_address, plan.model.file)],
            [observer for observer in (own, *possible) if observer is not None],
        )
        if plan.shares_ram:
            emulator.write(plan.model_address, plan.model.file)
        machine = cls(plan, emulator, possible, emulator.walker)
        machine.allocate(inputs)
        return machine

    def allocate(self, inputs: Sequence[Array]) -> None:
        """Fill persistent arrays and variable tensors as AllocateTensors does, and set the inputs."""
        plan, write = self.plan, self.emulator.write
        for op, invocation in zip(plan.model.ops, plan.invocations, strict=True):
            for position, content in enumerate(invocation.arrays):
                if content:
                    write(plan.prepared_address(op.index, position), content)
        for tensor in plan.model.tensors:
            if tensor.is_variable and tensor.bytes:
                write(plan.address_of(tensor.index), reset_bytes(tensor))
        for number, content in enumerate(initial(plan.model)):
            write(plan.variable_address(number), content)
        for index, array in zip(plan.model.inputs, inputs, strict=True):
            write(plan.address_of(index), np.ascontiguousarray(array).tobytes())

    def waits_for_code(self, traces: Sequence[Trace]) -> int:
        """Cycles in which the memory system that the board's file gives first has traces wait for their code."""
        first = self.possible[0]
        return sum(timing.waiting(trace, first.name, ("fetch", "cache")) for trace in traces) if first else 0

    def value(self, index: int) -> Array:
        """What a tensor holds now, a handle's variable; a constant's value comes from the model."""
        tensor = held(self.plan.model, index)
        if tensor.data is not None:
            return tensor.data
        content = self.emulator.read(self.plan.address_of(index), tensor.bytes)
        return np.frombuffer(bytes(content), np.dtype(tensor.dtype)).reshape(tensor.shape)

    def layer(self, op: Op) -> tuple[record.Layer, tuple[int, ...]]:
        """Execute one operator, time it, and compare what it writes with the reference's on the same operands.

        Returns it with its cycles for each possible memory system.
        """
        operands = [None if index < 0 else self.value(index) for index in op.inputs]
        macs = OPERATORS[op.name].macs(self.plan.model, op)
        self.emulator.forget_written()
        traces = self.execute(op)
        self.written |= self.emulator.written(self.plan.arena_address, self.plan.arena_bytes)
        self.before_reference()
        found = [self.value(index) for index in written(self.plan.model, op)]
        compared = self.beside.layer(op, operands, found)
        timings = [self._timing(trace) for trace in traces]
        self.code_waits += self.waits_for_code(traces)
        return self._layer_record(op, macs, traces, timings, compared), self._possible_cycles(traces, timings)

    def cycles(self, op: Op) -> tuple[int, ...]:
        """Execute one operator only for its cycles, for each possible memory system."""
        traces = self.execute(op)
        return self._possible_cycles(traces, [self._timing(trace) for trace in traces])

    def _timing(self, trace: Trace) -> Timing:
        """Cycles with the memory system that the board's file gives first."""
        others = {one.name for one in self.possible[1:] if one is not None}
        kept = tuple(one for one in trace.observed if one.name not in others)
        return timing.timed(self.walker, dataclasses.replace(trace, observed=kept))

    def _possible_cycles(self, traces: Sequence[Trace], timings: Sequence[Timing]) -> tuple[int, ...]:
        """Cycles of a layer for each possible memory system: only what waits for memory differs."""
        first = sum(one.cycles for one in timings)
        waits = [sum(timing.waiting(trace, one.name) for trace in traces) if one else 0 for one in self.possible]
        return tuple(first - waits[0] + other for other in waits)

    def execute(self, op: Op) -> list[Trace]:
        """Execute one operator only for the traces of its calls."""
        budget = BUDGET_FIXED + BUDGET_PER_UNIT * _units(self.plan.model, op)
        traces = []
        for call in self.plan.invocations[op.index].calls:
            float_abi = self.plan.firmware.float_abi_of(call.symbol)
            placement = place(call, lambda argument: self._resolve(op, argument), self.plan.stack_top, float_abi)
            try:
                traces.append(
                    self.emulator.call(
                        placement,
                        writable=self._writable(op),
                        readable=self._readable(op),
                        stack=(self.plan.stack_bottom, self.plan.stack_top),
                        max_instructions=budget,
                        checks_status=call.checks_status,
                    )
                )
            except EmulationError as error:
                raise EmulationError(f"layer {op.index} ({op.name}): {error}") from error
        return traces

    def _resolve(self, op: Op, argument: Argument) -> int:
        if isinstance(argument, TensorPointer):
            return self.plan.address_of(argument.tensor) + argument.byte_offset
        if isinstance(argument, ScratchPointer):
            return self.plan.scratch_address(op.index, argument.request) + argument.byte_offset
        assert isinstance(argument, PreparedPointer)
        return self.plan.prepared_address(op.index, argument.array)

    def _function_at(self, address: int) -> tuple[str, int] | None:
        """The name of the function that an absolute address of code lies in, and where it begins."""
        function = self.plan.firmware.function_at(address - self.plan.code_address)
        return None if function is None else (function.name, function.address + self.plan.code_address)

    def _writable(self, op: Op) -> list[tuple[int, int, str]]:
        """Outputs, states, variables, scratch, arrays to work in: what the kernel may write beside the stack."""
        plan = self.plan
        memory = plan.arena.memory[op.index]
        tensors = [held(plan.model, index) for index in written(plan.model, op)]
        ranges = [(plan.address_of(tensor.index), tensor.bytes, tensor.name) for tensor in tensors]
        ranges += [
            (plan.scratch_address(op.index, request), size, f"scratch {request}")
            for request, size in enumerate(memory.scratch_bytes)
        ]
        return ranges + [
            (plan.prepared_address(op.index, position), memory.prepare_bytes[position], f"persistent array {position}")
            for position in self.plan.invocations[op.index].work
        ]

    def _readable(self, op: Op) -> list[tuple[int, int, str]]:
        """The layer's inputs in RAM, constants too if they lie there, and the arrays that Prepare filled."""
        plan = self.plan
        tensors = [held(plan.model, index) for index in op.inputs if index >= 0]
        in_ram = [t for t in tensors if not t.is_constant or (plan.shares_ram and t.file_offset is not None)]
        ranges = [(plan.address_of(t.index), t.bytes, t.name) for t in in_ram]
        arrays = self.plan.invocations[op.index].arrays
        return ranges + [
            (plan.prepared_address(op.index, position), len(content), f"persistent array {position}")
            for position, content in enumerate(arrays)
            if content
        ]

    def _layer_record(
        self, op: Op, macs: int, traces: Sequence[Trace], timings: Sequence[Timing], compared: Compared
    ) -> record.Layer:
        causes = {cause: sum(one.by_cause[cause] for one in timings) for cause in CAUSES}
        functions = _functions(traces, timings)
        cycles = sum(one.cycles for one in timings)
        # First conservation law: a layer's cycles are those of its functions and those of its causes.
        assert cycles == sum(causes.values()) == sum(item.cycles for item in functions)
        # An operator without outputs is named after what it is given; CALL_ONCE has neither.
        named = [held(self.plan.model, index) for index in (*op.outputs, *op.inputs) if index >= 0]
        return record.Layer(
            index=op.index,
            op=op.name,
            name=named[0].name if named else op.name,
            kernel=traces[0].entry if traces else "",
            shape=named[0].shape if named else (),
            inputs=layer_tensors(self.plan.model, op.inputs),
            outputs=layer_tensors(self.plan.model, op.outputs),
            macs=macs,
            instructions=sum(trace.instructions for trace in traces),
            cycles=cycles,
            least_cycles=cycles,
            most_cycles=cycles,
            cycles_by_cause=causes,
            estimated_cycles=None,
            estimated_cycles_reason="not estimated yet",
            live_bytes=self.plan.arena.live_bytes[op.index + 1],
            scratch_bytes=sum(self.plan.arena.memory[op.index].scratch_bytes),
            scratch_touched_bytes=self._scratch_touched_bytes(op),
            stack_bytes=max((trace.stack_bytes for trace in traces), default=0),
            stack_touched_bytes=self._stack_touched_bytes(),
            bit_exact=compared.difference is None,
            bit_exact_reason=None,
            difference=compared.difference,
            functions=functions,
            loops=self.hot_code.loops(traces, timings),
            why=_why(functions, causes, traces, timings),
            variant=variant_of(traces[0]) if traces else "",
            faster=_faster(self.plan.model, op, traces),
            own_cycles=None,
            own_cycles_reason=OWN_RAN,
            differing_inputs=compared.differing_inputs,
        )

    def _scratch_touched_bytes(self, op: Op) -> int:
        """How far the layer that was just executed wrote into each of its scratch requests, together."""
        sizes = enumerate(self.plan.arena.memory[op.index].scratch_bytes)
        ranges = [(self.plan.scratch_address(op.index, request), size) for request, size in sizes]
        return sum(high_water_bytes(self.emulator.written(*one)) for one in ranges)

    def _stack_touched_bytes(self) -> int:
        """How deep the layer that was just executed wrote into the stack."""
        bottom, top = self.plan.stack_bottom, self.plan.stack_top
        return depth_bytes(self.emulator.written(bottom, top - bottom))


def _faster(model: Model, op: Op, traces: Sequence[Trace]) -> tuple[record.Faster, ...]:
    """What keeps the layer from faster functions; what they would take is not simulated here."""
    found = blocked(model, op, variant_of(traces[0])) if traces else ()
    reasons = ["not simulated: --why does" if one.change else "there is nothing to simulate" for one in found]
    return tuple(
        record.Faster(
            variant=one.variant or None,
            variant_reason=None if one.variant else "there is none",
            condition=one.condition,
            change=one.change.words if one.change else None,
            change_reason=None if one.change else "no change of the layer alone helps",
            cycles=None,
            cycles_reason=reason,
            changed_cycles=None,
            changed_cycles_reason=reason,
        )
        for one, reason in zip(found, reasons, strict=True)
    )


def _units(model: Model, op: Op) -> int:
    """A layer's work: its multiply-accumulates, the elements it reads and writes, the steps of its pooling windows."""
    elements = sum(model.tensors[index].elements for index in (*op.inputs, *op.outputs) if index >= 0)
    window = [size for key in ("filter_height", "filter_width") if isinstance(size := op.options.get(key), int)]
    steps = model.tensors[op.outputs[0]].elements * math.prod(window) if window else 0
    return OPERATORS[op.name].macs(model, op) + elements + steps


def check_size(model: Model) -> None:
    """Refuse a model of more work than is simulated, with UnsupportedError."""
    units = sum(_units(model, op) for op in model.ops)
    if units > MOST_UNITS:
        raise UnsupportedError(
            f"{model.name} takes {units:,} multiply-accumulates and element accesses; mcusim simulates up to "
            f"{MOST_UNITS:,}"
        )


def _functions(traces: Sequence[Trace], timings: Sequence[Timing]) -> tuple[record.FunctionCycles, ...]:
    """Cycles of each target function, most first."""
    cycles: Counter[str] = Counter()
    for trace, one in zip(traces, timings, strict=True):
        for block, row in zip(trace.blocks, one.by_block, strict=True):
            cycles[block.function] += sum(row)
    ranked = sorted(cycles.items(), key=lambda item: (-item[1], item[0]))
    return tuple(record.FunctionCycles(name, count) for name, count in ranked)


def _why(
    functions: Sequence[record.FunctionCycles],
    causes: Mapping[str, int],
    traces: Sequence[Trace],
    timings: Sequence[Timing],
) -> str:
    """One line: where the cycles are, what they are spent on, and which loop waits for its own code."""
    total = sum(causes.values())
    if not total:
        return "no code runs"
    where = f"{functions[0].name} {functions[0].cycles / total:.0%}"
    spent = sorted(((count, cause) for cause, count in causes.items() if count), key=lambda item: (-item[0], item[1]))
    line = f"{where}; " + ", ".join(f"{cause} {count / total:.0%}" for count, cause in spent[:3])
    return line + _waiting_loop(traces, timings, total)


def _waiting_loop(traces: Sequence[Trace], timings: Sequence[Timing], total: int) -> str:
    """The hottest loop, where waiting for its code takes much of the layer: RAM or another place would save that."""
    loops = [loop for trace, one in zip(traces, timings, strict=True) if (loop := hottest_loop(trace, one))]
    waiting = [loop for loop in loops if loop.fetch_cycles > NOTABLE_WAITING * total]
    if not waiting:
        return ""
    loop = max(waiting, key=lambda one: one.fetch_cycles)
    return (
        f"; the loop of {loop.bytes:,} bytes at {loop.address:#010x} in {loop.function} waits for its code: from RAM "
        f"or in a better place the layer takes up to {loop.fetch_cycles / total:.0%} less"
    )
