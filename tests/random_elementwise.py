"""A seed → a random model of one operator that works element by element or row by row, on any type that it takes."""

import dataclasses

import numpy as np
from one_layer import Layer, OneLayer, Value, activation, model_file, random_integers
from random_layers import Drawing, damage, partner_shape

from mcusim.tflite import parse

COMPARISONS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
SIGMOIDS = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
WIDTHS = {"int8": 1, "uint8": 1, "int16": 256, "int32": 2**24}  # how many steps one of int8 is


def quantized(d, shape, dtype, scale):
    """A tensor of a type, its scale smaller by as much as the type is finer than int8."""
    zero_point = 0 if dtype in ("int16", "int32") else d.zero_point() + 128 * (dtype == "uint8")
    return Value(tuple(shape), float(np.float32(scale / WIDTHS[dtype])), zero_point, dtype)


def _binary(kind, natural, dtypes=("int8", "int16"), fused=True):
    """Two operands of a type; `natural` is the scale of int8 results for those of the operands."""

    def draw(d):
        dtype, shape = d.pick(dtypes), d.shape((0, 1, 2, 3, 4))
        one, other = (quantized(d, each, dtype, d.scale()) for each in d.pick(_orders(d, shape)))
        scales = [value.scale * WIDTHS[dtype] for value in (one, other)]
        output = quantized(d, np.broadcast_shapes(one.shape, other.shape), dtype, natural(*scales) * d.scale(0.3, 3))
        options = {"FusedActivationFunction": activation(d.pick(("NONE", "RELU", "RELU6")))} if fused else {}
        return [one, other], output, kind, options

    return draw


def _orders(d, shape):
    partner = partner_shape(d, shape)
    return (shape, partner), (partner, shape)


def _unary(dtypes=("int8", "int16"), output=None, kind="", options=dict, low=1e-3, high=1.0):
    """One operand; `output` gives scale and zero point for a type, otherwise they are random."""

    def draw(d):
        dtype, shape = d.pick(dtypes), d.shape((1, 2, 3, 4))
        source = quantized(d, shape, dtype, d.scale(low, high))
        if output:
            result = Value(shape, *output(dtype), dtype)
        else:
            result = quantized(d, shape, dtype, source.scale * WIDTHS[dtype] * d.pick((1.0, d.scale(0.3, 3))))
        return [source], result, kind, options() if callable(options) else options

    return draw


def prelu(d):
    dtype, shape = d.pick(("int8", "int16")), d.shape((1, 2, 3, 4))
    source, alpha = quantized(d, shape, dtype, d.scale()), quantized(d, shape[-1:], "int8", d.scale(1e-3, 0.02))
    return [source, alpha], quantized(d, shape, dtype, source.scale * WIDTHS[dtype] * d.scale(0.3, 3)), "", {}


def leaky_relu(d):
    values, output, _, _ = _unary()(d)
    return values, output, "LeakyReluOptions", {"Alpha": float(np.float32(d.scale(0.01, 2)))}


def rsqrt(d):
    dtype, shape = d.pick(("int8", "int16")), d.shape((1, 2, 3, 4))
    scale = d.scale(1e-3, 1) / WIDTHS[dtype]
    source = Value(shape, float(np.float32(scale)), -128 if dtype == "int8" else 0, dtype)
    return [source], quantized(d, shape, dtype, d.scale(1e-3, 1e-1) / scale**0.5), "", {}


def comparison(d):
    dtype, shape = d.pick(("int8", "int32", "int64")), d.shape((0, 1, 2, 3, 4))
    scaled = dtype == "int8"
    shapes = d.pick(_orders(d, shape))
    values = [
        quantized(d, each, dtype, d.scale(1e-3, 0.5)) if scaled else Value(each, None, 0, dtype) for each in shapes
    ]
    return values, Value(np.broadcast_shapes(*shapes), None, 0, "bool"), "", {}


def _stored(dtypes, output=None):
    """Two operands of which only the stored values count."""

    def draw(d):
        dtype, shapes = d.pick(dtypes), d.pick(_orders(d, d.shape((0, 1, 2, 3, 4))))
        values = [Value(each, None, 0, dtype) for each in shapes]
        return values, Value(np.broadcast_shapes(*shapes), None, 0, output or dtype), "", {}

    return draw


def quantize(d):
    pairs = [("int8", "int16"), ("int8", "int32"), ("int8", "uint8"), ("uint8", "int8"), ("int16", "int8"),
             ("int16", "int16"), ("int16", "int32"), ("int32", "int8"), ("int32", "int16")]  # fmt: skip
    (one, other), shape = d.pick(pairs), d.shape((0, 1, 2, 3, 4))
    source = quantized(d, shape, one, d.scale())
    return [source], quantized(d, shape, other, source.scale * WIDTHS[one] * d.scale(0.3, 3)), "QuantizeOptions", {}


def softmax(d):
    types = {("int8", "int16"): (1 / 65536, -32768), ("int16", "int16"): (1 / 32768, 0)}
    (one, other), shape = d.pick(list(types)), d.shape((1, 2, 3, 4))
    source = quantized(d, shape, one, d.scale(1e-2, 1))
    return [source], Value(shape, *types[one, other], other), "SoftmaxOptions", {"Beta": d.pick((1.0, 0.5, 2.0))}


def logical_not(d):
    shape = d.shape((0, 1, 2, 3, 4))
    return [Value(shape, None, 0, "bool")], Value(shape, None, 0, "bool"), "", {}


def _sigmoid(operator):
    return _unary(output=lambda dtype: SIGMOIDS[operator] if dtype == "int8" else (1 / 32768, 0), high=0.5)


OPERATORS = {
    "ABS": _unary(),
    "ADD": _binary("AddOptions", lambda one, other: max(one, other)),
    "DEQUANTIZE": _unary(output=lambda dtype: (None, 0)),
    "DIV": _binary("DivOptions", lambda one, other: one / other / 128, ("int8",)),
    "ELU": _unary(("int8",)),
    "HARD_SWISH": _unary(("int8",)),
    "L2_NORMALIZATION": _unary(("int8",), lambda dtype: (1 / 128, 0), "L2NormOptions"),
    "LEAKY_RELU": leaky_relu,
    "LOGICAL_AND": _stored(("bool",)),
    "LOGICAL_NOT": logical_not,
    "LOGICAL_OR": _stored(("bool",)),
    "LOGISTIC": _sigmoid("LOGISTIC"),
    "MAXIMUM": _stored(("int8", "int16", "int32", "int64")),
    "MINIMUM": _stored(("int8", "int16", "int32", "int64")),
    "MUL": _binary("MulOptions", lambda one, other: one * other * 60),
    "PRELU": prelu,
    "QUANTIZE": quantize,
    "RELU": _unary(),
    "RSQRT": rsqrt,
    "SOFTMAX": softmax,
    "SQUARED_DIFFERENCE": _binary("", lambda one, other: max(one, other) ** 2 * 60, fused=False),
    "SUB": _binary("SubOptions", lambda one, other: max(one, other)),
    "TANH": _sigmoid("TANH"),
    **dict.fromkeys(COMPARISONS, comparison),
}


def random_elementwise(operator, seed, damages=0):
    """A model of one operator, with as many details of it made wrong; BadModelError if the parser sees that."""
    d = Drawing(np.random.default_rng([seed, *operator.encode()]))
    inputs, output, kind, options = OPERATORS[operator](d)
    if operator == "DEQUANTIZE":
        output = dataclasses.replace(output, dtype="float32")
    d.values = [*inputs, output]
    d.layers = [Layer(operator, tuple(range(len(inputs))), len(inputs), kind, options)]
    damage(d, damages)
    file = model_file(d.values, d.layers, [len(inputs)])
    return OneLayer(parse(file, "random"), file)


def random_values(layer, seed):
    """A value for each input, over the whole range of its type; none is negative for RSQRT of int16."""
    rng = np.random.default_rng(seed)
    values = []
    for tensor in (layer.model.tensors[index] for index in layer.model.inputs):
        if tensor.dtype == "float32":
            values.append(rng.normal(size=tensor.shape).astype(np.float32))
            continue
        value = random_integers(rng, tensor.shape, tensor.dtype)
        values.append(np.abs(value // 2) if (layer.op.name, tensor.dtype) == ("RSQRT", "int16") else value)
    return values
