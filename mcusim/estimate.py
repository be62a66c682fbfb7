"""Model + board → cycles of each layer from fitted formulas, in microseconds and without executing anything."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from mcusim.arena import round_up
from mcusim.code_lines import (
    CodeCache,
    Contents,
    Laid,
    Passage,
    code_cache,
    empty,
    execute,
    laid,
    passage,
    unknown_passage,
)
from mcusim.cost import Cost, Target
from mcusim.costs import COSTS
from mcusim.errors import UnsupportedError
from mcusim.formulas import Formula, Formulas, core_image, core_kernels, staleness, stored_code, stored_formulas
from mcusim.hardware import Board, board_core, board_names, load_board
from mcusim.model import Model, Op, Tensor
from mcusim.operands import layer_name
from mcusim.placement import choose_banks
from mcusim.residency import cold_bytes
from mcusim.streams import (
    ARENA_LINES,
    CONSTANT_LINES,
    DataCache,
    data_cache,
    edge_lines,
    missed_lines,
    reads_constants,
)

MOST_KNOWN_MODELS = 1 << 10  # of which the estimate is kept, as long as they are the same objects
MOST_KNOWN_LAYERS = 1 << 17  # of which the estimate is kept, by shape
MOST_KNOWN_CONTENTS = 1 << 11  # of caches of code; the largest take 16 KB each
LONGEST_LINE_BYTES = 32  # of a cache: where in one the weights begin is part of the shape
WITH_BIAS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
MOST_KEY_ELEMENTS = 16  # of a constant whose values are part of the shape: paddings, indices


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
    error_percent: float


@dataclass(slots=True, eq=False)
class _Shape:
    """A layer of one shape: its estimate with all code in the cache, and what it brings there wherever it lies."""

    layer: LayerEstimate
    cycles: tuple[float, float, float]  # what is likely, the least and the most; nothing without a formula
    counts: Mapping[str, float]
    least_counts: Mapping[str, float] | None = None  # where values decide some
    byte_cycles: float = 0.0  # of activations that are not in a data cache
    edge_cycles: float = 0.0  # of a line of constants


Places = tuple[tuple[int, int], ...]  # of constants: where they begin, and their bytes


@dataclass(slots=True, eq=False)
class _Held:
    """What a cache of code holds with the image so far beyond the beginning of a line, and what follows by layer."""

    position: int
    contents: Contents
    next: dict[Hashable, tuple[LayerEstimate, _Held]] = field(default_factory=dict)


class Estimator:
    """The formulas of one board, and the layers estimated so far by their shapes."""

    def __init__(self, board: Board, formulas: Formulas) -> None:
        """The formulas are those of the board."""
        core = board_core(board)
        code = stored_code(core_image(core))
        self.stale = staleness(formulas, code, board, core_kernels(core))
        self._target = Target(core.dsp, core.isa != "armv6m")
        self._cache: DataCache | None = data_cache(board)
        self._code_cache = code_cache(board)
        self._flash_address = choose_banks(board).flash.start
        self._clock_hz = board.clock_hz
        self._missed = formulas.piece_cycles, formulas.row_cycles
        self._footprints = code.footprints
        self._lines: dict[tuple[str, int], Laid] = {}
        self._forms = {kernel: _form(one) for kernel, one in formulas.kernels.items() if kernel in code.footprints}
        self._known: dict[Hashable, _Shape] = {}
        self._held: dict[tuple[int, bytes], _Held] = {}
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
        layers = self._layers(model)
        cycles = least = most = 0
        error, reason = 0.0, None
        for op, layer in zip(model.ops, layers, strict=True):
            if layer.cycles is None or layer.least_cycles is None or layer.most_cycles is None:
                reason = reason or f"{layer_name(op)}: {layer.reason}"
                continue
            cycles += layer.cycles
            least += layer.least_cycles
            most += layer.most_cycles
            error += layer.cycles * (layer.error_percent or 0.0)
        if reason is not None:
            return Estimate(None, None, None, None, None, reason, self.stale, tuple(layers))
        return Estimate(
            cycles, least, most, cycles / self._clock_hz, error / max(1, cycles), None, self.stale, tuple(layers)
        )

    def _layers(self, model: Model) -> list[LayerEstimate]:
        tensors = model.subgraphs[0].tensors
        cache = self._code_cache
        if cache is None:
            return [self._shape(model, tensors, op).layer for op in model.ops]
        # As plan.lay_out places them by default: the model's file, and the code behind it.
        model_address = round_up(self._flash_address)
        code_address = round_up(model_address + len(model.file))
        code_offset = code_address - model_address
        held = self._holding(code_address % cache.line_bytes, empty(cache))
        layers = []
        for op, cold in zip(model.ops, self._cold_bytes(model), strict=True):
            shape = self._shape(model, tensors, op)
            constants: Places = ()
            edges = 0.0
            if self._cache is not None:
                constants = _constants(tensors, op, code_offset)
                if shape.edge_cycles:
                    edges = edge_lines([(code_address + one, size) for one, size in constants], self._cache.line_bytes)
            key = shape, constants if cache.holds_constants else (), cold, edges
            following = held.next.get(key)
            if following is None:
                following = self._follow(cache, held, *key)
            layer, held = following
            layers.append(layer)
        return layers

    def _cold_bytes(self, model: Model) -> list[int]:
        """Bytes of activations that are not in a data cache, by layer; 0 where none serves them."""
        cache = self._cache
        return cold_bytes(model, cache.bytes) if cache is not None and cache.of_arena else [0] * len(model.ops)

    def _holding(self, position: int, contents: Contents) -> _Held:
        key = position, contents.tobytes()
        found = self._held.get(key)
        if found is None:
            if len(self._held) == MOST_KNOWN_CONTENTS:
                self._held.clear()
            found = self._held[key] = _Held(position, contents)
        return found

    def _follow(
        self, cache: CodeCache, held: _Held, shape: _Shape, places: Places, cold: int, edges: float
    ) -> tuple[LayerEstimate, _Held]:
        """A layer behind others, and what is in the cache behind it.

        `cold` bytes of its activations are in no cache, and its constants lie in so many `edges` of lines.
        """
        kernel = shape.layer.kernel
        if shape.layer.cycles == 0:
            following = shape.layer, held
        elif kernel is None:
            _, _, after = execute(cache, held.contents, unknown_passage(cache))
            following = shape.layer, self._holding(held.position, after)
        else:
            lines = self._lines.get((kernel, held.position))
            if lines is None:
                lines = laid(cache, self._footprints[kernel], held.position)
                self._lines[kernel, held.position] = lines
            more, after = self._missing(cache, held, passage(cache, lines, shape.counts, places))
            least = more
            if shape.least_counts is not None:
                least, _ = self._missing(cache, held, passage(cache, lines, shape.least_counts, places))
            data = shape.byte_cycles * cold + shape.edge_cycles * edges
            layer = _later(shape.layer, shape.cycles, more + data, least + data)
            following = layer, self._holding(held.position, after)
        if len(held.next) == MOST_KNOWN_LAYERS:
            held.next.clear()
        held.next[shape, places, cold, edges] = following
        return following

    def _missing(self, cache: CodeCache, held: _Held, brought: Passage) -> tuple[float, Contents]:
        """Cycles that a layer waits for code that is not there, and what is there behind it."""
        pieces, rows, after = execute(cache, held.contents, brought)
        return pieces * self._missed[0] + rows * self._missed[1], after

    def _shape(self, model: Model, tensors: Sequence[Tensor], op: Op) -> _Shape:
        try:
            key = _key(tensors, op)
            found = self._known.get(key)
        except TypeError:  # options that are lists
            return self._new_shape(model, op)
        if found is None:
            found = self._new_shape(model, op)
            if len(self._known) < MOST_KNOWN_LAYERS:
                self._known[key] = found
        return found

    def _new_shape(self, model: Model, op: Op) -> _Shape:
        try:
            if op.name not in COSTS:
                raise UnsupportedError(f"no cost formula is fitted for {op.name}")
            cost = COSTS[op.name].count(model, op, self._target)
            if not cost.counts:
                return _Shape(LayerEstimate(op.name, cost.kernel, 0, 0, 0, 0.0, None), (0.0, 0.0, 0.0), {})
            if cost.kernel not in self._forms:
                raise UnsupportedError(f"no cost formula is fitted for {cost.kernel}")
        except UnsupportedError as error:
            # The estimate is kept for every layer of this shape: its reason names none of them.
            reason = str(error).removeprefix(f"{layer_name(op)}: ")
            return _Shape(LayerEstimate(op.name, None, None, None, None, None, reason), (0.0, 0.0, 0.0), {})
        form = self._forms[cost.kernel]
        cycles = self._cycles(form, cost)
        layer = LayerEstimate(op.name, cost.kernel, 0, 0, 0, form.error_percent, None)
        least_counts = {**cost.counts, **{name: low for name, (low, _) in cost.spread.items()}} if cost.spread else None
        byte_cycles = form.cycles.get(ARENA_LINES, 0.0) / self._cache.line_bytes if self._cache else 0.0
        edge_cycles = form.cycles.get(CONSTANT_LINES, 0.0) if reads_constants(cost.streams) else 0.0
        return _Shape(_later(layer, cycles, 0.0, 0.0), cycles, cost.counts, least_counts, byte_cycles, edge_cycles)

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


def _later(layer: LayerEstimate, cycles: tuple[float, float, float], more: float, least_more: float) -> LayerEstimate:
    """A layer that waits for so many cycles more than with its code in the cache, or where values want the least."""
    middle, least, most = (max(1, round(one)) for one in (cycles[0] + more, cycles[1] + least_more, cycles[2] + more))
    return LayerEstimate(layer.op, layer.kernel, middle, least, most, layer.error_percent, layer.reason)


def _constants(tensors: Sequence[Tensor], op: Op, code_offset: int) -> Places:
    """Where a layer's constants lie, seen from the code that is so far behind the beginning of the model: and bytes."""
    return tuple(
        [
            (tensor.file_offset - code_offset, tensor.bytes)
            for tensor in [tensors[index] for index in op.inputs if index >= 0]
            if tensor.file_offset is not None
        ]
    )


def _form(formula: Formula) -> _Form:
    names = {**formula.cycles, **formula.waits}
    merged = {name: formula.cycles.get(name, 0.0) + formula.waits.get(name, 0.0) for name in names}
    return _Form(merged, formula.median_percent)


def _key(tensors: Sequence[Tensor], op: Op) -> Hashable:
    """All that a layer's cost depends on: shapes, types, options, how its tensors are quantized, small constants.

    Of layers with weights and a bias, which are the most, it takes no more of them than their kernels look at.
    """
    options = tuple(op.options.items())
    if len(op.inputs) == 3 and op.name in WITH_BIAS:
        source, weights, output = tensors[op.inputs[0]], tensors[op.inputs[1]], tensors[op.outputs[0]]
        scale = source.quantization.scales[0] if source.quantization else None
        of, offset = weights.quantization, weights.file_offset
        scales = (len(of.scales), of.zero_point) if of else None
        more = (weights.shape, weights.dtype, scales, offset and offset % LONGEST_LINE_BYTES)
        bias = op.inputs[2] >= 0 and tensors[op.inputs[2]].dtype
        return op.name, options, source.shape, source.dtype, scale, output.shape, output.dtype, more, bias
    return op.name, options, tuple([_tensor_key(tensors, index) for index in (*op.inputs, *op.outputs)])


def _tensor_key(tensors: Sequence[Tensor], index: int) -> Hashable:
    """What of a tensor may decide which code runs on it; None for an operand that is left out."""
    if index < 0:
        return None
    tensor = tensors[index]
    content = tensor.data.tobytes() if tensor.data is not None and tensor.data.size <= MOST_KEY_ELEMENTS else None
    of, offset = tensor.quantization, tensor.file_offset
    scales = (of.scales[0], of.zero_point, len(of.scales)) if of else None
    place = offset % LONGEST_LINE_BYTES if offset and content is None else None
    return tensor.shape, tensor.dtype, tensor.is_constant, scales, content, place
