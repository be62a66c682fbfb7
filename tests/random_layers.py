"""A seed → a random model of one operator or of a chain of them, within what TensorFlow Lite Micro takes."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from one_layer import Layer, OneLayer, Value, activation, model_file, padding, random_int8

from mcusim.tflite import parse

SIDES = (1, 1, 2, 3, 4, 5, 6, 7, 9)
CHANNELS = (1, 2, 3, 4, 5, 7, 8, 12, 16, 17)
FUSED = ("NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1")
PROBABILITY = (1 / 256, -128)  # scale and zero point of a SOFTMAX or LOGISTIC
SOFTMAX_ROW = 511  # of more equal elements LiteRT and TensorFlow Lite Micro built for a PC abort
LARGEST = 6_000  # elements of a tensor, so that a model takes milliseconds


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

    def activations(self, shape, **fields):
        """Add an int8 tensor of random quantization."""
        return self.value(shape, self.scale(), self.zero_point(), **fields)

    def constant(self, data, scale=None, axis=0):
        return self.value(data.shape, scale, dtype=data.dtype.name, axis=axis, data=data)

    def operand(self, shape, like=None):
        """Another operand: an earlier tensor where one fits, else an input or a constant; quantized as `like`."""
        fitting = [
            index
            for index, value in enumerate(self.values)
            if (value.shape, value.dtype) == (tuple(shape), "int8")
            and not isinstance(value.scale, tuple)
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


def _window(d, source, dilated):
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


def _weights(d, shape, axis, source, per_channel):
    """Weights, a bias or none, and an output scale that leaves most results within int8."""
    channels, depth = shape[axis], math.prod(shape) / shape[axis]
    scales = tuple(d.scale(1e-3, 0.1) for _ in range(channels if per_channel else 1))
    weights = d.constant(random_int8(d.rng, shape), scales, axis)
    inputs = [source, weights]
    spread = d.values[source].scale * float(np.mean(scales)) * 70 * 70 * math.sqrt(depth) / 40
    output_scale = d.scale(spread / 8, spread * 16)
    if d.chance(0.75):
        most = d.pick((100, 5_000, 5_000, 300_000, 2**28))
        bias = d.rng.integers(-most, most + 1, channels, dtype=np.int32)
        inputs.append(d.constant(bias, tuple(d.values[source].scale * scale for scale in scales)))
    elif axis == 0 and d.chance(0.3):
        inputs.append(-1)  # TensorFlow Lite Micro takes this for granted in all but DEPTHWISE_CONV_2D
    return inputs, output_scale


def conv_2d(d, source):
    n, _, _, c = d.values[source].shape
    filters, (h, w), options = _window(d, source, dilated=True)
    groups = d.pick([g for g in range(1, c + 1) if c % g == 0]) if d.chance(0.3) else 1
    channels = groups * d.pick((1, 2, 3, 4)) if groups > 1 else d.pick(CHANNELS)
    inputs, scale = _weights(d, (channels, *filters, c // groups), 0, source, d.chance(0.8))
    output = d.value((n, h, w, channels), scale, d.zero_point())
    return d.layer("CONV_2D", inputs, output, "Conv2DOptions", **options)


def depthwise_conv_2d(d, source):
    n, _, _, c = d.values[source].shape
    filters, (h, w), options = _window(d, source, dilated=True)
    multiplier = d.pick((1, 1, 1, 2, 3, 8 if c == 1 else 4))
    inputs, scale = _weights(d, (1, *filters, c * multiplier), 3, source, d.chance(0.8))
    output = d.value((n, h, w, c * multiplier), scale, d.zero_point())
    options["DepthMultiplier"] = multiplier
    return d.layer("DEPTHWISE_CONV_2D", inputs, output, "DepthwiseConv2DOptions", **options)


def fully_connected(d, source):
    shape = d.values[source].shape
    keep = len(shape) > 1 and d.chance(0.5)
    depth = shape[-1] if keep or len(shape) == 1 else math.prod(shape[1:])
    rows = shape[:-1] if keep else (math.prod(shape) // depth,)
    channels = d.pick(CHANNELS)
    inputs, scale = _weights(d, (channels, depth), 0, source, d.chance(0.5))
    output = d.value((*rows, channels), scale, d.zero_point())
    options = {"KeepNumDims": keep, "FusedActivationFunction": activation(d.pick(FUSED))}
    return d.layer("FULLY_CONNECTED", inputs, output, "FullyConnectedOptions", **options)


def _pool(operator):
    def draw(d, source):
        value = d.values[source]
        filters, (h, w), options = _window(d, source, dilated=False)
        output = d.value((value.shape[0], h, w, value.shape[3]), value.scale, value.zero_point)
        sizes = {"FilterHeight": filters[0], "FilterWidth": filters[1]}
        return d.layer(operator, [source], output, "Pool2DOptions", **options, **sizes)

    return draw


def _partner_shape(d, shape):
    """A shape that goes together with another: the same, or with some dimensions of 1 or left out."""
    if d.chance(0.4) or len(shape) > 4:
        return shape
    partner = [1 if d.chance(0.4) else d.pick((2, 3, 5)) if size == 1 and d.chance(0.5) else size for size in shape]
    return tuple(partner[d.pick((0, 0, *range(len(shape)))) :])


def _binary(operator, kind):
    def draw(d, source):
        shape = d.values[source].shape
        other = d.operand(_partner_shape(d, shape))
        output_shape = np.broadcast_shapes(shape, d.values[other].shape)
        one, two = d.values[source].scale, d.values[other].scale
        natural = max(one, two) if operator == "ADD" else one * two * 40
        output = d.value(output_shape, d.scale(natural / 4, natural * 4), d.zero_point())
        inputs = d.pick(([source, other], [other, source]))
        return d.layer(operator, inputs, output, kind, FusedActivationFunction=activation(d.pick(FUSED)))

    return draw


def softmax(d, source):
    output = d.value(d.values[source].shape, *PROBABILITY)
    beta = d.pick((1.0, 1.0, float(np.float32(d.rng.uniform(0.1, 4)))))
    return d.layer("SOFTMAX", [source], output, "SoftmaxOptions", Beta=beta)


def logistic(d, source):
    return d.layer("LOGISTIC", [source], d.value(d.values[source].shape, *PROBABILITY))


def relu(d, source):
    scale = d.scale(d.values[source].scale / 4, d.values[source].scale * 4)
    return d.layer("RELU", [source], d.value(d.values[source].shape, scale, d.zero_point()))


def relu6(d, source):
    value = d.values[source]
    return d.layer("RELU6", [source], d.value(value.shape, value.scale, value.zero_point))


def reshape(d, source):
    value = d.values[source]
    elements, shape = math.prod(value.shape), []
    for _ in range(d.pick((0, 1, 2, 3))):
        shape.append(d.pick([size for size in range(1, elements + 1) if elements % size == 0][:8]))
        elements //= shape[-1]
    shape.append(elements)
    given = np.array(shape, np.int32)
    if d.chance(0.3):
        given[-1] = -1
    output = d.value(shape, value.scale, value.zero_point, dtype=value.dtype)
    inputs = [source, d.constant(given)] if d.chance(0.7) else [source]
    return d.layer("RESHAPE", inputs, output, "ReshapeOptions", NewShape=given)


def pad(d, source):
    value = d.values[source]
    amounts = d.rng.integers(0, d.pick((2, 4)), (len(value.shape), 2)).astype(np.int32)
    shape = [size + int(a + b) for size, (a, b) in zip(value.shape, amounts, strict=True)]
    output = d.value(shape, value.scale, value.zero_point)
    return d.layer("PAD", [source, d.constant(amounts)], output, "PadOptions")


def mean(d, source):
    value = d.values[source]
    rank = len(value.shape)
    axes = [axis - rank * d.chance(0.3) for axis in range(rank) if d.chance(0.5)] or [d.pick(range(rank))]
    if d.chance(0.3):
        axes = [axes[0], *reversed(axes)]
    keep = d.chance(0.5)
    reduced = {axis % rank for axis in axes}
    shape = [1 if axis in reduced else size for axis, size in enumerate(value.shape) if keep or axis not in reduced]
    same = d.chance(0.3)
    scale = value.scale if same else d.scale(value.scale / 8, value.scale * 2)
    output = d.value(shape, scale, value.zero_point if same else d.zero_point())
    inputs = [source, d.constant(np.array(axes, np.int32))]
    return d.layer("MEAN", inputs, output, "ReducerOptions", KeepDims=keep)


def quantize(d, source):
    value = d.values[source]
    scale = d.scale() if value.scale is None else d.scale(value.scale / 8, value.scale * 8)
    return d.layer("QUANTIZE", [source], d.value(value.shape, scale, d.zero_point()), "QuantizeOptions")


def dequantize(d, source):
    output = d.value(d.values[source].shape, dtype="float32")
    return d.layer("DEQUANTIZE", [source], output, "DequantizeOptions")


def concatenation(d, source):
    value = d.values[source]
    axis = d.pick(range(len(value.shape)))
    inputs, total = [source], value.shape[axis]
    for _ in range(d.pick((1, 1, 2, 3))):
        shape = list(value.shape)
        shape[axis] = d.pick((shape[axis], 1, 2, 3, 5))
        inputs.insert(d.pick((0, 1)), d.operand(shape, like=value))
        total += shape[axis]
    shape = [*value.shape[:axis], total, *value.shape[axis + 1 :]]
    output = d.value(shape, value.scale, value.zero_point)
    options = {"Axis": axis - len(shape) * d.chance(0.4)}
    return d.layer("CONCATENATION", inputs, output, "ConcatenationOptions", **options)


OPERATORS = {
    "ADD": _binary("ADD", "AddOptions"),
    "AVERAGE_POOL_2D": _pool("AVERAGE_POOL_2D"),
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "DEQUANTIZE": dequantize,
    "FULLY_CONNECTED": fully_connected,
    "LOGISTIC": logistic,
    "MAX_POOL_2D": _pool("MAX_POOL_2D"),
    "MEAN": mean,
    "MUL": _binary("MUL", "MulOptions"),
    "PAD": pad,
    "QUANTIZE": quantize,
    "RELU": relu,
    "RELU6": relu6,
    "RESHAPE": reshape,
    "SOFTMAX": softmax,
}
NEED_IMAGES = ("AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D")
TAKE_SCALARS = ("ADD", "DEQUANTIZE", "LOGISTIC", "MUL", "QUANTIZE", "RELU", "RELU6", "RESHAPE")


def random_layer(operator, seed, damages=0, extreme_biases=False):
    """A model of one operator; a small share of its operands is constant or given twice.

    With `extreme_biases` each is the least or the greatest of its type, so that sums wrap around. With `damages` as many details of it are then made wrong: BadModelError if the parser sees that.
    """
    d = Drawing(np.random.default_rng([seed, *operator.encode()]))
    shape = d.shape((4,) if operator in NEED_IMAGES else (0, 1, 2, 3, 4) if operator in TAKE_SCALARS else (1, 2, 3, 4))
    floats = d.chance({"RESHAPE": 0.2, "QUANTIZE": 0.5}.get(operator, 0))
    source = d.value(shape, dtype="float32") if floats else d.activations(shape)
    output = OPERATORS[operator](d, source)
    if extreme_biases:
        d.values = [_with_extremes(d.rng, value) for value in d.values]
    for _ in range(damages):
        d.pick((_damage_tensor, _damage_tensor, _damage_layer))(d)
    return _finished(d, [output])


def _with_extremes(rng, value):
    if value.dtype not in ("int32", "int64") or value.scale is None or value.data is None:
        return value
    limits = np.iinfo(value.dtype)
    return dataclasses.replace(value, data=rng.choice(np.array([limits.min, limits.max], value.dtype), value.shape))


def _damage_tensor(d):
    """Change a type, a dimension, the rank, the quantization or where the value comes from."""
    position = d.pick(range(len(d.values)))
    value = d.values[position]
    shape = list(value.shape)
    if shape:
        shape[d.pick(range(len(shape)))] = d.pick((0, 1, 2, 3, 100))
    changes = [
        {"dtype": d.pick(("int8", "uint8", "int16", "int32", "float32", "bool"))},
        {"shape": tuple(shape)},
        {"shape": d.pick(((1, *value.shape), value.shape[1:]))},
        {"scale": None},
        {"scale": (0.5,) * value.shape[-1], "axis": len(value.shape) - 1} if value.shape else {"scale": 2.0},
        {"scale": d.pick((1e-38, 1e-20, 2.0**-20, 1e20, 3e38))},
        {"zero_point": d.pick((-128, -1, 1, 127))},
        {"data": None},
    ]
    changed = dataclasses.replace(value, **d.pick(changes))
    if changed.data is not None:
        changed = dataclasses.replace(changed, data=np.resize(value.data, changed.shape).astype(changed.dtype))
    d.values[position] = changed


def _damage_layer(d):
    """Leave an operand out, give one too many, or change a number among the options."""
    (layer,) = d.layers
    inputs, options = list(layer.inputs), dict(layer.options)
    numbers = [name for name, value in options.items() if isinstance(value, int)]
    what = d.pick(("drop", "leave out", "add", "option"))
    if what == "option" and numbers:
        name = d.pick(numbers)
        options[name] = not options[name] if isinstance(options[name], bool) else d.pick((-1, 0, 1, 2, 3, 4, 100))
    elif what == "add":
        inputs.append(d.pick((-1, inputs[0] if inputs else 0)))
    elif inputs and what == "drop":
        inputs.pop()
    elif inputs:
        inputs[d.pick(range(len(inputs)))] = -1
    d.layers[0] = dataclasses.replace(layer, inputs=tuple(inputs), options=options)


def random_chain(seed, length):
    """A model of `length` operators, each on one of the latest tensors; tensors that nothing reads are outputs."""
    d = Drawing(np.random.default_rng([seed, length]))
    source = d.activations(d.shape((4,)))
    made = [source]
    while len(d.layers) < length:
        source = d.pick(made[-3:]) if d.chance(0.3) else made[-1]
        value = d.values[source]
        if value.dtype == "float32":
            fitting = ["QUANTIZE"] * 3 + ["RESHAPE"]
        elif not value.shape:
            fitting = list(TAKE_SCALARS)
        else:
            fitting = [name for name in OPERATORS if len(value.shape) == 4 or name not in NEED_IMAGES]
            if value.shape[-1] > SOFTMAX_ROW:
                fitting.remove("SOFTMAX")
            fitting += [name for name in (*NEED_IMAGES, "ADD", "CONCATENATION") if name in fitting]
        before = len(d.values), len(d.layers)
        output = OPERATORS[d.pick(fitting)](d, source)
        if math.prod(d.values[output].shape) > LARGEST:
            del d.values[before[0] :], d.layers[before[1] :]
        else:
            made.append(output)
    read = {index for layer in d.layers for index in layer.inputs}
    outputs = [index for index in made[1:] if index not in read or d.chance(0.1)]
    return _finished(d, outputs)


def _finished(d, outputs):
    file = model_file(d.values, d.layers, outputs)
    return OneLayer(parse(file, "random"), file)


def random_inputs(model, seed):
    """An array for each input of a model: int8 over the whole range, floats beyond it too."""
    rng = np.random.default_rng(seed)
    arrays = []
    for tensor in (model.tensors[index] for index in model.inputs):
        if tensor.dtype == "float32":
            arrays.append(np.asarray(rng.normal(size=tensor.shape) * 10 ** rng.uniform(-2, 2), np.float32))
        else:
            arrays.append(random_int8(rng, tensor.shape).astype(tensor.dtype))
    return arrays
