"""FILL: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

from mcusim import abi
from mcusim.copies import bits, element_bytes, empty, like, moved_reason
from mcusim.model import Model, Op, Tensor
from mcusim.operands import Array, bad, operand, result
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_fill",)

DTYPES = ("int8", "int32", "float32")


def _tensors(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    """The value and the output; BadModelError where their shapes disagree with the wanted one."""
    dims, value, output = operand(model, op, 0, "shape"), operand(model, op, 1, "value"), result(model, op)
    if value.elements != 1:
        raise bad(op, f"fills with a value of shape {list(value.shape)}")
    if dims.data is not None and tuple(dims.data.reshape(-1).tolist()) != output.shape:
        raise bad(op, f"fills shape {dims.data.reshape(-1).tolist()}, and has an output of {list(output.shape)}")
    return value, output


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    return moved_reason(DTYPES, *_tensors(model, op))


def macs(model: Model, op: Op) -> int:
    """None: FILL copies."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: nothing."""
    _tensors(model, op)
    return OpMemory()


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The value in every element."""
    _, output = _tensors(model, op)
    elements = empty(output)
    elements[:] = bits(inputs[1])[0]
    return (like(output, elements),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_fill."""
    value, output = _tensors(model, op)
    arguments = (
        abi.TensorPointer(value.index),
        element_bytes(output),
        output.elements,
        abi.TensorPointer(output.index),
    )
    return abi.Invocation((), (abi.Call("mcusim_fill", arguments, checks_status=False),))
