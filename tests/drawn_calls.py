"""A layer drawn for a fit → the C calls that it makes, their arguments in one array that stands for RAM."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcusim.abi import Call, Float32, PreparedPointer, ScratchPointer, Struct, TensorPointer
from mcusim.cost import Target
from mcusim.costs import COSTS
from mcusim.errors import McusimError
from mcusim.inference import reset_bytes
from mcusim.model import Model
from mcusim.ops import OPERATORS
from mcusim.runtime import Runtime
from mcusim.sketch import Sketch
from mcusim.target import RAM_ADDRESS

ALIGNMENT = 16


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
    """A call's function and its arguments: numbers, addresses, and once the array that stands for RAM."""

    symbol: str
    arguments: tuple[object, ...]
    checks_status: bool


def calls_of(model, core, seed=0) -> Iterator[DrawnCall]:
    """The calls of a model's last layer; what one writes is there for the next when that is asked for."""
    op = model.ops[-1]
    runtime = Runtime("cmsis_nn", dsp=core.dsp, mve=False)
    invocation = OPERATORS[op.name].invocation(model, op, runtime)
    memory = OPERATORS[op.name].memory(model, op, runtime)
    contents = {TensorPointer(tensor.index): _content(model, tensor, seed) for tensor in model.tensors}
    for before in model.ops[:-1]:
        contents |= _computed(model, before, contents)
    contents |= {ScratchPointer(number): bytes(size) for number, size in enumerate(memory.scratch_bytes)}
    for number, array in enumerate(invocation.arrays):
        contents[PreparedPointer(number)] = array or bytes(memory.prepare_bytes[number])
    for call in invocation.calls:
        placed = _Placed(contents, call)
        yield DrawnCall(call.symbol, placed.arguments, call.checks_status)
        contents |= placed.contents_after()


def _content(model: Model, tensor, seed) -> bytes:
    """What a tensor holds before the layer runs."""
    if tensor.is_constant:
        start = tensor.file_offset
        return bytes(model.file[start : start + tensor.bytes])
    if tensor.is_variable:
        return reset_bytes(tensor)
    if tensor.index not in model.inputs:
        return bytes(tensor.bytes)
    rng = SteadyRandom([seed, tensor.index])
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


class _Placed:
    """The arguments of a call in simulated RAM: all that they point to lies in one array, at RAM's start."""

    def __init__(self, contents, call: Call):
        self._contents = contents
        self._ram = bytearray()
        self._offsets: dict[object, int] = {}
        first = next(one for one in call.arguments if isinstance(one, Struct) or _is_whole(one))
        # The array is passed where its start is pointed to.
        self._lead = self._address(first)
        words = [self._word(one) for one in call.arguments]
        self.ram = np.frombuffer(self._ram, np.uint8).copy()
        lead = call.arguments.index(first)
        self.arguments = (*words[:lead], self.ram, *words[lead + 1 :])

    def contents_after(self):
        """What the call left, to be asked for once it was made."""
        held = self.ram.tobytes()
        return {
            pointer: held[offset : offset + len(self._contents[pointer])]
            for pointer, offset in self._offsets.items()
            if pointer in self._contents
        }

    def _word(self, argument):
        if isinstance(argument, Float32):
            return np.float32(argument.value)
        return (
            argument & 0xFFFFFFFF if isinstance(argument, int) else 0 if argument is None else self._address(argument)
        )

    def _address(self, argument):
        if isinstance(argument, Struct):
            if id(argument) not in self._offsets:
                offset = self._offsets[id(argument)] = self._reserve(4 * len(argument.words))
                words = [self._word(one) for one in argument.words]
                content = b"".join(_bytes_of(word) for word in words)
                self._ram[offset : offset + len(content)] = content
            return RAM_ADDRESS + self._offsets[id(argument)]
        whole = _whole(argument)
        if whole not in self._offsets:
            content = self._contents[whole]
            offset = self._offsets[whole] = self._reserve(len(content))
            self._ram[offset : offset + len(content)] = content
        return RAM_ADDRESS + self._offsets[whole] + getattr(argument, "byte_offset", 0)

    def _reserve(self, size):
        offset = len(self._ram)
        self._ram += bytes(-(-size // ALIGNMENT) * ALIGNMENT + ALIGNMENT)
        return offset


def _bytes_of(word):
    return word.tobytes() if isinstance(word, np.float32) else word.to_bytes(4, "little")


def _whole(pointer):
    """The pointer to the start of what another points into."""
    if isinstance(pointer, TensorPointer):
        return TensorPointer(pointer.tensor)
    return ScratchPointer(pointer.request) if isinstance(pointer, ScratchPointer) else pointer


def _is_whole(argument):
    return isinstance(argument, TensorPointer | ScratchPointer | PreparedPointer) and _whole(argument) == argument
