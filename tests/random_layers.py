"""A seed → a random model of one operator or of a chain of them, within what TensorFlow Lite Micro takes."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from drawing import FUSED, Drawing, random_values, window
from one_layer import OneLayer, activation, model_file, random_int8
from random_products import (
    batch_matmul,
    conv_2d,
    depthwise_conv_2d,
    fully_connected,
    lstm,
    svdf,
    transpose_conv,
)

from mcusim.tflite import parse

PROBABILITY = (1 / 256, -128)  # scale and zero point of a SOFTMAX or LOGISTIC
SOFTMAX_ROW = 511  # of more equal elements LiteRT and TensorFlow Lite Micro built for a PC abort
LARGEST = 6_000  # elements of a tensor, so that a model takes milliseconds


def _pool(operator):
    def draw(d, source):
        value = d.values[source]
        filters, (h, w), options = window(d, source, dilated=False)
        output = d.value((value.shape[0], h, w, value.shape[3]), value.scale, value.zero_point)
        sizes = {"FilterHeight": filters[0], "FilterWidth": filters[1]}
        return d.layer(operator, [source], output, "Pool2DOptions", **options, **sizes)

    return draw


def partner_shape(d, shape):
    """A shape that goes together with another: the same, or with some dimensions of 1 or left out."""
    if d.chance(0.4) or len(shape) > 4:
        return shape
    partner = [1 if d.chance(0.4) else d.pick((2, 3, 5)) if size == 1 and d.chance(0.5) else size for size in shape]
    return tuple(partner[d.pick((0, 0, *range(len(shape)))) :])


def _binary(operator, kind):
    def draw(d, source):
        shape = d.values[source].shape
        other = d.operand(partner_shape(d, shape))
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
    "BATCH_MATMUL": batch_matmul,
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
    "SVDF": svdf,
    "TRANSPOSE_CONV": transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
}
NEED_IMAGES = ("AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "TRANSPOSE_CONV")
RANKS = dict.fromkeys(NEED_IMAGES, (4,)) | {
    "BATCH_MATMUL": (2, 3, 4),
    "SVDF": (2,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (3,),
}
TAKE_INT16 = (
    "BATCH_MATMUL",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "TRANSPOSE_CONV",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
)
TAKE_SCALARS = ("ADD", "DEQUANTIZE", "LOGISTIC", "MUL", "QUANTIZE", "RELU", "RELU6", "RESHAPE")


def random_layer(operator, seed, damages=0, extreme_biases=False):
    """A model of one operator; a small share of its operands is constant or given twice.

    With `extreme_biases` each is the least or the greatest of its type, so that sums wrap around. With `damages` as
    many details of it are then made wrong: BadModelError if the parser sees that.
    """
    d = Drawing(np.random.default_rng([seed, *operator.encode()]))
    shape = d.shape((0, 1, 2, 3, 4) if operator in TAKE_SCALARS else RANKS.get(operator, (1, 2, 3, 4)))
    floats = d.chance({"RESHAPE": 0.2, "QUANTIZE": 0.5}.get(operator, 0))
    wide = operator in TAKE_INT16 and d.chance(0.35)
    source = d.value(shape, dtype="float32") if floats else d.activations(shape, "int16" if wide else "int8")
    output = OPERATORS[operator](d, source)
    if extreme_biases:
        d.values = [_with_extremes(d.rng, value) for value in d.values]
    damage(d, damages)
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
    if changed.data is not None and changed.dtype != "int4":
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


def damage(d, count):
    for _ in range(count):
        d.pick((_damage_tensor, _damage_tensor, _damage_layer))(d)


def random_chain(seed, length):
    """A model of `length` operators, each on one of the latest tensors; tensors that nothing reads are outputs."""
    d = Drawing(np.random.default_rng([seed, length]))
    source = d.activations(d.shape((4,)), d.pick(("int8", "int8", "int8", "int16")))
    made = [source]
    while len(d.layers) < length:
        source = d.pick(made[-3:]) if d.chance(0.3) else made[-1]
        value = d.values[source]
        if value.dtype == "float32":
            fitting = ["QUANTIZE"] * 3 + ["RESHAPE"]
        elif not value.shape:
            fitting = list(TAKE_SCALARS)
        else:
            fitting = [name for name in OPERATORS if len(value.shape) in RANKS.get(name, (1, 2, 3, 4))]
            if value.shape[-1] > SOFTMAX_ROW:
                fitting.remove("SOFTMAX")
            if value.dtype == "int16":
                fitting = [name for name in fitting if name in TAKE_INT16] or ["RESHAPE"]
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
    """An array for each input of a model: integers over the whole range, floats beyond that of int8 too."""
    rng = np.random.default_rng(seed)
    arrays = []
    for tensor in (model.tensors[index] for index in model.inputs):
        if tensor.dtype == "float32":
            arrays.append(np.asarray(rng.normal(size=tensor.shape) * 10 ** rng.uniform(-2, 2), np.float32))
        elif tensor.dtype == "int16":
            arrays.append(random_values(rng, tensor.shape, "int16"))
        else:
            arrays.append(random_int8(rng, tensor.shape).astype(tensor.dtype))
    return arrays
