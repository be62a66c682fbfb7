"""Model + runtime → Arena: TensorFlow Lite Micro's one block of RAM, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcusim import gaps, offline_plan
from mcusim.allocators import ALLOCATORS
from mcusim.errors import UnsupportedError, shown
from mcusim.model import Model, Tensor
from mcusim.operands import layer_name
from mcusim.ops import OPERATORS
from mcusim.runtime import OpMemory, Request, Runtime
from mcusim.variables import number_of, subgraphs_reason, variables, views

ALIGNMENT = 16  # of the arena, of every buffer in its head, and of what kernels allocate in its tail

# The interpreter's own objects at the end of the arena, aligned to 4: sizes on 32-bit Arm, GCC with short enums, as
# measured on tflite-micro of August 2026.
ALLOCATOR_BYTES, MICRO_ALLOCATOR_BYTES = 36, 36
BUILTIN_DATA_ALLOCATOR_BYTES = 8
SUBGRAPH_BYTES = 8
EVAL_TENSOR_BYTES = 12
NODE_BYTES = 32
SCRATCH_HANDLE_BYTES = 4
TENSOR_BYTES = 32
AFFINE_QUANTIZATION_BYTES = 12

# What the application makes for a model with resource variables, between its allocator and its interpreter:
# MicroResourceVariables and an entry for each, as many as the model has (micro_resource_variable.h).
RESOURCES_BYTES = 12
RESOURCE_BYTES = 20

# The planning workspace in the still empty head: one record for each tensor and scratch request, 12 records more for
# scratch, and a requirement for each buffer that is planned.
SCRATCH_RECORD_BYTES = 12
SPARE_SCRATCH_RECORDS = 12
LIFETIME_RECORD_BYTES = 24

# A buffer before it is placed: name, tensor or scratch request, size, first and last moment.
_Wanted = tuple[str, int | None, tuple[int, int] | None, int, int, int]


@dataclass(frozen=True, slots=True)
class Planner:
    """One of TensorFlow Lite Micro's planners of the head.

    `bytes` it takes in the tail, `record_bytes` in the planning workspace for each buffer. `allocator` is what it
    does; `offline` if the model has a plan, None if it refuses such models.
    """

    name: str
    bytes: int
    record_bytes: int
    allocator: str
    offline: str | None


# The linear one has its 1,024 offsets, a count and the end in itself (linear_memory_planner.h, 32-bit Arm).
PLANNERS: Mapping[str, Planner] = {
    "greedy": Planner("GreedyMemoryPlanner", 44, 40, "greedy", "offline"),
    "linear": Planner("LinearMemoryPlanner", 4108, 0, "linear", None),
}


@dataclass(frozen=True, slots=True)
class Buffer:
    """A buffer in the head: of a tensor, or of an operator's n-th scratch request (`tensor` or `scratch` is None).

    `offset` from the arena's start, `bytes` as asked for, `planned_bytes` as placed. `first` and `last` are
    moments: 0 before the first operator, i + 1 operator i; −1 for a tensor that nothing uses.
    """

    name: str
    tensor: int | None
    scratch: tuple[int, int] | None
    offset: int
    bytes: int
    planned_bytes: int
    first: int
    last: int

    def lives_at(self, moment: int) -> bool:
        """Whether its content matters at a moment."""
        return self.first <= moment <= self.last


@dataclass(frozen=True, slots=True)
class Allocation:
    """A persistent allocation in the tail; it begins `distance_bytes` before the arena's end.

    `padding_bytes` behind it keep its alignment. `kind` says which step made it, `op` for which operator;
    `position` is the number of the operator's array, or the index of a variable tensor.
    """

    name: str
    kind: str
    op: int | None
    position: int | None
    bytes: int
    distance_bytes: int
    padding_bytes: int


@dataclass(frozen=True, slots=True)
class Arena:
    """The arena after AllocateTensors.

    `memory` has the requests of each operator, `live_bytes` the planned bytes alive at each moment (0: before the
    first operator). `smallest_bytes` is the least size, in steps of 16, that AllocateTensors accepts.
    """

    runtime: Runtime
    memory: tuple[OpMemory, ...]
    buffers: tuple[Buffer, ...]
    allocations: tuple[Allocation, ...]
    head_bytes: int
    tail_bytes: int
    smallest_bytes: int
    live_bytes: tuple[int, ...]

    @property
    def used_bytes(self) -> int:
        """What arena_used_bytes() returns."""
        return self.head_bytes + self.tail_bytes

    @property
    def scratch_bytes(self) -> int:
        """All scratch requests together, as asked for."""
        return sum(sum(each.scratch_bytes) for each in self.memory)

    @property
    def live_lower_bound_bytes(self) -> int:
        """The most planned bytes alive at one moment: no allocator gets the head below it."""
        return max(self.live_bytes)


def arena(
    model: Model,
    runtime: Runtime,
    memory: Sequence[OpMemory] | None = None,
    *,
    planner: str = "greedy",
    offsets: Sequence[int] | None = None,
    beside: Arena | None = None,
) -> Arena:
    """Lay the arena out; also for operators that mcusim cannot run, as long as their memory is known.

    `memory` is what each operator asks for, None: what TensorFlow Lite Micro's own do. `offsets` is an offline plan,
    an offset or ONLINE for each tensor; None: that of the model's metadata, if it has one. `beside` is the arena as
    other interpreters left it that share the MicroAllocator: the tail grows on, the head serves all in turn, and so it
    is as large as the largest. `allocations`, `buffers` and `live_bytes` are then this model's alone.

    Raises UnsupportedError for an operator it does not know, for subgraphs of control flow and for an offline plan
    that lets tensors overlap; and what `offline_plan.read` raises. The rules were measured on tflite-micro 90b983c2b
    and give its arena_used_bytes() exactly.
    """
    main, *others = _planned(model)
    memory = op_memory(main, runtime) if memory is None else memory
    graphs = [(main, memory), *((view, op_memory(view, runtime)) for view in others)]
    tail = _Tail(0 if beside is None else beside.tail_bytes)
    if beside is None:
        _add_allocators(tail, PLANNERS[planner])
    tail_before_inputs = _fill_tail(tail, graphs)
    buffers = _head(model, memory, PLANNERS[planner], offline_plan.read(model) if offsets is None else offsets)
    head_bytes = max((buffer.offset + buffer.planned_bytes for buffer in buffers), default=0)
    least_bytes = 0
    if beside is not None:
        head_bytes, least_bytes = max(head_bytes, beside.head_bytes), beside.smallest_bytes
    scratch = sum(len(each.scratch_bytes) for each in memory)
    workspace = (
        SCRATCH_RECORD_BYTES * (scratch + SPARE_SCRATCH_RECORDS)
        + 4 * len(model.subgraphs)
        + LIFETIME_RECORD_BYTES * (sum(len(graph.tensors) for graph in model.subgraphs) + scratch)
    )
    planning = round_up(tail_before_inputs) + round_up(workspace) + PLANNERS[planner].record_bytes * len(buffers)
    moments = range(len(model.ops) + 1)
    return Arena(
        runtime=runtime,
        memory=tuple(memory),
        buffers=buffers,
        allocations=tuple(tail.allocations),
        head_bytes=head_bytes,
        tail_bytes=tail.bytes,
        smallest_bytes=round_up(max(head_bytes + tail.bytes, planning, least_bytes)),
        live_bytes=tuple(sum(each.planned_bytes for each in buffers if each.lives_at(moment)) for moment in moments),
    )


def round_up(size: int, alignment: int = ALIGNMENT) -> int:
    """The next multiple of an alignment."""
    return -(-size // alignment) * alignment


def _planned(model: Model) -> tuple[Model, ...]:
    """The model as each of its subgraphs sees it; beside the main one they have no tensors in the head."""
    if reason := subgraphs_reason(model):
        raise UnsupportedError(f"{model.name} has {reason}")
    return views(model)


def op_memory(model: Model, runtime: Runtime) -> tuple[OpMemory, ...]:
    """What TensorFlow Lite Micro allocates for each operator; UnsupportedError where that is not known."""
    unknown = [layer_name(op) for op in model.ops if op.name not in OPERATORS]
    if unknown:
        raise UnsupportedError(f"the memory of {', '.join(unknown)} is not known; known: {', '.join(OPERATORS)}")
    return tuple(OPERATORS[op.name].memory(model, op, runtime) for op in model.ops)


class _Tail:
    """Persistent allocations, growing down from the arena's end."""

    def __init__(self, size: int) -> None:
        self.bytes = size
        self.allocations: list[Allocation] = []

    def add(
        self,
        name: str,
        kind: str,
        size: int,
        alignment: int,
        op: int | None = None,
        position: int | None = None,
    ) -> None:
        """Allocate at the next lower address with this alignment; nothing for a size of 0."""
        if size:
            distance = round_up(self.bytes + size, alignment)
            padding = distance - self.bytes - size
            self.allocations.append(Allocation(name, kind, op, position, size, distance, padding))
            self.bytes = distance


def _add_allocators(tail: _Tail, planner: Planner) -> None:
    """What MicroAllocator::Create makes, once an arena."""
    tail.add("SingleArenaBufferAllocator", "interpreter", ALLOCATOR_BYTES, 4)
    tail.add(planner.name, "interpreter", planner.bytes, 4)
    tail.add("MicroAllocator", "interpreter", MICRO_ALLOCATOR_BYTES, 4)


def _fill_tail(tail: _Tail, graphs: Sequence[tuple[Model, Sequence[OpMemory]]]) -> int:
    """Everything persistent of a model in TFLM's order; returns the tail's size before inputs and outputs, the last.

    `graphs`: the model as each subgraph sees it, the main one first, with the memory of its operators.
    """
    model, memory = graphs[0]
    known = variables(model)
    if any(op.name == "VAR_HANDLE" for view, _ in graphs for op in view.ops):
        tail.add("MicroResourceVariables", "interpreter", RESOURCES_BYTES, ALIGNMENT)
        tail.add("MicroResourceVariable", "interpreter", RESOURCE_BYTES * len(known), ALIGNMENT)
    tail.add("MicroBuiltinDataAllocator", "interpreter", BUILTIN_DATA_ALLOCATOR_BYTES, 4)
    tail.add("SubgraphAllocations", "interpreter", SUBGRAPH_BYTES * len(graphs), 4)
    for view, _ in graphs:
        tail.add("TfLiteEvalTensor", "tensor structs", EVAL_TENSOR_BYTES * len(view.tensors), 4)
        tail.add("NodeAndRegistration", "node structs", NODE_BYTES * len(view.ops), 4)
    _add_kernel_data(tail, graphs)
    scratch = sum(len(each.scratch_bytes) for each in memory)
    tail.add("ScratchBufferHandle", "scratch handles", SCRATCH_HANDLE_BYTES * scratch, 4)
    for tensor in model.tensors:
        if tensor.is_variable:
            tail.add(tensor.name, "variable tensors", tensor.bytes, ALIGNMENT, None, tensor.index)
    before_inputs = tail.bytes
    for kind, indices in (("inputs", model.inputs), ("outputs", model.outputs)):
        tail.add(f"pointers to {kind}", "input and output tensors", 4 * len(indices), ALIGNMENT)
        for index in indices:
            _add_tensor(tail, model.tensors[index])
    return before_inputs


def _add_kernel_data(tail: _Tail, graphs: Sequence[tuple[Model, Sequence[OpMemory]]]) -> None:
    """What operators have parsed, what Init allocates and what Prepare does, each of all subgraphs in turn."""
    # Operators of other subgraphs than the main one have no place in the plan's tables: they are nobody's layers.
    layers = [
        (op, of, op.index if number == 0 else None, view)
        for number, (view, memory) in enumerate(graphs)
        for op, of in zip(view.ops, memory, strict=True)
    ]
    for op, of, layer, _ in layers:
        tail.add(f"{op.name} options", "builtin options", of.builtin_data_bytes, of.builtin_data_alignment, layer)
    for op, of, layer, _ in layers:
        tail.add(f"{op.name} OpData", "kernel data", of.init_bytes, ALIGNMENT, layer)
    for op, of, layer, view in layers:
        for position, size in enumerate(of.prepare_bytes):
            if op.name == "ASSIGN_VARIABLE":
                name = view.tensors[op.inputs[0]].name
                tail.add(name, "resource variables", size, ALIGNMENT, None, number_of(view, op.inputs[0]))
            else:
                tail.add(f"{op.name} array {position}", "kernel arrays", size, ALIGNMENT, layer, position)


def _add_tensor(tail: _Tail, tensor: Tensor) -> None:
    """A TfLiteTensor, which the interpreter hands out, with its quantization."""
    tail.add("TfLiteTensor", "input and output tensors", TENSOR_BYTES, 4)
    if tensor.quantization is not None:
        zero_points = 4 + 4 * len(tensor.quantization.scales)
        tail.add("TfLiteAffineQuantization", "input and output tensors", AFFINE_QUANTIZATION_BYTES, 4)
        tail.add("zero points", "input and output tensors", zero_points, 4)


def _head(
    model: Model, memory: Sequence[OpMemory], planner: Planner, offsets: Sequence[int] | None
) -> tuple[Buffer, ...]:
    """Tensors by index, then scratch requests by operator, placed by the planner around the offline plan."""
    lifetimes = _lifetimes(model)
    wanted: list[_Wanted] = [
        (tensor.name, tensor.index, None, tensor.bytes, *lifetimes[tensor.index])
        for tensor in model.tensors
        if offline_plan.needs_place(model, tensor.index)
    ]
    wanted += _scratch(memory)
    allocator = planner.allocator if offsets is None else planner.offline
    if allocator is None:
        raise UnsupportedError(
            f"{model.name} has an offline plan, which TensorFlow Lite Micro's {planner.name} refuses"
        )
    requests = [
        Request(round_up(size), first, last, _fixed(offsets, tensor)) for _, tensor, _, size, first, last in wanted
    ]
    placed = ALLOCATORS[allocator](requests)
    if offsets is not None and (pair := gaps.overlap(requests, placed)):
        one, other = (wanted[index][0] for index in pair)
        raise UnsupportedError(
            f"the offline plan of {model.name} puts {shown(one)} and {shown(other)} in the same bytes while both are "
            "needed; TensorFlow Lite Micro would let one overwrite the other"
        )
    return tuple(
        Buffer(name, tensor, scratch, offset, size, request.bytes, first, last)
        for (name, tensor, scratch, size, first, last), request, offset in zip(wanted, requests, placed, strict=True)
    )


def _fixed(offsets: Sequence[int] | None, tensor: int | None) -> int | None:
    """Where an offline plan puts a tensor; None for scratch and for what is planned at run time."""
    if offsets is None or tensor is None or offsets[tensor] == offline_plan.ONLINE:
        return None
    return offsets[tensor]


def _scratch(memory: Sequence[OpMemory]) -> Iterator[_Wanted]:
    for op, of in enumerate(memory):
        for position, size in enumerate(of.scratch_bytes):
            yield f"scratch {position} of layer {op}", None, (op, position), size, op + 1, op + 1


def _lifetimes(model: Model) -> list[tuple[int, int]]:
    """First and last moment of each tensor; (−1, −1) where neither the graph nor an operator uses it."""
    first, last = [-1] * len(model.tensors), [-1] * len(model.tensors)
    for index in model.inputs:
        first[index] = last[index] = 0
    for op in model.ops:
        for index in op.outputs:
            if index >= 0 and first[index] < 0:
                first[index] = op.index + 1
        for index in (*op.inputs, *op.outputs):
            if index >= 0:
                last[index] = op.index + 1
    for index in model.outputs:
        last[index] = len(model.ops)
    return list(zip(first, last, strict=True))
