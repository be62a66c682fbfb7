"""Model + board → cycles of each layer from fitted formulas, in microseconds and without executing anything."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from mcusim.cost import Cost, Target
from mcusim.costs import COSTS
from mcusim.errors import UnsupportedError
from mcusim.formulas import Formula, Formulas, board_kernels, staleness, stored_formulas
from mcusim.hardware import Board, board_core, board_names, load_board
from mcusim.model import Model, Op, Tensor
from mcusim.operands import layer_name
from mcusim.streams import DataCache, code_cache, data_cache, missed_lines

MOST_KNOWN_MODELS = 1 << 10  # of which the estimate is kept, as long as they are the same objects
MOST_KNOWN_LAYERS = 1 << 17  # of which the estimate is kept, by shape
LONGEST_LINE_BYTES = 32  # of a cache: where in one the weights begin is part of the shape
MOST_KEY_ELEMENTS = 8  # of a second operand whose values are part of the shape: paddings


@dataclass(frozen=True, slots=True)
class LayerEstimate:
    """Cycles of one layer; where there is no formula, `cycles` and all but `op` are None and `reason` says why.

    `least_cycles` and `most_cycles` differ from `cycles` where the values decide how much is computed.
    `error_percent` is the median error of the kernel's formula on layers that it was not fitted to.
    """

    op: str
    kernel: str | None
    cycles: int | None
    least_cycles: int | None
    most_cycles: int | None
    error_percent: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Cycles and latency of an inference in the kernels; None with the `reason` where a layer has no formula.

    `error_percent` is the mean of the layers' errors, by their cycles: against emulation, not against the board.
    `stale` says what changed since the formulas were fitted.
    """

    cycles: int | None
    least_cycles: int | None
    most_cycles: int | None
    latency_s: float | None
    error_percent: float | None
    reason: str | None
    stale: str | None
    layers: tuple[LayerEstimate, ...]


def estimate(model: Model, board: Board) -> Estimate:
    """The cycles of a model's layers on a board with default placement, estimated by formulas.

    For loops over many models, of which only those that are worth it are then run: layers of shapes seen before
    take a look-up, and others some tens of microseconds. A model that mcusim cannot run is not refused here: call
    `plan` for that. For a board without formulas all is None with the reason. Raises BadModelError where shapes
    disagree.
    """
    found = _estimator(_Identical(board))
    return not_estimated(model, found) if isinstance(found, str) else found.estimate(model)


def not_estimated(model: Model, reason: str) -> Estimate:
    """The estimate of a model of which no layer has one, for one reason."""
    layers = tuple(LayerEstimate(op.name, None, None, None, None, None, reason) for op in model.ops)
    return Estimate(None, None, None, None, None, reason, None, layers)


@dataclass(frozen=True, slots=True, eq=False)
class _Identical:
    """A board, equal to itself only: comparing all that a board consists of takes longer than an estimate."""

    board: Board

    def __hash__(self) -> int:
        return id(self.board)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identical) and other.board is self.board


@functools.lru_cache(maxsize=64)
def _estimator(identical: _Identical) -> Estimator | str:
    """Of a board, or why there is none."""
    board = identical.board
    not_simulated = board_core(board).not_simulated
    formulas = stored_formulas(board.id) if board.id in board_names() and not not_simulated else None
    if formulas is None:
        return f"{board.id}: {not_simulated or 'no cost formulas are fitted for it'}"
    fitted = load_board(board.id)
    if board.clock_hz != fitted.clock_hz:
        clocks = f"{board.clock_hz / 1e6:g} MHz, only at {fitted.clock_hz / 1e6:g} MHz"
        return f"{board.id}: no cost formulas are fitted for it at {clocks}"
    if board != fitted:
        return f"{board.id}: cost formulas hold for the board as mcusim's file of it says, unchanged"
    return Estimator(board, formulas)


@dataclass(frozen=True, slots=True)
class _Form:
    """A formula with pipeline and memory in one."""

    cycles: Mapping[str, float]
    cold_waits: Mapping[str, float]
    error_percent: float


_Runs = tuple[LayerEstimate, LayerEstimate, int]  # with its code in the cache, without, and bytes passed through it


class Estimator:
    """The formulas of one board, and the layers estimated so far by their shapes."""

    def __init__(self, board: Board, formulas: Formulas) -> None:
        """The formulas are those of the board."""
        core = board_core(board)
        kernels = board_kernels(board, core.isa, core.emulated_as, core.fpu)
        self.stale = staleness(formulas, board, kernels)
        self._target = Target(core.dsp, core.isa != "armv6m")
        self._cache: DataCache | None = data_cache(board)
        self._code_cache = code_cache(board)
        self._cold_bytes = self._code_cache.bytes if self._code_cache else 0
        self._clock_hz = board.clock_hz
        self._forms = {kernel: _form(formula) for kernel, formula in formulas.kernels.items()}
        self._known: dict[Hashable, _Runs] = {}
        self._models: dict[Model, Estimate] = {}

    def estimate(self, model: Model) -> Estimate:
        """As the function of the same name; a model that came before is looked up as a whole."""
        found = self._models.get(model)
        if found is None:
            found = self._estimate(model)
            if len(self._models) == MOST_KNOWN_MODELS:
                self._models.clear()
            self._models[model] = found
        return found

    def _estimate(self, model: Model) -> Estimate:
        tensors = model.subgraphs[0].tensors
        layers = []
        passed, last = 0, dict[str | None, int]()
        cycles = least = most = 0
        error, reason = 0.0, None
        for op in model.ops:
            layer, cold, bytes_passed = self._known_runs(model, tensors, op)
            if passed - last.get(layer.kernel, -self._cold_bytes) >= self._cold_bytes:
                layer = cold
            # What a kernel itself streams leaves its loops in the cache, unless it is more than that holds.
            last[layer.kernel] = passed + min(bytes_passed, self._cold_bytes)
            passed += bytes_passed
            layers.append(layer)
            if layer.cycles is None or layer.least_cycles is None or layer.most_cycles is None:
                reason = reason or f"{layer_name(op)}: {layer.reason}"
                continue
            cycles += layer.cycles
            least += layer.least_cycles
            most += layer.most_cycles
            error += layer.cycles * (layer.error_percent or 0.0)
        if reason is not None:
            return Estimate(None, None, None, None, None, reason, self.stale, tuple(layers))
        error_percent = error / cycles if cycles else 0.0
        latency_s = cycles / self._clock_hz
        return Estimate(cycles, least, most, latency_s, error_percent, None, self.stale, tuple(layers))

    def _known_runs(self, model: Model, tensors: Sequence[Tensor], op: Op) -> _Runs:
        """Those of a layer of the same shape that came before, else new ones."""
        key = _key(tensors, op)
        try:
            found = self._known.get(key)
        except TypeError:  # options that are lists
            return self._runs(model, op)
        if found is None:
            found = self._runs(model, op)
            if len(self._known) < MOST_KNOWN_LAYERS:
                self._known[key] = found
        return found

    def _runs(self, model: Model, op: Op) -> _Runs:
        """The layer with its code in the cache and without, and the bytes that it brings there."""
        try:
            if op.name not in COSTS:
                raise UnsupportedError(f"no cost formula is fitted for {op.name}")
            cost = COSTS[op.name].count(model, op, self._target)
            if cost.kernel not in self._forms:
                raise UnsupportedError(f"no cost formula is fitted for {cost.kernel}")
        except UnsupportedError as error:
            # The estimate is kept for every layer of this shape: its reason names none of them.
            reason = str(error).removeprefix(f"{layer_name(op)}: ")
            unknown = LayerEstimate(op.name, None, None, None, None, None, reason)
            return unknown, unknown, 0
        form = self._forms[cost.kernel]
        middle, least, most = self._cycles(form, cost)
        cold_waits = sum(form.cold_waits.get(name, 0.0) for name, count in cost.counts.items() if count)
        warm, cold = (
            LayerEstimate(
                op.name,
                cost.kernel,
                max(1, round(middle + more)),
                max(1, round(least + more)),
                max(1, round(most + more)),
                form.error_percent,
                None,
            )
            for more in (0.0, cold_waits)
        )
        return warm, cold, self._code_cache.passed_bytes(cost.streams) if self._code_cache else 0

    def _cycles(self, form: _Form, cost: Cost) -> tuple[float, float, float]:
        """What is likely, the least and the most."""
        weights = form.cycles
        counts = {**cost.counts, **missed_lines(cost.streams, self._cache)}
        middle = sum(weights[name] * count for name, count in counts.items() if name in weights)
        least = most = middle
        for name, (low, high) in cost.spread.items():
            weight = weights.get(name, 0.0)
            least -= weight * (cost.counts[name] - low)
            most += weight * (high - cost.counts[name])
        return middle, least, most


def _form(formula: Formula) -> _Form:
    names = {**formula.cycles, **formula.waits}
    merged = {name: formula.cycles.get(name, 0.0) + formula.waits.get(name, 0.0) for name in names}
    return _Form(merged, formula.cold_waits, formula.median_percent)


def _key(tensors: Sequence[Tensor], op: Op) -> Hashable:
    """All that a layer's cost depends on: shapes, types, options, and how its operands are quantized."""
    inputs = op.inputs
    source, output = tensors[inputs[0]], tensors[op.outputs[0]]
    scale = source.quantization.scales[0] if source.quantization else None
    options = tuple(op.options.items())
    key = (op.name, source.shape, source.dtype, scale, output.shape, output.dtype, options)
    if len(inputs) == 1:
        return key
    second = tensors[inputs[1]]
    of = second.quantization
    offset = second.file_offset
    zero_point = of.zero_point if of else None
    more = (second.shape, second.dtype, len(of.scales) if of else 0, zero_point, offset and offset % LONGEST_LINE_BYTES)
    if len(inputs) == 3:
        return key, more, inputs[2] >= 0 and tensors[inputs[2]].dtype
    content = None
    if second.data is not None and second.data.size <= MOST_KEY_ELEMENTS:
        content = second.data.tobytes()
    return key, more, content, tuple([_operand_key(tensors[index]) if index >= 0 else None for index in inputs])


def _operand_key(tensor: Tensor) -> Hashable:
    return tensor.shape, tensor.dtype, tensor.quantization and tensor.quantization.zero_point, tensor.is_constant
