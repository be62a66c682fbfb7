"""A layer drawn for a fit → the C calls that it makes, with arguments as the fixture mcu takes them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from mcusim.abi import Float32, PreparedPointer, ScratchPointer, Struct, TensorPointer
from mcusim.cost import Target
from mcusim.costs import COSTS
from mcusim.errors import McusimError
from mcusim.inference import reset_bytes
from mcusim.model import Model
from mcusim.ops import OPERATORS
from mcusim.runtime import Runtime
from mcusim.sketch import Sketch
from mcusim.structures import Structure


class SteadyRandom:
    """What the drawing of layers needs of a np.random.Generator, out of NumPy's old generator.

    Its streams are frozen (NEP 19), so that a seed draws the same layer with every version of NumPy.
    """

    def __init__(self, seed):
        self._state = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed)))

    def integers(self, low, high=None, size=None, dtype=np.int64, endpoint=False):
        low, high = (0, low) if high is None else (low, high)
        drawn = self._state.randint(low, int(high) + endpoint, size, np.int64)
        return np.asarray(drawn).astype(dtype)[()]

    def random(self, size=None):
        return self._state.random_sample(size)

    def uniform(self, low=0.0, high=1.0, size=None):
        return self._state.uniform(low, high, size)

    def normal(self, loc=0.0, scale=1.0, size=None):
        return self._state.normal(loc, scale, size)

    def choice(self, a, size=None, replace=True, p=None):
        return self._state.choice(a, size, replace, p)

    def permutation(self, x):
        return self._state.permutation(x)


@functools.cache
def drawn(operator, seed):
    """The layer that an operator's drawing makes of a seed."""
    sketch = Sketch(f"{operator} {seed}")
    COSTS[operator].draw(sketch, SteadyRandom([seed, *operator.encode()]))
    return sketch.model()


def path_of(model, core):
    """The way through the kernels that a model's last layer takes on a core, as cost formulas tell them apart.

    None where it calls none.
    """
    op = model.ops[-1]
    try:
        return COSTS[op.name].count(model, op, Target(core.dsp, core.isa != "armv6m")).kernel or None
    except McusimError:
        return None


@dataclass(frozen=True)
class DrawnCall:
    """A call's function and its arguments, as the fixture mcu takes them."""

    symbol: str
    arguments: tuple[object, ...]
    checks_status: bool


def calls_of(model, core) -> list[DrawnCall]:
    """The calls of a model's last layer; they share arrays, so that one finds what those before it wrote."""
    op = model.ops[-1]
    runtime = Runtime("cmsis_nn", dsp=core.dsp, mve=False)
    invocation = OPERATORS[op.name].invocation(model, op, runtime)
    memory = OPERATORS[op.name].memory(model, op, runtime)
    contents = {TensorPointer(tensor.index): _content(model, tensor) for tensor in model.tensors}
    for before in model.ops[:-1]:
        contents |= _computed(model, before, contents)
    contents |= {ScratchPointer(number): bytes(size) for number, size in enumerate(memory.scratch_bytes)}
    for number, array in enumerate(invocation.arrays):
        contents[PreparedPointer(number)] = array or bytes(memory.prepare_bytes[number])
    arrays = {pointer: np.frombuffer(content, np.uint8).copy() for pointer, content in contents.items()}
    for index in op.inputs:
        if index >= 0 and not model.tensors[index].is_variable:
            arrays[TensorPointer(index)].flags.writeable = False
    return [
        DrawnCall(call.symbol, tuple(_value(one, arrays) for one in call.arguments), call.checks_status)
        for call in invocation.calls
    ]


def _value(argument, arrays):
    """An argument of an invocation as the fixture takes it."""
    if isinstance(argument, Struct):
        return Structure(None, {f"m{place}": _value(one, arrays) for place, one in enumerate(argument.words)})
    if isinstance(argument, TensorPointer):
        return arrays[TensorPointer(argument.tensor)][argument.byte_offset :]
    if isinstance(argument, ScratchPointer):
        return arrays[ScratchPointer(argument.request)][argument.byte_offset :]
    if isinstance(argument, PreparedPointer):
        return arrays[argument]
    if isinstance(argument, Float32):
        return np.float32(argument.value)
    return None if argument is None else np.uint32(argument & 0xFFFFFFFF)


def _content(model: Model, tensor) -> bytes:
    """What a tensor holds before the layer runs."""
    if tensor.is_constant:
        return bytes(model.file[tensor.file_offset : tensor.file_offset + tensor.bytes])
    if tensor.is_variable:
        return reset_bytes(tensor)
    if tensor.index not in model.inputs:
        return bytes(tensor.bytes)
    rng = SteadyRandom([tensor.index])
    if tensor.dtype == "float32":
        return rng.normal(size=tensor.shape).astype(np.float32).tobytes()
    if tensor.dtype == "bool":
        return rng.integers(0, 2, tensor.shape).astype(np.bool_).tobytes()
    limits = np.iinfo(tensor.dtype)
    low, high = max(limits.min, -(1 << 31)), min(limits.max, (1 << 31) - 1)
    return np.asarray(rng.integers(low, high, tensor.shape)).astype(tensor.dtype).tobytes()


def _computed(model, op, contents):
    """What a layer before the one that is called writes, by the reference."""

    def array(index):
        tensor = model.tensors[index]
        return np.frombuffer(contents[TensorPointer(index)], tensor.dtype).reshape(tensor.shape)

    written = OPERATORS[op.name].reference(model, op, [array(index) for index in op.inputs])
    return {TensorPointer(index): one.tobytes() for index, one in zip(op.outputs, written, strict=True)}
