"""A drawing and a tensor → a layer that multiplies it by weights, or by another tensor, of random sizes and types."""

from __future__ import annotations

import math

import numpy as np
from drawing import CHANNELS, FUSED, SIDES, TYPICAL, TYPICAL_OUTPUT, random_values, weights, window
from one_layer import activation, padding, random_int8


def _weights_dtype(d, source):
    """int8, or with int8 activations sometimes int4."""
    return "int4" if d.values[source].dtype == "int8" and d.chance(0.25) else "int8"


def _is_wide(d, source):
    return d.values[source].dtype == "int16"


def conv_2d(d, source):
    n, _, _, c = d.values[source].shape
    filters, (h, w), options = window(d, source, dilated=True)
    groups = d.pick([g for g in range(1, c + 1) if c % g == 0]) if d.chance(0.3) else 1
    channels = groups * d.pick((1, 2, 3, 4)) if groups > 1 else d.pick(CHANNELS)
    shape, dtype = (channels, *filters, c // groups), _weights_dtype(d, source)
    # Without a bias TensorFlow Lite Micro scales sums of int16 in 64 bits on a PC, with CMSIS-NN in 32.
    rules = {"bias_dtypes": ("int64", "int32"), "needs_bias": _is_wide(d, source)}
    inputs, scale = weights(d, shape, 0, source, per_channel=d.chance(0.8), dtype=dtype, **rules)
    output = d.result((n, h, w, channels), source, scale)
    return d.layer("CONV_2D", inputs, output, "Conv2DOptions", **options)


def depthwise_conv_2d(d, source):
    n, _, _, c = d.values[source].shape
    filters, (h, w), options = window(d, source, dilated=True)
    multiplier = d.pick((1, 1, 1, 2, 3, 8 if c == 1 else 4))
    shape, dtype = (1, *filters, c * multiplier), _weights_dtype(d, source)
    inputs, scale = weights(d, shape, 3, source, per_channel=d.chance(0.8), dtype=dtype)
    output = d.result((n, h, w, c * multiplier), source, scale)
    options["DepthMultiplier"] = multiplier
    return d.layer("DEPTHWISE_CONV_2D", inputs, output, "DepthwiseConv2DOptions", **options)


def fully_connected(d, source):
    shape = d.values[source].shape
    keep = len(shape) > 1 and d.chance(0.5)
    depth = shape[-1] if keep or len(shape) == 1 else math.prod(shape[1:])
    rows = shape[:-1] if keep else (math.prod(shape) // depth,)
    channels = d.pick(CHANNELS)
    dtype = _weights_dtype(d, source)
    per_channel = dtype == d.values[source].dtype == "int8" and d.chance(0.5)
    inputs, scale = weights(d, (channels, depth), 0, source, per_channel=per_channel, dtype=dtype)
    output = d.result((*rows, channels), source, scale)
    options = {"KeepNumDims": keep, "FusedActivationFunction": activation(d.pick(FUSED))}
    return d.layer("FULLY_CONNECTED", inputs, output, "FullyConnectedOptions", **options)


def transpose_conv(d, source):
    n, h, w, c = d.values[source].shape
    filters, strides = [d.pick((1, 2, 3, 3, 4)) for _ in range(2)], [d.pick((1, 1, 2, 3)) for _ in range(2)]
    rule, channels = d.pick(("SAME", "VALID")), d.pick(CHANNELS[:6])
    rest = [int(d.rng.integers(stride)) for stride in strides]
    size = [
        (side - 1) * stride + k + more if rule == "VALID" else side * stride - more
        for side, stride, k, more in zip((h, w), strides, filters, rest, strict=True)
    ]
    rules = {"per_channel": d.chance(0.8), "needs_bias": _is_wide(d, source)}  # the kernel of int16 reads one
    (_, *weighted), scale = weights(d, (channels, *filters, c), 0, source, **rules)
    shape = d.constant(np.array((n, *size, channels), np.int32))
    output = d.result((n, *size, channels), source, scale)
    options = {"StrideH": strides[0], "StrideW": strides[1], "Padding": padding(rule)}
    return d.layer(
        "TRANSPOSE_CONV", [shape, weighted[0], source, *weighted[1:]], output, "TransposeConvOptions", **options
    )


def batch_matmul(d, source):
    """The source on the left, in its own order or exchanged, times matrices of as many batches, of one or without."""
    value = d.values[source]
    *batches, rows, depth = value.shape
    adj_x, adj_y = d.chance(0.3), d.chance(0.5)
    if adj_x:
        rows, depth = depth, rows
    columns = d.pick(CHANNELS[:6])
    outer = d.pick((batches, batches, [1] * len(batches), []))
    shape = (*outer, columns, depth) if adj_y else (*outer, depth, columns)
    data = random_values(d.rng, shape, value.dtype) if d.chance(0.3) else None
    other = d.activations(shape, value.dtype, data=data)
    scales = value.scale * d.values[other].scale
    spread = scales * TYPICAL[value.dtype] ** 2 * math.sqrt(depth) / TYPICAL_OUTPUT[value.dtype]
    output = d.result((*batches, rows, columns), source, d.scale(spread / 8, spread * 16))
    return d.layer("BATCH_MATMUL", [source, other], output, "BatchMatMulOptions", AdjX=adj_x, AdjY=adj_y)


def svdf(d, source):
    """A state of int8 or int16, with a zero point if it is int8."""
    value, kind = d.values[source], d.pick(("int8", "int8", "int16"))
    (batches, inputs), rank, units, steps = value.shape, d.pick((1, 2, 3)), d.pick(CHANNELS[:6]), d.pick(SIDES)
    filters = rank * units
    feature = d.constant(random_int8(d.rng, (filters, inputs)), d.scale(1e-3, 0.1))
    time = d.constant(random_values(d.rng, (filters, steps), kind), d.scale(1e-3, 0.1))
    natural = value.scale * d.values[feature].scale * TYPICAL["int8"] ** 2 * math.sqrt(inputs) / TYPICAL_OUTPUT[kind]
    state_scale = d.scale(natural / 2, natural * 4)
    zero_point = d.zero_point() if kind == "int8" and d.chance(0.5) else 0
    state = d.value((batches, filters * steps), state_scale, zero_point, dtype=kind, variable=True)
    sums = float(np.float32(state_scale) * np.float32(d.values[time].scale))
    bias = d.constant(d.rng.integers(-5_000, 5_001, units, np.int32), sums)
    # One step is taken, so each filter has one entry that is not 0.
    spread = sums * TYPICAL_OUTPUT[kind] * TYPICAL[kind] * math.sqrt(rank) / TYPICAL_OUTPUT["int8"]
    output = d.value((batches, units), d.scale(spread / 4, spread * 8), d.zero_point())
    options = {"Rank": rank, "FusedActivationFunction": activation("RELU")}
    return d.layer("SVDF", [source, feature, time, bias, state], output, "SVDFOptions", **options)


def lstm(d, source):
    """Gates whose sums are some units wide, a cell of some power of 2."""
    value, units, time_major = d.values[source], d.pick(CHANNELS), d.chance(0.3)
    wide, depth = _is_wide(d, source), value.shape[2]
    batches = value.shape[1 if time_major else 0]
    of_hidden = d.scale(2e-5, 4e-5) if wide else d.scale(0.004, 0.009)
    zero_point = 0 if wide else d.pick((0, int(d.rng.integers(-50, 50))))

    def gates(size, scale):
        natural = 1 / (scale * TYPICAL[value.dtype] * TYPICAL["int8"] * math.sqrt(size))
        return [d.constant(random_int8(d.rng, (units, size)), d.scale(natural / 4, natural * 2)) for _ in range(4)]

    def bias(weights):
        dtype = np.int64 if wide else np.int32
        return d.constant(d.rng.integers(-20_000, 20_001, units, dtype), value.scale * d.values[weights].scale)

    inputs, hidden = gates(depth, value.scale), gates(units, of_hidden)
    biases = [bias(weights) for weights in inputs]
    state = d.value((batches, units), of_hidden, zero_point, dtype=value.dtype, variable=True)
    cell = d.value((batches, units), 2.0 ** d.pick((-9, -11, -12, -15)), dtype="int16", variable=True)
    output = d.value((*value.shape[:2], units), of_hidden, zero_point, dtype=value.dtype)
    operands = [source, *inputs, *hidden, -1, -1, -1, *biases, -1, -1, state, cell, -1, -1, -1, -1]
    options = {"TimeMajor": time_major, "CellClip": d.pick((0.0, 0.5, 10.0))}
    options["FusedActivationFunction"] = activation("TANH")
    return d.layer("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, output, "UnidirectionalSequenceLSTMOptions", **options)
