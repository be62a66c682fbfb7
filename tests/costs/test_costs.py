"""Costs of operators: what is drawn runs, products are those of the layer, and the estimate meets the emulation."""

import numpy as np
import pytest

from mcusim.cost import Target
from mcusim.costs import COSTS
from mcusim.errors import UnsupportedError
from mcusim.fixedpoint import softmax_scaling
from mcusim.hardware import board_core, load_board
from mcusim.inference import Machine
from mcusim.nonnegative import nonnegative_least_squares
from mcusim.ops import OPERATORS
from mcusim.plan import plan
from mcusim.sketch import Sketch

DSP, PLAIN = Target(True, True), Target(False, True)
PRODUCTS = (
    "BATCH_MATMUL",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "SVDF",
    "TRANSPOSE_CONV",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
)
WITH_PRODUCTS_OF = {  # multiply-accumulates in a step of a loop without DSP instructions, at the most
    "long_elements": 4,
    "product_elements": 4,
    "single_elements": 1,
    "singles_elements": 1,
    "triples_elements": 3,
}


def drawn(name, count, seed=11):
    sketch, rng = Sketch(), np.random.default_rng(seed)
    for _ in range(count):
        COSTS[name].draw(sketch, rng)
    return sketch.model()


def inputs_of(model, seed):
    """Any values of the inputs' types."""
    rng, found = np.random.default_rng(seed), []
    for index in model.inputs:
        tensor = model.tensors[index]
        limits = np.iinfo(tensor.dtype)
        found.append(rng.integers(limits.min, limits.max, tensor.shape).astype(tensor.dtype))
    return found


@pytest.mark.parametrize("name", [*PRODUCTS, "SOFTMAX"])
def test_every_kind_that_is_drawn_runs_and_is_bit_exact(name):
    model = drawn(name, 12)
    machine = Machine.start(plan(model, load_board("sparkfun_edge")), inputs_of(model, 3))
    for op in model.ops:
        assert OPERATORS[name].check(model, op) is None
        layer, _ = machine.layer(op)
        assert layer.bit_exact, layer.difference


def products(name, cost):
    """Multiply-accumulates of a cost without DSP instructions, those of rows or columns paired with themselves too."""
    counts = cost.counts
    if cost.kernel.startswith("arm_depthwise_conv_s8"):
        return 4 * counts["output_fours_inside"] + counts["output_ones_inside"]
    if cost.kernel == "arm_depthwise_conv_3x3_s8":
        return 4 * counts["fours_inside"] + counts["ones_inside"]
    if cost.kernel.startswith("arm_depthwise_conv_s4_opt"):
        return 4 * counts["fours_positions"] + counts["ones_positions"]
    if name == "DEPTHWISE_CONV_2D":
        return counts["outputs_inside"]
    if "weights_heads" in counts:
        rows = 1 if name == "FULLY_CONNECTED" else 2
        blocks = {8: counts.get("weights_8", 0), 2: counts.get("weights_2", 0), 1: counts["weights_1"]}
        return rows * (counts["weights_heads"] + sum(size * times for size, times in blocks.items()))
    if cost.kernel == "mcusim_transpose_conv_s16":
        return counts["products"]
    if name == "SVDF":
        return 2 * counts["feature_elements"] + counts["time_elements"]
    if cost.kernel in ("arm_batch_matmul_s16",):
        return counts["product_elements"]
    if cost.kernel in ("arm_fully_connected_s16", "arm_transpose_conv_s8"):
        return 2 * counts["product_elements"]
    if cost.kernel == "arm_lstm_unidirectional_s16":
        return 2 * counts["pair_elements"] + counts["single_elements"]
    return sum(WITH_PRODUCTS_OF.get(count, 0) * times for count, times in counts.items())


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_are_those_of_the_layer(name):
    """All of them, but those with padding where kernels leave it out; at most as many again by pairing with itself."""
    model = drawn(name, 80)
    leaves_padding_out = {"arm_depthwise_conv_3x3_s8", "arm_depthwise_conv_s8", "arm_depthwise_conv_s16"}
    leaves_padding_out |= {"arm_depthwise_conv_s4", "mcusim_transpose_conv_s16"}
    for op in model.ops:
        cost = COSTS[name].count(model, op, PLAIN)
        expected, found = OPERATORS[name].macs(model, op), products(name, cost)
        if cost.kernel.endswith("of the reversed filter"):
            # With the zeros in between: all positions of the filter for each output.
            expected = model.tensors[op.outputs[0]].elements * model.tensors[op.inputs[1]].elements
            expected //= model.tensors[op.outputs[0]].shape[3]
        assert found <= 4 * expected, (cost.kernel, op.options)
        if cost.kernel == "arm_transpose_conv_s8":
            continue  # leaves out rows that are cropped
        assert found >= expected or cost.kernel in leaves_padding_out, (cost.kernel, op.options)


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("target", [DSP, PLAIN])
def test_counts_are_whole_loops(name, target):
    model = drawn(name, 60, seed=5)
    for op in model.ops:
        cost = COSTS[name].count(model, op, target)
        assert all(value >= 0 for value in cost.counts.values()), cost
        assert cost.counts["calls"] == 1 and cost.streams


def test_a_bias_decides_on_the_sums_of_int16():
    """Without one, or with one of int32, sums have 32 bits (arm_convolve_s16)."""
    kernels = []
    for bias in ("int64", "int32", None):
        sketch = Sketch()
        source = sketch.activation((1, 4, 4, 2), dtype="int16")
        operands = [source, sketch.constant(np.ones((2, 3, 3, 2), np.int8), (0.01, 0.01))]
        operands += [sketch.constant(np.zeros(2, bias))] if bias else []
        options = {"stride_h": 1, "stride_w": 1, "padding": "SAME", "fused_activation_function": "NONE"}
        output = sketch.activation((1, 4, 4, 2), dtype="int16")
        sketch.op("CONV_2D", operands, (output,), dilation_h_factor=1, dilation_w_factor=1, **options)
        model = sketch.model()
        kernels.append(COSTS["CONV_2D"].count(model, model.ops[0], DSP).kernel)
    assert kernels == ["arm_convolve_s16"] + 2 * ["arm_convolve_s16 with sums of 32 bits"]


def fully_connected(zero_point=0, deep=False):
    sketch = Sketch()
    weights = sketch.constant(np.ones((3, 8), np.int8), (0.01,), 0, zero_point)
    output = sketch.activation((1, 2, 3) if deep else (2, 3))
    options = {"weights_format": "DEFAULT", "keep_num_dims": deep, "fused_activation_function": "NONE"}
    sketch.op("FULLY_CONNECTED", (sketch.activation((2, 8)), weights), (output,), **options)
    return sketch.model()


def test_more_than_two_dimensions_are_a_convolution():
    """As TensorFlow Lite Micro runs them, behind a loop that repeats one scale for all channels."""
    model = fully_connected(deep=True)
    cost = COSTS["FULLY_CONNECTED"].count(model, model.ops[0], DSP)
    assert cost.kernel == "arm_convolve_1x1_s8_fast" and cost.counts["scales"] == 3


def test_a_zero_point_of_weights_takes_a_sum_without_dsp_instructions():
    counts = [
        COSTS["FULLY_CONNECTED"].count(model, model.ops[0], target).counts.get("offset_elements")
        for model in (fully_connected(0), fully_connected(3))
        for target in (DSP, PLAIN)
    ]
    assert counts == [None, None, None, 16]


def softmax(dtypes, scale, size=10):
    sketch = Sketch()
    source, output = sketch.activation((2, size), scale, 0, dtypes[0]), sketch.activation((2, size), 1.0, 0, dtypes[1])
    sketch.op("SOFTMAX", (source,), (output,), beta=1.0)
    model = sketch.model()
    return COSTS["SOFTMAX"].count(model, model.ops[0], DSP)


@pytest.mark.parametrize("scale", [0.02, 0.1, 0.3])
def test_exponentials_of_any_values_are_in_the_range(scale):
    cost = softmax(("int8", "int8"), scale)
    for name in ("exponentials", "factors"):
        least, most = cost.spread[name]
        assert least == 0 < cost.counts[name] <= most
    assert cost.spread["exponentials"][1] == 2 * 9  # all but the largest of each row
    # exp is a product of a factor for each set bit of the quarters of the difference, which has 7 bits.
    assert cost.spread["factors"][1] <= 2 * 9 * 7


def test_a_row_of_one_and_int16_have_no_range():
    assert softmax(("int8", "int8"), 0.1, size=1).spread == {}
    assert softmax(("int8", "int8"), 40.0).spread == {}  # any difference is beyond the exponentials
    assert softmax(("int16", "int16"), 1e-3).spread == {}


def test_types_without_kernels_are_named():
    with pytest.raises(UnsupportedError, match=r"float32 of shape \[2, 10\] to float32 is not counted"):
        softmax(("float32", "float32"), 0.1)
    sketch = Sketch()
    values = [sketch.activation((2, 2), dtype="float32") for _ in range(3)]
    sketch.op("BATCH_MATMUL", values[:2], values[2:], adj_x=False, adj_y=False)
    model = sketch.model()
    with pytest.raises(UnsupportedError, match="float32 of 2 dimensions is not counted"):
        COSTS["BATCH_MATMUL"].count(model, model.ops[0], DSP)


def measured(name, count, board):
    """Costs of random layers and their cycles, by kernel."""
    kernels: dict[str, list[tuple[dict[str, float], int]]] = {}
    target = DSP if board_core(board).dsp else Target(False, False)
    for seed in range(count // 10):
        model = drawn(name, 10, seed)
        machine = Machine.start(plan(model, board), inputs_of(model, seed))
        for op in model.ops:
            cost = COSTS[name].count(model, op, target)
            kernels.setdefault(cost.kernel, []).append((dict(cost.counts), machine.cycles(op)[0]))
    return kernels


@pytest.mark.slow
@pytest.mark.parametrize("board", ["sparkfun_edge", "nucleo_g0b1re"])
@pytest.mark.parametrize("name", [*PRODUCTS, "SOFTMAX"])
def test_cycles_are_a_linear_form_of_the_counts(name, board):
    """Of each kernel with enough layers; the products' loops leave nothing to the values."""
    for kernel, layers in measured(name, 80, load_board(board)).items():
        if len(layers) < 20:
            continue
        names = sorted({count for counts, _ in layers for count in counts})
        cycles = np.array([found for _, found in layers], np.float64)
        matrix = np.array([[counts.get(count, 0.0) for count in names] for counts, _ in layers]) / cycles[:, None]
        form = nonnegative_least_squares(matrix, np.ones(len(layers)))
        errors = np.abs(matrix @ form - 1)
        assert np.median(errors) < 0.015 and errors.max() < 0.12, (kernel, np.median(errors), errors.max())


@pytest.mark.parametrize("scale", [0.05, 0.15, 0.4])
@pytest.mark.parametrize("size", [2, 10, 60])
def test_likely_exponentials_are_those_of_normally_distributed_values(scale, size):
    """Six standard deviations in the range of int8, a hundred thousand elements drawn."""
    rng = np.random.default_rng(1)
    values = np.clip(np.rint(rng.normal(-0.5, 256 / 6, (100_000 // size, size))), -128, 127)
    differences = values.max(axis=1, keepdims=True) - values
    _, _, least = softmax_scaling(1.0, float(np.float32(scale)))
    have = (differences > 0) & (differences <= -least)
    bits = [int(4 * scale * one) for one in differences[have]]
    cost = softmax(("int8", "int8"), scale, size)
    elements = 2 * (size - 1)
    drawn_elements = len(values) * (size - 1)
    assert cost.counts["exponentials"] / elements == pytest.approx(have.sum() / drawn_elements, abs=0.01)
    factors = sum(min(one, 127).bit_count() for one in bits) / drawn_elements
    assert cost.counts["factors"] / elements == pytest.approx(factors, abs=0.03)
