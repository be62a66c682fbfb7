"""A random number generator → a model while it is drawn: tensors, weights and windows that go together."""

from __future__ import annotations

import math

import numpy as np
from one_layer import Layer, Value, activation, padding, random_int8

SIDES = (1, 1, 2, 3, 4, 5, 6, 7, 9)
CHANNELS = (1, 2, 3, 4, 5, 7, 8, 12, 16, 17)
FUSED = ("NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1")
# About the root mean square of values that lie all over a type's range, and that of good outputs.
TYPICAL = {"int4": 4.3, "int8": 70.0, "int16": 18_000.0}
TYPICAL_OUTPUT = {"int8": 40.0, "int16": 10_000.0}


class Drawing:
    """A model while it is drawn: tensors and layers so far."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.values: list[Value] = []
        self.layers: list[Layer] = []

    def pick(self, choices):
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, probability):
        return bool(self.rng.random() < probability)

    def scale(self, low=1e-3, high=1.0):
        """A scale between two; one in three is a power of two, so that results lie on the ties of roundings.

        Chains stay where no conversion to int32 overflows: what it then gives differs between a PC and Arm.
        """
        real = min(max(low * (high / low) ** self.rng.random(), 1e-5), 100.0)
        return float(np.float32(2.0 ** round(math.log2(real)) if self.chance(0.3) else real))

    def zero_point(self):
        return self.pick((0, -128, 127, *(int(self.rng.integers(-128, 128)) for _ in range(5))))

    def shape(self, ranks):
        rank = self.pick(ranks)
        shape = (self.pick((1, 1, 1, 2, 3)), self.pick(SIDES), self.pick(SIDES), self.pick(CHANNELS))
        return shape[4 - rank :]

    def value(self, shape, scale=None, zero_point=0, **fields):
        """Add a tensor; its position."""
        self.values.append(Value(tuple(int(size) for size in shape), scale, zero_point, **fields))
        return len(self.values) - 1

    def activations(self, shape, dtype="int8", **fields):
        """Add an int8 or int16 tensor of random quantization; int16 has no zero point."""
        return self.value(shape, self.scale(), self.zero_point() if dtype == "int8" else 0, dtype=dtype, **fields)

    def result(self, shape, source, scale):
        """Add a tensor of the type of another."""
        dtype = self.values[source].dtype
        return self.value(shape, scale, self.zero_point() if dtype == "int8" else 0, dtype=dtype)

    def constant(self, data, scale=None, axis=0):
        return self.value(data.shape, scale, dtype=data.dtype.name, axis=axis, data=data)

    def operand(self, shape, like=None):
        """Another operand: an earlier tensor where one fits, else an input or a constant; quantized as `like`."""
        fitting = [
            index
            for index, value in enumerate(self.values)
            if (value.shape, value.dtype) == (tuple(shape), "int8")
            and not isinstance(value.scale, tuple)
            and not value.variable
            and (like is None or (value.scale, value.zero_point) == (like.scale, like.zero_point))
        ]
        if fitting and self.chance(0.6):
            return self.pick(fitting)
        data = random_int8(self.rng, tuple(shape)) if self.chance(0.3) else None
        if like is None:
            return self.activations(shape, data=data)
        return self.value(shape, like.scale, like.zero_point, data=data)

    def layer(self, operator, inputs, output, kind="", **options):
        """Add a layer; the position of its result."""
        self.layers.append(Layer(operator, tuple(inputs), output, kind, options))
        return output


def _slide(size, filter_size, stride, dilation, rule):
    reach = (filter_size - 1) * dilation + 1
    return (size - reach) // stride + 1 if rule == "VALID" else -(-size // stride)


def window(d, source, dilated):
    """Filter sizes, output sizes and options of a window that fits."""
    _, h, w, _ = d.values[source].shape
    filters = [d.pick((1, 1, 2, 3, 3, 4, 5)) for _ in range(2)]
    if d.chance(0.25):
        filters = [3, 3]
    strides = [d.pick((1, 1, 1, 2, 3, 4)) for _ in range(2)]
    dilations = [d.pick((1, 2, 3)) if dilated and d.chance(0.3) else 1 for _ in range(2)]
    sides = list(zip((h, w), filters, strides, dilations, strict=True))
    fits = all((k - 1) * dilation < side for side, k, _, dilation in sides)
    rule = d.pick(("SAME", "VALID")) if fits else "SAME"
    output = [_slide(*side, rule) for side in sides]
    options = {"StrideH": strides[0], "StrideW": strides[1], "Padding": padding(rule)}
    if dilated:
        options |= {"DilationHFactor": dilations[0], "DilationWFactor": dilations[1]}
    return filters, output, options | {"FusedActivationFunction": activation(d.pick(FUSED))}


def random_values(rng, shape, dtype):
    """Values all over the range of an integer type, its ends more often than chance has them."""
    if dtype == "int8":
        return random_int8(rng, shape)
    limits = np.iinfo(dtype)
    values = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return np.where(rng.random(shape) < 0.05, rng.choice(np.array([limits.min, limits.max], dtype), shape), values)


def _filters(d, shape, scales, axis, dtype):
    """Constant weights; int4 are packed two to a byte."""
    if dtype == "int8":
        return d.constant(random_int8(d.rng, shape), scales, axis)
    packed = random_values(d.rng, ((math.prod(shape) + 1) // 2,), "uint8")
    return d.value(shape, scales, dtype=dtype, axis=axis, data=packed)


def weights(d, shape, axis, source, *, per_channel, dtype="int8", bias_dtypes=("int64",), needs_bias=False):
    """Weights, a bias or none, and an output scale that leaves most results within the type of the activations.

    `bias_dtypes` are those that int16 activations may have.
    """
    value = d.values[source]
    channels, depth = shape[axis], math.prod(shape) / shape[axis]
    scales = tuple(d.scale(1e-3, 0.1) for _ in range(channels if per_channel else 1))
    inputs = [source, _filters(d, shape, scales, axis, dtype)]
    typical = TYPICAL[value.dtype] * TYPICAL[dtype] * math.sqrt(depth)
    spread = value.scale * float(np.mean(scales)) * typical / TYPICAL_OUTPUT[value.dtype]
    output_scale = d.scale(spread / 8, spread * 16)
    if needs_bias or d.chance(0.75):
        most = d.pick((100, 5_000, 5_000, 300_000, 2**28))
        bias_dtype = "int32" if value.dtype == "int8" else d.pick(bias_dtypes)
        bias = d.rng.integers(-most, most + 1, channels, bias_dtype)
        inputs.append(d.constant(bias, tuple(value.scale * scale for scale in scales)))
    elif axis == 0 and d.chance(0.3):
        inputs.append(-1)  # TensorFlow Lite Micro takes this for granted in all but DEPTHWISE_CONV_2D
    return inputs, output_scale
