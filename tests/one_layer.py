"""Models of one operator → its result by the reference, by LiteRT's reference kernels and by emulated target code."""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest
import tflite
from tflite_writer import buffer, code, model, op, quantization, subgraph, tensor, write

from mcusim.hardware import load_board
from mcusim.inference import Machine
from mcusim.ops import OPERATORS
from mcusim.plan import plan
from mcusim.runtime import Runtime
from mcusim.tflite import parse
from mcusim.variables import reset_bytes

M4 = Runtime("cmsis_nn", dsp=True, mve=False)
M0PLUS = Runtime("cmsis_nn", dsp=False, mve=False)
M55 = Runtime("cmsis_nn", dsp=True, mve=True)
REFERENCE = Runtime("reference", dsp=True, mve=False)


@dataclass(frozen=True)
class Value:
    """A tensor to be: `data` makes it a constant, `scale` one number or one a channel of `axis`.

    int4 data are packed, two to a byte; a variable tensor is a state.
    """

    shape: tuple[int, ...]
    scale: float | tuple[float, ...] | None = None
    zero_point: int = 0
    dtype: str = "int8"
    axis: int = 0
    data: np.ndarray | None = None
    variable: bool = False


@dataclass(frozen=True)
class OneLayer:
    """The parsed model, and its file."""

    model: object
    file: bytes

    @property
    def op(self):
        return self.model.ops[0]

    def check(self):
        return OPERATORS[self.op.name].check(self.model, self.op)

    def macs(self):
        return OPERATORS[self.op.name].macs(self.model, self.op)

    def memory(self, runtime=M4):
        return OPERATORS[self.op.name].memory(self.model, self.op, runtime)

    def invocation(self, runtime=M4):
        operator = OPERATORS[self.op.name]
        found = operator.invocation(self.model, self.op, runtime)
        assert {call.symbol for call in found.calls} <= set(operator.KERNELS)
        return found

    def reference(self, *values):
        """The first output for the values of the model's inputs."""
        return self.reference_outputs(*values)[0]

    def reference_outputs(self, *values):
        """All outputs for the values of the model's inputs, states behind them: these begin as they are reset."""
        given = dict(zip(self.model.inputs, values, strict=True))
        given |= {one.index: reset(one) for one in self.model.tensors if one.is_variable}
        operands = [None if i < 0 else given.get(i, self.model.tensors[i].data) for i in self.op.inputs]
        return OPERATORS[self.op.name].reference(self.model, self.op, operands)

    def litert(self, *values):
        """The same by LiteRT."""
        return self.litert_outputs(*values)[0]

    def litert_outputs(self, *values):
        """All outputs by LiteRT's reference kernels; the others are not bit-exact with TensorFlow Lite Micro."""
        litert = pytest.importorskip("ai_edge_litert.interpreter")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            interpreter = litert.Interpreter(
                model_content=self.file, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF
            )
        interpreter.allocate_tensors()
        for index, value in zip(self.model.inputs, values, strict=True):
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in self.model.outputs]

    def tflm(self, *values):
        """The first output by TensorFlow Lite Micro."""
        return self.tflm_outputs(*values)[0]

    def tflm_outputs(self, *values):
        """All outputs by TensorFlow Lite Micro, built for a PC."""
        runtime = pytest.importorskip("tflite_micro").runtime
        interpreter = runtime.Interpreter.from_bytes(self.file, arena_size=2**20)
        for index, value in enumerate(values):
            interpreter.set_input(value, index)
        interpreter.invoke()
        return [interpreter.get_output(index) for index in range(len(self.model.outputs))]

    def target(self, *values):
        """The first output by the C kernel."""
        return self.target_outputs(*values)[0]

    def target_outputs(self, *values):
        """The same by the C kernel, emulated on a Cortex-M4; run.Machine compares it with the reference too."""
        machine = Machine.start(plan(self.model, _board()), values)
        layer, _ = machine.layer(self.op)
        assert layer.bit_exact, layer.difference
        return [machine.value(index) for index in self.model.outputs]

    def assert_one_result(self, *values):
        """Reference, LiteRT and target agree in every bit."""
        self._assert_all_are(self.litert_outputs(*values), values)

    def assert_tflms_result(self, *values):
        """Reference, TensorFlow Lite Micro and target agree in every bit."""
        self._assert_all_are(self.tflm_outputs(*values), values)

    def _assert_all_are(self, expected, values):
        outputs = len(self.model.outputs)  # states are compared by Machine
        for found in (self.reference_outputs(*values)[:outputs], self.target_outputs(*values)):
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other)


def reset(tensor):
    """A variable tensor before the first inference."""
    return np.frombuffer(reset_bytes(tensor), tensor.dtype).reshape(tensor.shape)


@cache
def _board():
    return dataclasses.replace(load_board("nano33ble"), memory=None)  # bits are compared, not times


@dataclass(frozen=True)
class Layer:
    """An operator to be: positions of its operands among a model's values (−1: left out) and of its results."""

    operator: str
    inputs: tuple[int, ...]
    output: int | tuple[int, ...]
    kind: str = ""
    options: dict[str, object] = field(default_factory=dict)

    @property
    def outputs(self):
        return self.output if isinstance(self.output, tuple) else (self.output,)


def model_file(values, layers, outputs):
    """The file of a model: `values` are its tensors t0, t1, …; those without data that no layer writes its inputs."""
    tensors, buffers = [], [buffer()]
    for position, value in enumerate(values):
        fields = {}
        if value.scale is not None:
            scales = value.scale if isinstance(value.scale, tuple) else (value.scale,)
            fields["Quantization"] = quantization(scales, (value.zero_point,) * len(scales), value.axis)
        if value.variable:
            fields["IsVariable"] = True
        if value.data is not None:
            fields["buffer"] = len(buffers)
            buffers.append(buffer(value.data))
        tensors.append(tensor(f"t{position}", value.shape, value.dtype.upper(), **fields))
    written = {index for layer in layers for index in layer.outputs}
    held = [value.data is not None or value.variable for value in values]
    free = [index for index in range(len(values)) if not held[index] and index not in written]
    names = list(dict.fromkeys(layer.operator for layer in layers))
    ops = [op(names.index(one.operator), one.inputs, one.outputs, one.kind, one.options) for one in layers]
    codes = [code(name, Version=1 if name == "RESHAPE" else 3) for name in names]  # LiteRT knows no later RESHAPE
    return write(model(codes, [subgraph(tensors, ops, free, outputs)], buffers))


def one_layer(operator, inputs, output, kind="", **options):
    """A model of one operator; inputs without data are the model's, None is one left out; one output or several."""
    given = [value for value in inputs if value is not None]
    following = iter(range(len(given)))
    indices = tuple(-1 if value is None else next(following) for value in inputs)
    outputs = output if isinstance(output, list) else [output]
    results = tuple(range(len(given), len(given) + len(outputs)))
    layer = Layer(operator, indices, results, kind, options)
    file = model_file([*given, *outputs], [layer], results)
    return OneLayer(parse(file, "one layer"), file)


def convolution_model(side=6):
    """A padded 3 × 3 CONV_2D of 3 to 5 channels: tensors t0 (input), t1 (135 weights of 1) and t2 (output)."""
    layer = one_layer(
        "CONV_2D",
        [Value((1, side, side, 3), 0.1), Value((5, 3, 3, 3), 0.1, data=np.ones((5, 3, 3, 3), np.int8))],
        Value((1, side, side, 5), 0.1),
        "Conv2DOptions",
        StrideH=1,
        StrideW=1,
        Padding=padding("SAME"),
        FusedActivationFunction=activation("NONE"),
    )
    return layer.model


def pool(operator, shape, size, stride, rule, *, fused="NONE", output_scale=0.1, dtype="int8", zero_point=5):
    """A layer of AVERAGE_POOL_2D or MAX_POOL_2D; size and stride as (h, w)."""
    n, h, w, c = shape
    valid = [(side - k) // s + 1 for side, k, s in zip((h, w), size, stride, strict=True)]
    same = [-(-side // s) for side, s in zip((h, w), stride, strict=True)]
    return one_layer(
        operator,
        [Value(shape, 0.1, zero_point, dtype)],
        Value((n, *(same if rule == "SAME" else valid), c), output_scale, zero_point, dtype),
        "Pool2DOptions",
        StrideH=stride[0],
        StrideW=stride[1],
        FilterHeight=size[0],
        FilterWidth=size[1],
        Padding=padding(rule),
        FusedActivationFunction=activation(fused),
    )


def constant(*values):
    """A constant int32 operand."""
    data = np.array(values, np.int32)
    return Value(data.shape, None, dtype="int32", data=data)


def quantized(shape, dtype="int8", scale=0.1):
    """A tensor of any type: one whose elements are quantized has a scale, and int8 a zero point of 3."""
    return Value(shape, scale if dtype in ("int8", "int16") else None, 3 if dtype == "int8" else 0, dtype)


def random_elements(seed, shape, dtype="int8"):
    """Elements of any type, over its whole range where it is an integer's."""
    rng = np.random.default_rng(seed)
    if dtype == "int8":
        return random_int8(rng, shape)
    if dtype == "float32":
        return rng.normal(size=shape).astype(np.float32)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(np.bool_)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def random_int8(rng, shape):
    """Values over the whole int8 range, its ends more often than chance has them."""
    return random_integers(rng, shape, "int8")


def random_integers(rng, shape, dtype):
    """Values over the whole range of an integer type, or bools; its ends more often than chance has them."""
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    least, greatest = np.iinfo(dtype).min, np.iinfo(dtype).max
    values = rng.integers(least, greatest, shape, dtype=dtype, endpoint=True)
    ends = rng.random(shape) < 0.05
    return np.where(ends, rng.choice(np.array([least, greatest], dtype), shape), values).astype(dtype)


def activation(name):
    """The number of a fused activation."""
    return getattr(tflite.ActivationFunctionType, name)


def padding(name):
    """The number of a padding rule."""
    return getattr(tflite.Padding, name)
