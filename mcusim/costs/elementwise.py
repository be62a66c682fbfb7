"""Operators that work element by element: a layer → which kernel runs, and its loop counts."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mcusim.cost import CALL, Cost, Costing, Counts, Stream, Target
from mcusim.elementwise import binary
from mcusim.errors import UnsupportedError
from mcusim.model import Model, Op
from mcusim.operands import four_dimensions, layer_name, operand, result
from mcusim.sketch import Sketch

MOST_DRAWN_ELEMENTS = 2_000


def _binary(symbol: str) -> Callable[[Model, Op, Target], Cost]:
    def count(model: Model, op: Op, target: Target) -> Cost:
        layer = binary(model, op)
        if layer.input_1.dtype != "int8":
            raise UnsupportedError(f"{layer_name(op)}: {layer.input_1.dtype} is not counted")
        counts: Counts = {CALL: 1, "elements": layer.output.elements}
        sources = [Stream(one.elements, 1, 0, one.is_constant) for one in (layer.input_1, layer.input_2)]
        if not layer.repeats:
            return Cost(f"arm_elementwise_{symbol}_s8", counts, tuple(sources))
        n, h, w, _ = four_dimensions(layer.output.shape)
        counts |= {"rows": n * h, "pixels": n * h * w}
        return Cost(f"mcusim_broadcast_{symbol}_s8", counts, tuple(sources))

    return count


def _unary(kernel: str) -> Callable[[Model, Op, Target], Cost]:
    def count(model: Model, op: Op, target: Target) -> Cost:
        source = operand(model, op, 0, "input")
        if source.dtype != "int8":
            raise UnsupportedError(f"{layer_name(op)}: {source.dtype} is not counted")
        counts = {CALL: 1.0, "elements": float(source.elements)}
        return Cost(kernel, counts, (Stream(source.elements, 1, 0, constant=False),))

    return count


def _count_quantize(model: Model, op: Op, target: Target) -> Cost:
    source, output = operand(model, op, 0, "input"), result(model, op)
    kernels = {("float32", "int8"): "mcusim_quantize_f32_s8", ("int8", "int8"): "mcusim_requantize_s8"}
    kernel = kernels.get((source.dtype, output.dtype))
    if kernel is None:
        raise UnsupportedError(f"{layer_name(op)}: {source.dtype} to {output.dtype} is not counted")
    return Cost(kernel, {CALL: 1, "elements": source.elements}, (Stream(source.bytes, 1, 0, constant=False),))


def _draw_shape(rng: np.random.Generator) -> tuple[int, ...]:
    elements = math.exp(rng.uniform(math.log(4), math.log(MOST_DRAWN_ELEMENTS)))
    channels = int(rng.integers(1, 65))
    side = max(1, round(math.sqrt(elements / channels)))
    return 1, side, max(1, round(elements / channels / side)), channels


def _draw_binary(name: str) -> Callable[[Sketch, np.random.Generator], None]:
    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        shape = _draw_shape(rng)
        other = (1, 1, 1, shape[3]) if rng.random() < 0.4 else shape
        inputs = [
            sketch.activation(one, float(rng.uniform(0.05, 0.2)), int(rng.integers(-20, 20))) for one in (shape, other)
        ]
        scale = 0.2 if name == "ADD" else 1.5
        output = sketch.activation(shape, scale, int(rng.choice([-128, 0, 5])))
        sketch.op(name, inputs, (output,), fused_activation_function=str(rng.choice(["NONE", "RELU"])))

    return draw


def _draw_unary(
    name: str, scale: float, zero_point: int, source_zero_point: int | None = None
) -> Callable[[Sketch, np.random.Generator], None]:
    def draw(sketch: Sketch, rng: np.random.Generator) -> None:
        shape = _draw_shape(rng)
        drawn = int(rng.integers(-20, 20)) if source_zero_point is None else source_zero_point
        source = sketch.activation(shape, 0.05, drawn)
        sketch.op(name, (source,), (sketch.activation(shape, scale, zero_point),))

    return draw


def _draw_quantize(sketch: Sketch, rng: np.random.Generator) -> None:
    shape = _draw_shape(rng)
    source = sketch.activation(shape, 0.05, 3, str(rng.choice(["float32", "int8"])))
    sketch.op("QUANTIZE", (source,), (sketch.activation(shape, 0.06, -5),))


def _draw_dequantize(sketch: Sketch, rng: np.random.Generator) -> None:
    shape = _draw_shape(rng)
    source = sketch.activation(shape, 0.05, 3)
    sketch.op("DEQUANTIZE", (source,), (sketch.activation(shape, dtype="float32"),))


ADD = Costing(_binary("add"), _draw_binary("ADD"), 30)
MUL = Costing(_binary("mul"), _draw_binary("MUL"), 30)
RELU = Costing(_unary("mcusim_relu_s8"), _draw_unary("RELU", 0.06, -128), 16)
RELU6 = Costing(_unary("mcusim_relu6_s8"), _draw_unary("RELU6", 0.05, -128, -128), 16)
LOGISTIC = Costing(_unary("mcusim_logistic_s8"), _draw_unary("LOGISTIC", 1 / 256, -128), 16)
QUANTIZE = Costing(_count_quantize, _draw_quantize, 30)
DEQUANTIZE = Costing(_unary("mcusim_dequantize_s8_f32"), _draw_dequantize, 16)
