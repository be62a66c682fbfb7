"""Plan + input → Run: every layer executed as target code, timed, and compared with the reference."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import energy, record
from mcusim.budget import budget
from mcusim.elf import firmware_path, layouts, load_firmware, load_manifest
from mcusim.errors import BadInputError
from mcusim.estimate import Estimate
from mcusim.estimation import beside, estimated_layers, plan_estimate
from mcusim.expectation import expected_error, no_error
from mcusim.hardware import Board
from mcusim.linked_flash import linked_flash
from mcusim.memory_systems import memory_caveats, memory_system, memory_timing, place_matters
from mcusim.model import Model
from mcusim.ops import OPERATORS
from mcusim.plan import OWN_RAN, Plan
from mcusim.run_inputs import pseudo_random_inputs
from mcusim.timing_rules import timing_rules_sha256
from mcusim.trace import CAUSES
from mcusim.untouched import Mask, touched

NOTHING_KEPT = "No layer is kept from a faster function of the kernels (--why)."
Array = NDArray[np.generic]
Progress = Callable[[int, int, str], None]

NOT_COUNTED = (
    "The owners of flash are the model file, the kernels that it calls and what is named as application; interpreter "
    "and C library come on top, as a range (flash as linked), and RAM beyond what is reserved or named is not counted."
)


def run(
    plan: Plan,
    inputs: Array | Sequence[Array] | None = None,
    *,
    command: str = "",
    progress: Progress | None = None,
    link_orders: bool = True,
    why: bool = False,
) -> record.Run:
    """Simulate one inference.

    `inputs`: one array, or a list in the model's input order, each of the input tensor's shape and dtype; None
    is a fixed pseudo-random input. `progress(done, total, what)` is called before each layer. With `link_orders` the
    kernels also run in the other orders that they are linked in, where that can matter, for the range of the cycles.
    With `why` layers that are kept from a faster kernel function are simulated as the changed layers that are not.
    A plan that does not fit its board runs all the same, on memory that goes on beyond the board's.

    Raises BadInputError for inputs of another shape or dtype, UnsupportedError for a model of more work than is
    simulated, EmulationError for target code that goes wrong.
    """
    from mcusim.inference import check_size  # takes half a second: not for what only plans or estimates

    check_size(plan.model)
    values = _input_arrays(plan.model, inputs)
    orders = (0,) if plan.library else layouts(plan.image)
    steps = len(plan.model.ops) * len(orders)

    def tell(done: int, what: str) -> None:
        if progress:
            progress(done, steps, what)

    executed = _execute(plan, values, tell)
    possible = [executed.cycles]
    for order in orders[1:] if link_orders and place_matters(plan.board, executed.waiting) else ():
        tell(len(plan.model.ops) * len(possible), f"link order {order}")
        possible.append(_cycles_of_order(plan, values, order))
    tell(steps, "done")
    explained = _explained(plan, executed.layers) if why else executed.layers
    ranged = _with_ranges(explained, possible)
    # The formulas are those of mcusim's own kernels.
    layers = beside(plan, ranged) if plan.library is None else ranged
    totals = _totals(plan, layers, _extremes(possible, executed.waiting))
    notes = (NOTHING_KEPT, *_notes(plan)) if why and not any(layer.faster for layer in layers) else _notes(plan)
    given = "pseudo-random" if inputs is None else "given"
    provenance = _provenance(plan, "emulation", memory_timing(plan.board), given)
    complete = dataclasses.replace(plan, stack_bytes=max((layer.stack_bytes or 0 for layer in layers), default=0))
    found = _record(complete, layers, totals, notes, provenance, executed.outputs, command)
    seen = touched(plan, executed.written, layers)
    memory = dataclasses.replace(found.memory, touched=seen, touched_reason=None)
    return dataclasses.replace(found, memory=memory, hot_code=executed.hot_code)


@dataclass(frozen=True, slots=True, eq=False)
class _Executed:
    """Layers as executed, the code of their loops, and outputs; bytes of the arena that were `written`.

    `cycles` are those of each layer by possible memory system; `waiting` is their share in which code was waited for.
    """

    layers: tuple[record.Layer, ...]
    hot_code: tuple[record.HotCode, ...]
    cycles: tuple[tuple[int, ...], ...]
    waiting: float
    outputs: tuple[Array, ...]
    written: Mask


def _execute(plan: Plan, values: tuple[Array, ...], tell: Callable[[int, str], None]) -> _Executed:
    """Every layer executed and compared; `tell(done, what)` is called before each."""
    from mcusim.compiling import ahead
    from mcusim.inference import Machine

    found = []
    with ahead(plan.model) as compiling:
        machine = Machine.start(plan, values)
        machine.before_reference = compiling.wait
        for op in plan.model.ops:
            tell(op.index, op.name)
            found.append(machine.layer(op))
    layers = tuple(layer for layer, _ in found)
    return _Executed(
        layers=layers,
        hot_code=machine.hot_code.code,
        cycles=tuple(cycles for _, cycles in found),
        waiting=machine.code_waits / (sum(layer.cycles or 0 for layer in layers) or 1),
        outputs=tuple(machine.value(index) for index in plan.model.outputs),
        written=machine.written,
    )


def _cycles_of_order(plan: Plan, values: tuple[Array, ...], order: int) -> tuple[tuple[int, ...], ...]:
    """Cycles of each layer by possible memory system, with the kernels in another order that they are linked in."""
    from mcusim.inference import Machine

    linked = dataclasses.replace(plan, firmware=load_firmware(firmware_path(plan.image, order)))
    machine = Machine.start(linked, values)
    return tuple(machine.cycles(op) for op in plan.model.ops)


def _explained(plan: Plan, layers: Sequence[record.Layer]) -> Sequence[record.Layer]:
    """The layers with the cycles of each `faster`."""
    from mcusim.faster_variants import with_gains

    return with_gains(plan, layers)


def _with_ranges(
    layers: Sequence[record.Layer], possible: Sequence[Sequence[tuple[int, ...]]]
) -> tuple[record.Layer, ...]:
    """The layers with the least and the most cycles of all link orders and memory systems."""
    found = []
    for number, layer in enumerate(layers):
        cycles = [one for order in possible for one in order[number]]
        found.append(dataclasses.replace(layer, least_cycles=min(cycles), most_cycles=max(cycles)))
    return tuple(found)


def _range_words(board: Board, extremes: _Extremes) -> str:
    """What the least and the most cycles of a run are found among."""
    unknown = [
        f"{name} {' or '.join(f'{value:g}' for value in parameter.values)}"
        for name, parameter in memory_system(board).parameters.items()
        if len(parameter.values) > 1
    ]
    if extremes.link_orders > 1:
        return "; ".join([f"{extremes.link_orders} link orders of the kernels", *unknown])
    one = f"one link order of the kernels, which waits for its code in {extremes.waiting:.1%} of the cycles"
    return "; ".join([one, *unknown])


def beside_own(replaced: record.Run, own: record.Run) -> record.Run:
    """A run with a user's kernels, and in each layer the cycles of mcusim's own."""
    layers = tuple(
        dataclasses.replace(layer, own_cycles=other.cycles, own_cycles_reason=None)
        for layer, other in zip(replaced.layers, own.layers, strict=True)
    )
    return dataclasses.replace(replaced, layers=layers)


def beside_default(placed: record.Run, default: record.Run) -> record.Run:
    """A run with another placement of weights or arena, and in its notes what that changes."""
    cycles, before = placed.totals.cycles, default.totals.cycles
    if cycles is None or before is None:
        return placed
    note = (
        f"With the default placement (weights in {default.placement.weights}, arena in {default.placement.arena}) an "
        f"inference takes {before:,} cycles; this placement takes {cycles - before:+,} ({cycles / before - 1:+.1%}), "
        f"and {placed.verdict.ram.used_bytes - default.verdict.ram.used_bytes:+,} bytes of RAM."
    )
    return dataclasses.replace(placed, notes=(note, *placed.notes))


@dataclass(frozen=True, slots=True)
class _Extremes:
    """The least and the most cycles of an inference, among how many link orders, and the share of waiting for code."""

    least_cycles: int
    most_cycles: int
    link_orders: int
    waiting: float


def _extremes(possible: Sequence[Sequence[tuple[int, ...]]], waiting: float) -> _Extremes:
    """The range of an inference: one link order and one memory system hold for all of its layers."""
    totals = [sum(cycles) for order in possible for cycles in zip(*order, strict=True)] or [0]
    return _Extremes(min(totals), max(totals), len(possible), waiting)


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


def _record(
    plan: Plan,
    layers: tuple[record.Layer, ...],
    totals: record.Totals,
    notes: tuple[str, ...],
    provenance: record.Provenance,
    outputs: tuple[Array, ...],
    command: str,
) -> record.Run:
    verdict = plan.verdict()
    return record.Run(
        schema=record.SCHEMA,
        mcusim_version=record.VERSION,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        command=command,
        model=model_info(plan.model),
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
        budget=budget(plan),
        linked_flash=linked_flash(plan),
        totals=totals,
        layers=layers,
        hot_code=(),
        provenance=provenance,
        notes=notes,
        output_digests=tuple(_digest(array) for array in outputs),
        energy=energy.running_power(plan.board),
        duty_cycle=None,
        duty_cycle_reason="no rate was asked for",
        placement=plan.placement(),
        against=None,
        against_reason="not asked for",
        outputs=outputs,
    )


def model_info(model: Model) -> record.ModelInfo:
    """What a report says of a model."""

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


def _totals(plan: Plan, layers: Sequence[record.Layer], extremes: _Extremes) -> record.Totals:
    causes = {cause: sum((layer.cycles_by_cause or {})[cause] for layer in layers) for cause in CAUSES}
    cycles = sum(layer.cycles or 0 for layer in layers)
    # First conservation law, over the run: every cycle has one layer and one cause.
    assert cycles == sum(causes.values())
    latency_s = cycles / plan.board.clock_hz
    memory = memory_timing(plan.board)
    error = expected_error(plan.board, plan.core, memory)
    energy_j, reason = energy.inference_energy(energy.running_power(plan.board), latency_s)
    return record.Totals(
        macs=sum(layer.macs for layer in layers),
        instructions=sum(layer.instructions or 0 for layer in layers),
        cycles=cycles,
        cycles_by_cause=causes,
        latency_s=latency_s,
        energy_j=energy_j,
        energy_j_reason=reason,
        error_percent=error.percent if error else None,
        error_percent_reason=None if error else f"not validated: {no_error(plan.core, memory)}",
        error_source=error.source if error else None,
        least_cycles=extremes.least_cycles,
        most_cycles=extremes.most_cycles,
        range_over=_range_words(plan.board, extremes),
        cycles_reason=None,
    )


def _notes(plan: Plan) -> tuple[str, ...]:
    """What the figures leave out, and what they assume."""
    own = "mcusim's own kernels, which have CMSIS-NN's API"
    kernels = f"the kernels in {plan.library.file}, for what CMSIS-NN lacks of mcusim's own" if plan.library else own
    cycles = (
        f"Cycles are those of {kernels}. TensorFlow Lite Micro's interpreter "
        "comes on top: on NUCLEO-L4R5ZI about 185 cycles between operators and 1,000 to 1,200 within each."
    )
    drawn = energy.note(energy.running_power(plan.board))
    return (*plan.notes, *memory_caveats(plan.board), cycles, NOT_COUNTED, *([drawn] if drawn else []))


def _provenance(plan: Plan, engine: str, memory_model: str, given: str) -> record.Provenance:
    manifest = load_manifest(plan.image)
    return record.Provenance(
        engine=engine,
        kernels=record.Kernels(
            source=manifest.source_sha256,
            compiler=manifest.compiler,
            flags=manifest.flags,
            sha256=manifest.elf_sha256,
        ),
        core_table=f"cores/{plan.core.id}.toml",
        core_table_sha256=plan.core.sha256,
        board_file=plan.board.file,
        board_file_sha256=plan.board.sha256,
        timing_rules_sha256=timing_rules_sha256(),
        runtime=f"memory as of TensorFlow Lite Micro with {plan.runtime.kernels} kernels, August 2026",
        memory_model=memory_model,
        input=given,
        library=plan.library,
        library_reason=None if plan.library else OWN_RAN,
    )


def _digest(array: Array) -> dict[str, object]:
    content = np.ascontiguousarray(array).tobytes()
    return {
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def plan_only(plan: Plan, command: str = "") -> record.Run:
    """What is known of a model on a core whose cycles are not simulated: whether it fits, and who has which byte.

    Nothing is executed: there are no layers, and cycles, latency and energy are None with the reason. The stack of
    the kernels counts as 0.
    """
    reason = f"{plan.core.name} is not simulated: {plan.core.not_simulated}"
    unknown = record.Totals(
        macs=sum(OPERATORS[op.name].macs(plan.model, op) for op in plan.model.ops),
        instructions=None,
        cycles=None,
        cycles_by_cause=None,
        latency_s=None,
        energy_j=None,
        energy_j_reason=reason,
        error_percent=None,
        error_percent_reason=reason,
        error_source=None,
        least_cycles=None,
        most_cycles=None,
        range_over=None,
        cycles_reason=reason,
    )
    notes = (f"{_counted_code(plan)}; the stack of the kernels is not counted.", NOT_COUNTED)
    return _record(plan, (), unknown, notes, _provenance(plan, "plan", "none", "none"), (), command)


def _counted_code(plan: Plan) -> str:
    """What stands in for the code of a core that is not simulated, as a sentence without its end."""
    return (
        f"The arena is that of kernels with {'MVE' if plan.core.mve else 'DSP instructions'}. Code is counted as built "
        f"for {plan.firmware.isa}, and differs for {plan.core.isa}"
    )


def estimate_only(plan: Plan, command: str = "") -> record.Run:
    """A run that is not executed: fit, owners of bytes, and cycles of each layer by its kernel's cost formula.

    Without a formula for one of the layers, cycles, latency and energy of the whole are None with the reason. The
    stack of the kernels counts as 0; a note says so. `error_percent` is against emulation, whose own error
    `error_source` gives.
    """
    estimate = plan_estimate(plan)
    power = energy.running_power(plan.board)
    energy_j, reason = None, estimate.reason
    if estimate.latency_s is not None:
        energy_j, reason = energy.inference_energy(power, estimate.latency_s)
    totals = record.Totals(
        macs=sum(OPERATORS[op.name].macs(plan.model, op) for op in plan.model.ops),
        instructions=None,
        cycles=estimate.cycles,
        cycles_by_cause=None,
        latency_s=estimate.latency_s,
        energy_j=energy_j,
        energy_j_reason=reason,
        error_percent=estimate.error_percent,
        error_percent_reason=estimate.reason,
        error_source=None if estimate.reason else _error_of_estimate(plan),
        least_cycles=estimate.least_cycles,
        most_cycles=estimate.most_cycles,
        range_over=None if estimate.reason else "the values that layers may have",
        cycles_reason=estimate.reason,
    )
    layers = estimated_layers(plan, estimate.layers)
    # Memory timing is not asked where no formula rests on it: a board's file need not know it at every clock.
    rest = any(layer.cycles is not None for layer in layers)
    provenance = _provenance(plan, "estimate", memory_timing(plan.board) if rest else "none", "none")
    return _record(plan, layers, totals, _notes_of_estimate(plan, estimate, rest), provenance, (), command)


def _notes_of_estimate(plan: Plan, estimate: Estimate, has_cycles: bool) -> tuple[str, ...]:
    """The notes of a run that is not executed; those on cycles where one of its layers has any."""
    notes = [f"The cost formulas may be off: {estimate.stale}."] if estimate.stale else []
    estimated = "Cycles are estimated by cost formulas; nothing was executed."
    notes.append("Nothing was executed." if estimate.cycles is None else estimated)
    notes.append("RAM leaves out the stack of the kernels, which is not known before they are executed.")
    if plan.core.not_simulated:
        notes.append(f"{_counted_code(plan)}.")
    return (*notes, *(_notes(plan) if has_cycles else (*plan.notes, NOT_COUNTED)))


def _error_of_estimate(plan: Plan) -> str:
    """What the formulas' error is taken against, and the error of that."""
    memory = memory_timing(plan.board)
    error = expected_error(plan.board, plan.core, memory)
    own = f"±{error.percent:.2g}%, {error.source}" if error else f"not validated: {no_error(plan.core, memory)}"
    return f"median error of the formulas against emulation; emulation's own error comes on top: {own}"
