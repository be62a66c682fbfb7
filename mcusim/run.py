"""Plan + input → Run: every layer executed as target code, timed, and compared with the reference."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import record
from mcusim.abi import Argument, Invocation, PreparedPointer, ScratchPointer, TensorPointer, place
from mcusim.elf import Manifest, load_manifest
from mcusim.emulator import Emulator
from mcusim.errors import BadInputError, EmulationError, UnsupportedError
from mcusim.hardware import Core
from mcusim.memories import CAVEATS
from mcusim.model import Model, Op, Tensor
from mcusim.ops import OPERATORS
from mcusim.pipelines import PIPELINES
from mcusim.plan import Plan
from mcusim.trace import CAUSES, Timing, Trace

Array = NDArray[np.generic]
Progress = Callable[[int, int, str], None]

# Instructions a layer may take before it counts as a runaway: no kernel here needs more than a hundred for a
# multiply-accumulate, an element or a step of a pooling window, and the fixed part covers set-up.
BUDGET_PER_UNIT = 200
BUDGET_FIXED = 1_000_000
# The most of these units that is simulated: minutes of a PC's time, and a minute or more of a microcontroller's.
MOST_UNITS = 2_000_000_000


def run(
    plan: Plan,
    inputs: Array | Sequence[Array] | None = None,
    *,
    command: str = "",
    progress: Progress | None = None,
) -> record.Run:
    """Simulate one inference.

    `inputs`: one array, or a list in the model's input order, each of the input tensor's shape and dtype; None
    is a fixed pseudo-random input. `progress(done, total, what)` is called before each layer. A plan that does
    not fit its board runs all the same, on memory that goes on beyond the board's.

    Raises BadInputError for inputs of another shape or dtype, UnsupportedError for a model of more work than is
    simulated, EmulationError for target code that goes wrong.
    """
    _check_size(plan.model)
    values = _input_arrays(plan.model, inputs)
    machine = Machine.start(plan, values)
    layers, stack_bytes = [], 0
    for op in plan.model.ops:
        if progress:
            progress(op.index, len(plan.model.ops), op.name)
        layer = machine.layer(op)
        stack_bytes = max(stack_bytes, layer.stack_bytes)
        layers.append(layer)
    if progress:
        progress(len(layers), len(layers), "done")
    outputs = tuple(machine.value(index) for index in plan.model.outputs)
    complete = dataclasses.replace(plan, stack_bytes=stack_bytes)
    given = "pseudo-random" if inputs is None else "given"
    return _record(complete, tuple(layers), outputs, command, given)


def pseudo_random_inputs(model: Model) -> tuple[Array, ...]:
    """The fixed input of a run without one: bytes x >> 24 of the 32-bit LCG x ← 1664525·x + 1013904223, seed 1.

    The constants are those of Numerical Recipes; the bytes run through the inputs in order, int8 and uint8
    as they are, float32 as the byte (−128…127) over 128.
    """
    arrays = []
    tensors = [model.tensors[index] for index in model.inputs]
    sizes = [tensor.elements if tensor.dtype == "float32" else tensor.bytes for tensor in tensors]
    stream, begin = _random_bytes(sum(sizes)), 0
    for tensor, size in zip(tensors, sizes, strict=True):
        drawn, begin = stream[begin : begin + size], begin + size
        if tensor.dtype == "float32":
            value: Array = drawn.view(np.int8).astype(np.float32) / np.float32(128)
        else:
            value = drawn.view(np.dtype(tensor.dtype))
        arrays.append(value.reshape(tensor.shape))
    return tuple(arrays)


def _random_bytes(count: int) -> NDArray[np.uint8]:
    """The first bytes of the generator; what it does in n steps is a multiplication and an addition again."""
    states = np.array([1664525 + 1013904223], np.uint32)
    factor, term = 1664525, 1013904223
    while states.size < count:
        states = np.concatenate([states, states * np.uint32(factor) + np.uint32(term)])
        factor, term = factor * factor & 0xFFFFFFFF, (factor * term + term) & 0xFFFFFFFF
    return (states[:count] >> np.uint32(24)).astype(np.uint8)


def _input_arrays(model: Model, inputs: Array | Sequence[Array] | None) -> tuple[Array, ...]:
    if inputs is None:
        return pseudo_random_inputs(model)
    given = (inputs,) if isinstance(inputs, np.ndarray) else tuple(inputs)
    if len(given) != len(model.inputs):
        raise BadInputError(f"{model.name} takes {len(model.inputs)} inputs; {len(given)} were given")
    for array, index in zip(given, model.inputs, strict=True):
        tensor = model.tensors[index]
        if not isinstance(array, np.ndarray):
            raise BadInputError(f"input {tensor.name!r} is to be a NumPy array; a {type(array).__name__} was given")
        if tuple(array.shape) != tensor.shape or str(array.dtype) != tensor.dtype:
            raise BadInputError(
                f"input {tensor.name!r} is {tensor.dtype} of shape {list(tensor.shape)}; "
                f"{array.dtype} of shape {list(array.shape)} was given"
            )
    return given


@dataclass(slots=True)
class Machine:
    """The emulated board while a model runs on it."""

    plan: Plan
    core: Core
    emulator: Emulator
    invocations: tuple[Invocation, ...]

    @classmethod
    def start(cls, plan: Plan, inputs: Sequence[Array]) -> Machine:
        """Load flash, fill the persistent arrays as AllocateTensors does, and set the inputs."""
        core = dataclasses.replace(plan.core, rules={**plan.core.rules, **plan.board.rules})
        ram_end = max(plan.stack_top, plan.arena_address + plan.arena.smallest_bytes)
        emulator = Emulator(
            core,
            plan.firmware,
            plan.code_address,
            (plan.arena_address, ram_end - plan.arena_address),
            [(plan.model_address, plan.model.file)],
        )
        invocations = tuple(OPERATORS[op.name].invocation(plan.model, op, plan.runtime) for op in plan.model.ops)
        for op, invocation in zip(plan.model.ops, invocations, strict=True):
            for position, content in enumerate(invocation.arrays):
                emulator.write(plan.prepared_address(op.index, position), content)
        for index, array in zip(plan.model.inputs, inputs, strict=True):
            emulator.write(plan.address_of(index), np.ascontiguousarray(array).tobytes())
        return cls(plan, core, emulator, invocations)

    def value(self, index: int) -> Array:
        """What a tensor holds now; a constant's value comes from the model."""
        tensor = self.plan.model.tensors[index]
        if tensor.data is not None:
            return tensor.data
        content = self.emulator.read(self.plan.address_of(index), tensor.bytes)
        return np.frombuffer(bytes(content), np.dtype(tensor.dtype)).reshape(tensor.shape)

    def layer(self, op: Op) -> record.Layer:
        """Execute one operator, time it, and compare its outputs with the reference's on the same inputs."""
        operands = [None if index < 0 else self.value(index) for index in op.inputs]
        macs = OPERATORS[op.name].macs(self.plan.model, op)
        traces = self._execute(op)
        expected = OPERATORS[op.name].reference(self.plan.model, op, operands)
        difference = None
        for index, reference in zip(op.outputs, expected, strict=True):
            difference = difference or first_difference(self.plan.model.tensors[index], reference, self.value(index))
        return self._layer_record(op, macs, traces, difference)

    def _execute(self, op: Op) -> list[Trace]:
        budget = BUDGET_FIXED + BUDGET_PER_UNIT * _units(self.plan.model, op)
        traces = []
        for call in self.invocations[op.index].calls:
            placement = place(call, lambda argument: self._resolve(op, argument), self.plan.stack_top)
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
            return self.plan.scratch_address(op.index, argument.request)
        assert isinstance(argument, PreparedPointer)
        return self.plan.prepared_address(op.index, argument.array)

    def _writable(self, op: Op) -> list[tuple[int, int, str]]:
        """The layer's own outputs and scratch: what its kernel may write beside the stack."""
        plan = self.plan
        ranges = [(plan.address_of(i), plan.model.tensors[i].bytes, plan.model.tensors[i].name) for i in op.outputs]
        requests = plan.arena.memory[op.index].scratch_bytes
        return ranges + [
            (plan.scratch_address(op.index, request), size, f"scratch {request}")
            for request, size in enumerate(requests)
        ]

    def _readable(self, op: Op) -> list[tuple[int, int, str]]:
        """The layer's inputs in RAM and the arrays that Prepare filled."""
        plan = self.plan
        tensors = [plan.model.tensors[index] for index in op.inputs if index >= 0]
        ranges = [(plan.address_of(t.index), t.bytes, t.name) for t in tensors if not t.is_constant]
        arrays = self.invocations[op.index].arrays
        return ranges + [
            (plan.prepared_address(op.index, position), len(content), f"persistent array {position}")
            for position, content in enumerate(arrays)
        ]

    def _layer_record(self, op: Op, macs: int, traces: Sequence[Trace], difference: str | None) -> record.Layer:
        time = PIPELINES[self.core.pipeline]
        timings = [time(self.core, trace) for trace in traces]
        causes = {cause: sum(timing.by_cause[cause] for timing in timings) for cause in CAUSES}
        functions = _functions(traces, timings)
        cycles = sum(timing.cycles for timing in timings)
        # First conservation law: a layer's cycles are those of its functions and those of its causes.
        assert cycles == sum(causes.values()) == sum(item.cycles for item in functions)
        output = self.plan.model.tensors[op.outputs[0]]
        return record.Layer(
            index=op.index,
            op=op.name,
            name=output.name,
            kernel=traces[0].entry if traces else "",
            shape=output.shape,
            macs=macs,
            instructions=sum(trace.instructions for trace in traces),
            cycles=cycles,
            cycles_by_cause=causes,
            estimated_cycles=None,
            estimated_cycles_reason="no cost formula is fitted for this kernel",
            scratch_bytes=sum(self.plan.arena.memory[op.index].scratch_bytes),
            stack_bytes=max((trace.stack_bytes for trace in traces), default=0),
            bit_exact=difference is None,
            difference=difference,
            functions=functions,
            why=_why(functions, causes),
        )


def _units(model: Model, op: Op) -> int:
    """A layer's work: its multiply-accumulates, the elements it reads and writes, the steps of its pooling windows."""
    elements = sum(model.tensors[index].elements for index in (*op.inputs, *op.outputs) if index >= 0)
    window = [size for key in ("filter_height", "filter_width") if isinstance(size := op.options.get(key), int)]
    steps = model.tensors[op.outputs[0]].elements * math.prod(window) if window else 0
    return OPERATORS[op.name].macs(model, op) + elements + steps


def _check_size(model: Model) -> None:
    units = sum(_units(model, op) for op in model.ops)
    if units > MOST_UNITS:
        raise UnsupportedError(
            f"{model.name} takes {units:,} multiply-accumulates and element accesses; mcusim simulates up to "
            f"{MOST_UNITS:,}"
        )


def first_difference(tensor: Tensor, expected: Array, found: Array) -> str | None:
    """Where two values of a tensor first differ, in words; None where every bit is equal."""
    if expected.tobytes() == found.tobytes():
        return None
    width = expected.dtype.itemsize
    ours = np.frombuffer(expected.tobytes(), np.uint8).reshape(-1, width)
    theirs = np.frombuffer(found.tobytes(), np.uint8).reshape(-1, width)
    flat = int(np.flatnonzero((ours != theirs).any(axis=1))[0])
    where = [int(i) for i in np.unravel_index(flat, expected.shape)] if expected.shape else []
    wrong = int((ours != theirs).any(axis=1).sum())
    return (
        f"{tensor.name}{where}: target {found.reshape(-1)[flat]}, reference {expected.reshape(-1)[flat]} "
        f"({wrong:,} of {expected.size:,} elements differ)"
    )


def _functions(traces: Sequence[Trace], timings: Sequence[Timing]) -> tuple[record.FunctionCycles, ...]:
    """Cycles of each target function, most first."""
    cycles: Counter[str] = Counter()
    for trace, timing in zip(traces, timings, strict=True):
        for block, row in zip(trace.blocks, timing.by_block, strict=True):
            cycles[block.function] += sum(row)
    ranked = sorted(cycles.items(), key=lambda item: (-item[1], item[0]))
    return tuple(record.FunctionCycles(name, count) for name, count in ranked)


def _why(functions: Sequence[record.FunctionCycles], causes: Mapping[str, int]) -> str:
    """One line: where the cycles are, and what they are spent on beyond issuing instructions."""
    total = sum(causes.values())
    if not total:
        return "no code runs"
    where = f"{functions[0].name} {functions[0].cycles / total:.0%}"
    spent = sorted(((count, cause) for cause, count in causes.items() if count), key=lambda item: (-item[0], item[1]))
    return f"{where}; " + ", ".join(f"{cause} {count / total:.0%}" for count, cause in spent[:3])


def _record(
    plan: Plan, layers: tuple[record.Layer, ...], outputs: tuple[Array, ...], command: str, given: str
) -> record.Run:
    manifest = load_manifest(plan.core.isa)
    verdict = plan.verdict()
    return record.Run(
        schema=record.SCHEMA,
        mcusim_version=record.VERSION,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        command=command,
        model=_model_info(plan.model),
        board=record.BoardInfo(
            name=plan.board.id,
            mcu=plan.board.mcu,
            core=plan.core.name,
            clock_hz=plan.board.clock_hz,
            wait_states=plan.board.flash_timing.wait_states,
            notes=(plan.board.notes,) if plan.board.notes else (),
        ),
        fits=not verdict.reasons,
        verdict=verdict,
        memory=plan.memory(),
        flash=plan.flash(),
        totals=_totals(plan, layers),
        layers=layers,
        provenance=_provenance(plan, manifest, given),
        notes=_notes(plan),
        output_digests=tuple(_digest(array) for array in outputs),
        outputs=outputs,
    )


def _model_info(model: Model) -> record.ModelInfo:
    def info(index: int) -> record.TensorInfo:
        tensor = model.tensors[index]
        quantization = tensor.quantization
        return record.TensorInfo(
            name=tensor.name,
            shape=tensor.shape,
            dtype=tensor.dtype,
            scale=quantization.scale if quantization else None,
            zero_point=quantization.zero_point if quantization else None,
        )

    return record.ModelInfo(
        name=model.name,
        sha256=model.sha256,
        bytes=len(model.file),
        inputs=tuple(info(index) for index in model.inputs),
        outputs=tuple(info(index) for index in model.outputs),
    )


def _totals(plan: Plan, layers: Sequence[record.Layer]) -> record.Totals:
    causes = {cause: sum(layer.cycles_by_cause[cause] for layer in layers) for cause in CAUSES}
    cycles = sum(layer.cycles for layer in layers)
    # First conservation law, over the run: every cycle has one layer and one cause.
    assert cycles == sum(causes.values())
    latency_s = cycles / plan.board.clock_hz
    energy_j, reason = _energy(plan, latency_s)
    return record.Totals(
        macs=sum(layer.macs for layer in layers),
        instructions=sum(layer.instructions for layer in layers),
        cycles=cycles,
        cycles_by_cause=causes,
        latency_s=latency_s,
        energy_j=energy_j,
        energy_j_reason=reason,
        error_percent=None,
        error_percent_reason=(
            "not validated: nobody measured these kernels on this board, and memory is simulated without wait states"
        ),
    )


def _energy(plan: Plan, latency_s: float) -> tuple[float | None, str | None]:
    """Power while running × time, at the clock that the power was stated for; None and the reason otherwise."""
    power = plan.board.power
    if power is None:
        return None, plan.board.power_reason
    if power.clock_hz != plan.board.clock_hz:
        return None, (
            f"the supply current is known at {power.clock_hz / 1e6:g} MHz, "
            f"the board runs at {plan.board.clock_hz / 1e6:g} MHz"
        )
    return power.current_a * power.voltage_v * latency_s, None


def _notes(plan: Plan) -> tuple[str, ...]:
    """What the figures leave out, and what they assume."""
    notes = [*CAVEATS["zero_wait"](plan.board)]
    notes.append(
        "Cycles are those of mcusim's own kernels, which have CMSIS-NN's API. TensorFlow Lite Micro's interpreter "
        "comes on top: on NUCLEO-L4R5ZI about 185 cycles between operators and 1,000 to 1,200 within each."
    )
    notes.append(
        "Not simulated either: loads that follow a load from the other memory (a cycle each), unaligned loads. How "
        "the linker aligns loops moves cycles by several percent."
    )
    notes.append(
        "Flash holds the model file and the kernels that it calls; the code of the interpreter, the C library, "
        "start-up and the application is not counted, nor is their RAM beyond what is reserved."
    )
    power = plan.board.power
    if power is not None:
        kind = "the current was measured during inference" if power.measured else "a headline current"
        notes.append(
            f"Energy is {power.current_a * 1e3:g} mA × {power.voltage_v:g} V × latency ({kind}; {power.source})."
        )
    return tuple(notes)


def _provenance(plan: Plan, manifest: Manifest, given: str) -> record.Provenance:
    return record.Provenance(
        engine="emulation",
        kernels=record.Kernels(
            source=manifest.source_sha256,
            compiler=manifest.compiler,
            flags=manifest.flags,
            sha256=manifest.elf_sha256,
        ),
        core_table=f"cores/{plan.core.id}.toml",
        board_file=plan.board.file,
        runtime=f"memory as of TensorFlow Lite Micro with {plan.runtime.kernels} kernels, August 2026",
        memory_model="zero_wait",
        input=given,
    )


def _digest(array: Array) -> dict[str, object]:
    content = np.ascontiguousarray(array).tobytes()
    return {
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
