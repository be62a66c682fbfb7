"""Estimates: sums, reasons, and that a layer's shape is all that they are kept by."""

import dataclasses

import numpy as np
import pytest

import mcusim
from mcusim.estimate import Estimator, _key
from mcusim.formulas import Formula, stored_formulas
from mcusim.hardware import load_board
from mcusim.sketch import Sketch


def fully_connected(depth, channels, batches=1, layers=1):
    """So many layers of the same shape, each with an input of its own."""
    sketch = Sketch()
    for _ in range(layers):
        source = sketch.activation((batches, depth))
        weights = sketch.constant(np.ones((channels, depth), np.int8), (0.01,))
        output = sketch.activation((batches, channels))
        options = {"weights_format": "DEFAULT", "keep_num_dims": False, "fused_activation_function": "NONE"}
        sketch.op("FULLY_CONNECTED", (source, weights), (output,), **options)
    return sketch.model()


def test_a_model_is_the_sum_of_its_layers():
    board = load_board("nano33ble")
    found = mcusim.estimate(fully_connected(64, 10, layers=3), board)
    assert len(found.layers) == 3 and found.reason is None
    assert found.cycles == sum(layer.cycles for layer in found.layers)
    assert found.latency_s == found.cycles / board.clock_hz
    assert found.layers[0].cycles > found.layers[1].cycles == found.layers[2].cycles  # code comes into the cache once
    assert 0 < found.error_percent < 10 and {layer.kernel for layer in found.layers} == {"arm_fully_connected_s8"}


def test_other_shapes_are_other_layers():
    board = load_board("bluepill_f103")
    cycles = [mcusim.estimate(fully_connected(*shape), board).cycles for shape in ((64, 10), (64, 20), (10, 64))]
    assert len(set(cycles)) == 3 and cycles[1] > 1.9 * cycles[0]


def test_one_formula_by_hand():
    """Counts of a layer of 64 to 10 without DSP: three triples of channels and one alone, 64 elements each."""
    form = stored_formulas("bluepill_f103").kernels["arm_fully_connected_s8"]
    counts = {"calls": 1, "rows": 1, "triples": 3, "triples_elements": 192, "singles": 1, "singles_elements": 64}
    expected = sum(count * (form.cycles.get(name, 0) + form.waits.get(name, 0)) for name, count in counts.items())
    assert mcusim.estimate(fully_connected(64, 10), load_board("bluepill_f103")).cycles == round(expected)


def test_what_has_no_formula_is_null_with_a_reason():
    sketch = Sketch()
    source, output = sketch.activation((1, 4), dtype="float32"), sketch.activation((1, 4), dtype="float32")
    sketch.op("RELU", (source,), (output,))
    sketch.op("NEVER_HEARD_OF", (output,), (sketch.activation((1, 4)),))
    found = mcusim.estimate(sketch.model(), load_board("pico"))
    assert found.cycles is None and found.latency_s is None
    assert found.reason == "layer 0 (RELU): float32 activations are not supported"
    assert [layer.cycles for layer in found.layers] == [None, None]
    assert found.layers[0].reason == "float32 activations are not supported"
    assert found.layers[1].reason == "no cost formula is fitted for NEVER_HEARD_OF"


def test_layers_that_call_nothing_take_nothing():
    """Handles of variables are known to the interpreter alone; they have neither inputs nor a kernel."""
    sketch = Sketch()
    sketch.op("VAR_HANDLE", (), (sketch.activation((1,), dtype="resource"),), container="", shared_name="state")
    sketch.op("ASSIGN_VARIABLE", (0, sketch.activation((1, 20))), ())
    found = mcusim.estimate(sketch.model(), load_board("nano33ble"))
    assert (found.layers[0].cycles, found.layers[0].reason) == (0, None)
    assert found.layers[1].kernel in (None, "arm_reshape_s8")


def test_constants_and_results_are_part_of_a_layer():
    """A slice of other rows, and an output of another scale, are layers of their own."""
    keys = set()
    for begin, scale in ((0, 0.1), (1, 0.1), (1, 0.2)):
        sketch = Sketch()
        source = sketch.activation((8, 4))
        bounds = [sketch.constant(np.array(one, np.int32)) for one in ((begin, 0), (4, 4))]
        sketch.op("SLICE", (source, *bounds), (sketch.activation((4, 4), scale),))
        model = sketch.model()
        keys.add(_key(model.tensors, model.ops[0]))
    assert len(keys) == 3


@pytest.mark.parametrize("name", ["corstone300", "ek_ra8d1"])
def test_a_core_that_is_not_simulated(name):
    found = mcusim.estimate(fully_connected(4, 4, layers=2), load_board(name))
    assert found.cycles is None and found.latency_s is None and "vector unit" in found.reason
    assert [(layer.cycles, layer.reason) for layer in found.layers] == [(None, found.reason)] * 2


def test_a_board_that_was_changed():
    board = load_board("nucleo_l4r5zi")
    model, slower = fully_connected(4, 4), board.at_clock(16_000_000)
    assert "at 16 MHz, only at 120 MHz" in mcusim.estimate(model, slower).reason
    timing = dataclasses.replace(board.flash_timing, wait_states=9)
    assert "unchanged" in mcusim.estimate(model, dataclasses.replace(board, flash_timing=timing)).reason
    assert "no cost formulas" in mcusim.estimate(model, dataclasses.replace(board, id="../boards/mine")).reason


def test_values_give_softmax_a_range():
    """From equal elements, which have no exponential; from a scale of about 1/8 on not all have one that are likely."""
    ranges = []
    for scale in (0.05, 0.2):
        sketch = Sketch()
        source, output = sketch.activation((1, 10), scale), sketch.activation((1, 10), 1 / 256, -128)
        sketch.op("SOFTMAX", (source,), (output,), beta=1.0)
        found = mcusim.estimate(sketch.model(), load_board("nano33ble"))
        ranges.append((found.least_cycles, found.cycles, found.most_cycles))
    assert all(least < cycles < most for least, cycles, most in ranges)
    assert ranges[1][1] < ranges[0][1]


def convolution(bias):
    sketch = Sketch()
    source, output = (sketch.activation((1, 4, 4, 2), dtype="int16") for _ in range(2))
    weights = sketch.constant(np.ones((2, 3, 3, 2), np.int8), (0.01, 0.01))
    options = {"stride_h": 1, "stride_w": 1, "padding": "SAME", "fused_activation_function": "NONE"}
    options |= {"dilation_h_factor": 1, "dilation_w_factor": 1}
    sketch.op("CONV_2D", (source, weights, sketch.constant(np.zeros(2, bias))), (output,), **options)
    return sketch.model()


def test_layers_that_differ_in_their_bias_or_zero_point_are_other_layers():
    """int16 sums 32 bits with an int32 bias; a zero point of weights takes a loop without DSP instructions."""
    formula = Formula({"calls": 100.0}, {}, 10, 0.1, 1.0)
    sums = dataclasses.replace(formula, cycles={"offset_elements": 10.0})
    kernels = {"arm_convolve_s16": formula, "arm_convolve_s16 with sums of 32 bits": formula}
    stored = stored_formulas("bluepill_f103")
    formulas = dataclasses.replace(stored, kernels={**kernels, "arm_fully_connected_s8": sums})
    estimator = Estimator(load_board("bluepill_f103"), formulas)
    found = [estimator.estimate(convolution(bias)).layers[0].kernel for bias in ("int64", "int32")]
    assert found == ["arm_convolve_s16", "arm_convolve_s16 with sums of 32 bits"]
    cycles = []
    for zero_point in (0, 3):
        sketch = Sketch()
        weights = sketch.constant(np.ones((3, 8), np.int8), (0.01,), 0, zero_point)
        options = {"weights_format": "DEFAULT", "keep_num_dims": False, "fused_activation_function": "NONE"}
        sketch.op("FULLY_CONNECTED", (sketch.activation((1, 8)), weights), (sketch.activation((1, 3)),), **options)
        cycles.append(estimator.estimate(sketch.model()).cycles)
    assert cycles == [1, 80]
