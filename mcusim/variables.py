"""A model's VAR_HANDLEs and ASSIGN_VARIABLEs → its resource variables: what they are, who allocates them, their values.

TensorFlow Lite Micro keeps them in the arena between inferences (MicroResourceVariables). The first ASSIGN_VARIABLE
that is prepared, subgraph by subgraph, allocates a variable and fills it with its zero point; CALL_ONCE runs a subgraph
that sets others before the first inference.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mcusim.model import Model, Op, Tensor
from mcusim.operands import bad, integer, operand, word

Name = tuple[str, str]  # container and shared name


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A resource variable; `value` is the tensor that is assigned to it first, by operator `op` of a subgraph."""

    value: Tensor
    subgraph: int
    op: int


def views(model: Model) -> tuple[Model, ...]:
    """The model as the operators of each subgraph see it: their own tensors are the main ones."""
    graphs = sorted(model.subgraphs, key=lambda graph: graph.index)
    return tuple(
        dataclasses.replace(model, subgraphs=(graph, *(other for other in graphs if other is not graph)))
        for graph in graphs
    )


def _name(model: Model, tensor: int) -> Name | None:
    """The name behind a handle, None for a tensor that VAR_HANDLE does not write."""
    for op in model.ops:
        if op.name == "VAR_HANDLE" and tensor in op.outputs:
            return word(op, "container"), word(op, "shared_name")
    return None


def _assignments(model: Model) -> Iterator[tuple[Name, Op, Tensor]]:
    """ASSIGN_VARIABLEs of a subgraph: name, operator and value."""
    for op in model.ops:
        if op.name == "ASSIGN_VARIABLE" and len(op.inputs) == 2 and min(op.inputs) >= 0:
            name = _name(model, op.inputs[0])
            if name is not None:
                yield name, op, model.tensors[op.inputs[1]]


def variables(model: Model) -> Mapping[Name, Variable]:
    """The variables in the order in which they are allocated."""
    found: dict[Name, Variable] = {}
    for view in views(model):
        for name, op, value in _assignments(view):
            found.setdefault(name, Variable(value, view.subgraphs[0].index, op.index))
    return found


def number_of(model: Model, tensor: int) -> int:
    """Which of the variables a handle stands for; KeyError where it is none's."""
    name = _name(model, tensor)
    for number, known in enumerate(variables(model)):
        if known == name:
            return number
    raise KeyError(f"tensor {tensor} is no handle of a variable")


def held(model: Model, tensor: int) -> Tensor:
    """A tensor; for a handle the variable, under the handle's name."""
    handle = model.tensors[tensor]
    name = _name(model, tensor) if handle.dtype == "resource" else None
    known = variables(model)
    if name is None or name not in known:
        return handle
    value = known[name].value
    return dataclasses.replace(handle, dtype=value.dtype, shape=value.shape, quantization=value.quantization)


def initial(model: Model) -> tuple[bytes, ...]:
    """What the variables hold before the first inference, once CALL_ONCE has run: constants, or zero points."""
    known = variables(model)
    content = {name: _cleared(variable.value) for name, variable in known.items()}
    called = initializers(model)
    for view in views(model):
        for name, _, value in _assignments(view) if view.subgraphs[0].index in called else ():
            if value.data is not None:
                content[name] = np.ascontiguousarray(value.data).tobytes()
    return tuple(content.values())


def reset_bytes(tensor: Tensor) -> bytes:
    """What a variable tensor holds before the first inference: its zero point if it is int8, else zeros.

    As TFLM's ResetVariableTensors fills the bytes.
    """
    is_int8 = tensor.dtype == "int8" and tensor.quantization is not None
    value = tensor.quantization.zero_point if is_int8 and tensor.quantization else 0
    return bytes([value & 0xFF]) * tensor.bytes


def _cleared(value: Tensor) -> bytes:
    """Bytes of the zero point, cut down to int8, as TFLM fills a variable; zeros without one."""
    zero_point = value.quantization.zero_point if value.quantization else 0
    return bytes([zero_point & 0xFF]) * value.bytes


def initializers(model: Model) -> frozenset[int]:
    """Subgraphs that CALL_ONCE runs."""
    return frozenset(integer(op, "init_subgraph_index") for op in model.ops if op.name == "CALL_ONCE")


def subgraphs_reason(model: Model) -> str | None:
    """Why a model's subgraphs cannot be planned and run; None where CALL_ONCE runs all but the main one."""
    if initializers(model) == frozenset(range(1, len(model.subgraphs))):
        return None
    return f"{len(model.subgraphs)} subgraphs; mcusim knows models of one, and of those that CALL_ONCE runs"


def assigned(model: Model, op: Op) -> tuple[int, ...]:
    """Tensors that an operator gives a value: its outputs, but ASSIGN_VARIABLE its variable and VAR_HANDLE none."""
    if op.name == "ASSIGN_VARIABLE":
        return op.inputs[:1]
    return tuple(index for index in op.outputs if model.tensors[index].dtype != "resource")


def handle_reason(model: Model, op: Op, handle: Tensor) -> str | None:
    """Why a handle cannot be used; None if a variable of its name is assigned somewhere."""
    name, known = _name(model, handle.index), variables(model)
    if name is None:
        return f"{handle.name!r} is no handle of VAR_HANDLE in the same subgraph"
    if name not in known:
        return f"variable {name[1]!r} is never assigned"
    if sum(other[1] == name[1] for other in known) > 1:
        return f"variables of the same name {name[1]!r} in several containers are not supported"
    return None


def value_reason(model: Model, op: Op, value: Tensor) -> str | None:
    """Why a value cannot be read from or assigned to input 0; None if it can. BadModelError where the types differ."""
    handle = operand(model, op, 0, "variable")
    reason = handle_reason(model, op, handle)
    if reason:
        return reason
    variable = held(model, handle.index)
    if (variable.dtype, variable.shape) != (value.dtype, value.shape):
        raise bad(
            op,
            f"moves {value.dtype} of shape {list(value.shape)}; the variable is {variable.dtype} of shape "
            f"{list(variable.shape)}",
        )
    return f"tensor {value.name!r} is empty" if value.elements == 0 else None


def initializer_reason(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run CALL_ONCE; None if all that its subgraph does is to assign constants, before any use."""
    if op.inputs or op.outputs:
        raise bad(op, "has inputs or outputs")
    if any(one.name in ("READ_VARIABLE", "ASSIGN_VARIABLE") for one in model.ops[: op.index]):
        return "initialization after the first use of variables is not supported"
    called = integer(op, "init_subgraph_index")
    graph = next((view for view in views(model) if view.subgraphs[0].index == called), None)
    if graph is None:
        raise bad(op, f"calls subgraph {called}, which does not exist")
    for one in graph.ops:
        if one.name == "VAR_HANDLE":
            reason = handle_reason(graph, one, graph.tensors[one.outputs[0]])
        elif one.name == "ASSIGN_VARIABLE":
            value = operand(graph, one, 1, "value")
            reason = value_reason(graph, one, value) or (None if value.is_constant else "a value of its own")
        else:
            reason = f"{one.name} in an initialization"
        if reason:
            return f"in subgraph {called}: {reason} is not supported" if "supported" not in reason else reason
    return None
