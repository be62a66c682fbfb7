"""Which function did a layer, what keeps it from a faster one, and what the changed layer takes."""

import dataclasses

import numpy as np
import pytest
from one_layer import Value, activation, one_layer, padding, pool

import mcusim
from mcusim.advice import kept_from_faster
from mcusim.changed_layer import changed_layer
from mcusim.kernel_variants import Change, blocked, variant_of
from mcusim.ops import OPERATORS
from mcusim.plan import check
from mcusim.trace import Block, Edge, Trace

BOARD = mcusim.load_board("nano33ble")


def convolution(operator, shape, weights, *, stride=1, dilation=1, scale=0.05):
    """A layer with SAME padding and a bias; `weights` is the filter's shape."""
    depthwise = operator == "DEPTHWISE_CONV_2D"
    channels = weights[3] if depthwise else weights[0]
    rng = np.random.default_rng(1)
    n, h, w, _ = shape
    options = {"DepthMultiplier": channels // shape[3]} if depthwise else {}
    return one_layer(
        operator,
        [
            Value(shape, 0.1),
            Value(weights, (scale,) * channels, axis=3 if depthwise else 0, data=rng.integers(-9, 9, weights, np.int8)),
            Value((channels,), None, dtype="int32", data=rng.integers(-99, 99, channels, np.int32)),
        ],
        Value((n, -(-h // stride), -(-w // stride), channels), 0.2),
        "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions",
        StrideH=stride,
        StrideW=stride,
        DilationHFactor=dilation,
        DilationWFactor=dilation,
        Padding=padding("SAME"),
        FusedActivationFunction=activation("NONE"),
        **options,
    ).model


def conv(shape, weights, **more):
    return convolution("CONV_2D", shape, weights, **more)


def depthwise(shape, weights, **more):
    return convolution("DEPTHWISE_CONV_2D", shape, weights, **more)


def dense(depth):
    weights = np.arange(5 * depth, dtype=np.int8).reshape(5, depth)
    values = [Value((1, depth), 0.1), Value((5, depth), 0.1, data=weights)]
    options = {"FusedActivationFunction": activation("NONE")}
    return one_layer("FULLY_CONNECTED", values, Value((1, 5), 9.0), "FullyConnectedOptions", **options).model


def add(other):
    values = [Value((1, 4, 4, 8), 0.1), Value(other, 0.1)]
    options = {"FusedActivationFunction": activation("NONE")}
    return one_layer("ADD", values, Value((1, 4, 4, 8), 0.2), "AddOptions", **options).model


def explained(model):
    (layer,) = mcusim.run(mcusim.plan(model, BOARD), link_orders=False, why=True).layers
    assert layer.bit_exact
    return layer


# A model, the function that its layer takes, and of each condition: the faster function, what the condition says.
CASES = {
    "1x1": (conv((1, 6, 6, 8), (4, 1, 1, 8)), "arm_convolve_1x1_s8_fast", []),
    "1x1 of 3 channels": (
        conv((1, 6, 6, 3), (4, 1, 1, 3)),
        "arm_convolve_1x1_s8_fast",
        [("arm_convolve_1x1_s8_fast in whole words", "windows of 3 values, not a multiple of 4")],
    ),
    "1x1, strides": (
        conv((1, 6, 6, 8), (4, 1, 1, 8), stride=2),
        "arm_convolve_1x1_s8",
        [("arm_convolve_1x1_s8_fast", "stride 2×2")],
    ),
    "3x3": (conv((1, 6, 6, 8), (4, 3, 3, 8)), "arm_convolve_s8", []),
    "3x3 of 3 channels": (
        conv((1, 6, 6, 3), (4, 3, 3, 3)),
        "arm_convolve_s8",
        [("arm_convolve_s8 in whole words", "windows of 27 values, not a multiple of 4")],
    ),
    "a row of 3 channels": (
        conv((1, 1, 9, 3), (4, 1, 3, 3)),
        "arm_convolve_s8",
        [("arm_convolve_1_x_n_s8", "windows 3 values apart, not a multiple of 4")],
    ),
    "a row of 6 channels": (
        conv((1, 1, 9, 6), (4, 1, 2, 6)),
        "arm_convolve_s8",
        [("arm_convolve_1_x_n_s8", "windows 6 values apart, not a multiple of 4")],
    ),
    "a row of 2 channels, strides": (
        conv((1, 1, 9, 2), (4, 1, 3, 2), stride=2),
        "arm_convolve_1_x_n_s8",
        [("arm_convolve_1_x_n_s8 in whole words", "windows of 6 values, not a multiple of 4")],
    ),
    "a row": (conv((1, 1, 9, 4), (4, 1, 3, 4)), "arm_convolve_1_x_n_s8", []),
    "dilated": (
        conv((1, 9, 9, 4), (4, 3, 3, 4), dilation=2),
        "arm_convolve_s8",
        [("arm_convolve_s8", "dilation 2×2")],
    ),
    "groups": (conv((1, 6, 6, 8), (4, 3, 3, 4)), "arm_convolve_s8", [("arm_convolve_s8", "2 groups")]),
    "depthwise 3x3": (depthwise((1, 6, 6, 8), (1, 3, 3, 8)), "arm_depthwise_conv_3x3_s8", []),
    "depthwise 5x5": (depthwise((1, 6, 6, 8), (1, 5, 5, 8)), "arm_depthwise_conv_s8_opt", []),
    "depthwise, 8 outputs an input": (
        depthwise((1, 6, 6, 1), (1, 3, 3, 8)),
        "arm_depthwise_conv_s8",
        [("arm_depthwise_conv_3x3_s8", "8 output channels for each input channel")],
    ),
    "depthwise, dilated": (
        depthwise((1, 9, 9, 8), (1, 5, 5, 8), dilation=2),
        "arm_depthwise_conv_s8",
        [("arm_depthwise_conv_s8_opt", "dilation 2×2")],
    ),
    "depthwise, batches": (
        depthwise((2, 6, 6, 8), (1, 5, 5, 8)),
        "arm_depthwise_conv_s8",
        [("arm_depthwise_conv_s8_opt", "2 batches")],
    ),
    "depthwise, 6 channels": (
        depthwise((1, 6, 6, 6), (1, 5, 5, 6)),
        "arm_depthwise_conv_s8_opt",
        [("arm_depthwise_conv_s8_opt in whole words", "6 channels, not a multiple of 4")],
    ),
    "fully connected": (dense(16), "arm_fully_connected_s8", []),
    "fully connected, odd rows": (
        dense(17),
        "arm_fully_connected_s8",
        [("arm_fully_connected_s8 in whole words", "rows of 17 weights, not a multiple of 4")],
    ),
    "add": (add((1, 4, 4, 8)), "arm_elementwise_add_s8", []),
    "add, broadcast": (
        add((1, 1, 1, 8)),
        "mcusim_broadcast_add_s8",
        [("arm_elementwise_add_s8", "an operand is broadcast")],
    ),
    "pooling": (pool("AVERAGE_POOL_2D", (1, 4, 4, 6), (2, 2), (2, 2), "SAME").model, "arm_avgpool_s8", []),
}


@pytest.mark.parametrize("case", CASES)
def test_variant_and_conditions(case):
    model, variant, conditions = CASES[case]
    layer = explained(model)
    assert layer.variant == variant
    assert [(one.variant, one.condition) for one in layer.faster] == conditions
    for one in layer.faster:
        assert one.cycles > 0 and one.changed_cycles > 0 and one.cycles_reason is None


@pytest.mark.parametrize(
    "case",
    ["1x1, strides", "3x3 of 3 channels", "depthwise, 8 outputs an input", "add, broadcast", "depthwise, dilated"],
)
def test_what_is_called_faster_is(case):
    layer = explained(CASES[case][0])
    assert all(one.cycles < layer.cycles for one in layer.faster)


@pytest.mark.parametrize("case", [name for name, (_, _, conditions) in CASES.items() if conditions])
def test_a_changed_layer_is_free_of_its_condition_and_takes_the_faster_function(case):
    model, variant, _ = CASES[case]
    for one in blocked(model, model.ops[0], variant):
        changed = changed_layer(model, model.ops[0], one.change)
        check(changed)
        layer = explained(changed)
        assert one.condition not in [other.condition for other in layer.faster]
        assert layer.variant == one.variant.partition(" ")[0] or "whole words" in one.variant


def test_cycles_are_those_of_as_many_macs():
    model, variant, _ = CASES["3x3 of 3 channels"]
    (one,) = blocked(model, model.ops[0], variant)
    changed = changed_layer(model, model.ops[0], one.change)
    (faster,) = explained(model).faster
    assert OPERATORS["CONV_2D"].macs(changed, changed.ops[0]) * 3 == OPERATORS["CONV_2D"].macs(model, model.ops[0]) * 4
    assert faster.cycles == round(faster.changed_cycles * 3 / 4)


def test_nothing_is_simulated_without_why():
    run = mcusim.run(mcusim.plan(CASES["3x3 of 3 channels"][0], BOARD), link_orders=False)
    (one,) = run.layers[0].faster
    assert (one.cycles, one.cycles_reason) == (None, "not simulated: --why does")
    (sentence,) = kept_from_faster(run)
    assert sentence == (
        "Layer 0 CONV_2D: arm_convolve_s8; kept from arm_convolve_s8 in whole words by: windows of 27 values, not a "
        "multiple of 4. What input channels 3 → 4 would gain: not simulated: --why does."
    )


def test_sentences_name_all_layers_of_a_kind():
    run = mcusim.run(mcusim.plan(CASES["1x1, strides"][0], BOARD), link_orders=False, why=True)
    twice = dataclasses.replace(run, layers=(run.layers[0], dataclasses.replace(run.layers[0], index=1)))
    (sentence,) = kept_from_faster(twice)
    assert sentence.startswith(
        "Layers 0, 1 CONV_2D: arm_convolve_1x1_s8; kept from arm_convolve_1x1_s8_fast by: stride 2×2."
    )
    assert f"{run.layers[0].faster[0].cycles:,} cycles instead of {run.layers[0].cycles:,} (" in sentence


def test_what_cmsis_nn_lacks_has_nothing_faster():
    model = one_layer("LOGISTIC", [Value((1, 8), 0.1)], Value((1, 8), 1 / 256, -128)).model
    (one,) = explained(model).faster
    assert (one.variant, one.change, one.cycles) == (None, None, None)
    assert one.condition == "CMSIS-NN has no kernel for LOGISTIC of these types and zero points"


def test_int4_weights():
    """The rule alone: their layers do not have to run for it."""
    model = CASES["3x3"][0]
    weights = dataclasses.replace(model.tensors[1], dtype="int4")
    graph = dataclasses.replace(model.subgraphs[0], tensors=(model.tensors[0], weights, *model.tensors[2:]))
    packed = dataclasses.replace(model, subgraphs=(graph,))
    (one,) = blocked(packed, packed.ops[0], "arm_convolve_s4")
    assert (one.variant, one.condition) == ("arm_convolve_wrapper_s8", "int4 weights")
    changed = changed_layer(packed, packed.ops[0], one.change)
    assert changed.tensors[1].dtype == "int8"
    np.testing.assert_array_equal(changed.tensors[1].data, model.tensors[1].data)


def test_int16_has_conditions_of_its_own():
    model, _, _ = CASES["depthwise, batches"]
    wide = dataclasses.replace(model.tensors[0], dtype="int16")
    graph = dataclasses.replace(model.subgraphs[0], tensors=(wide, *model.tensors[1:]))
    assert blocked(dataclasses.replace(model, subgraphs=(graph,)), graph.ops[0], "arm_depthwise_conv_fast_s16") == ()
    model, _, _ = CASES["depthwise, dilated"]
    graph = dataclasses.replace(
        model.subgraphs[0], tensors=(dataclasses.replace(wide, shape=(1, 9, 9, 8)), *model.tensors[1:])
    )
    (one,) = blocked(dataclasses.replace(model, subgraphs=(graph,)), graph.ops[0], "arm_depthwise_conv_s16")
    assert (one.variant, one.condition) == ("arm_depthwise_conv_fast_s16", "dilation 2×2")


def test_a_changed_layers_file_holds_its_constants():
    model = CASES["3x3 of 3 channels"][0]
    shapes = {0: (1, 6, 6, 4), 1: (4, 3, 3, 4)}
    changed = changed_layer(model, model.ops[0], Change("", (1, 6, 6, 4), shapes))
    for tensor in changed.tensors[1:3]:
        assert tensor.file_offset % 16 == 0
        found = np.frombuffer(changed.file, tensor.data.dtype, tensor.elements, tensor.file_offset)
        np.testing.assert_array_equal(found, tensor.data.reshape(-1))
    assert changed.inputs == (0,) and changed.outputs == (3,)


def test_int4_constants_are_packed():
    model = CASES["1x1 of 3 channels"][0]
    changed = changed_layer(model, model.ops[0], Change("", (1, 6, 6, 4), dtypes={1: "int4"}))
    weights = changed.tensors[1]
    nibbles = weights.data.reshape(-1).astype(np.uint8) & 0xF
    at = weights.file_offset
    assert changed.file[at : at + 6] == bytes(int(a | b << 4) for a, b in zip(nibbles[::2], nibbles[1::2], strict=True))


def trace(entry, *functions):
    blocks = tuple(Block(16 * number, 16, name, ()) for number, name in enumerate((entry, *functions)))
    edges = (Edge(-1, 0, 1), *(Edge(0, number, 1) for number in range(1, len(blocks))))
    return Trace(entry, blocks, edges, {}, {}, 0, "zero_wait")


@pytest.mark.parametrize(
    "functions, variant",
    [
        ((), "arm_convolve_wrapper_s8"),
        (("memset", "arm_convolve_s8"), "arm_convolve_s8"),
        (("arm_nn_check", "arm_convolve_1x1_s8"), "arm_convolve_1x1_s8"),
        (("arm_nn_row",), "arm_nn_row"),
    ],
)
def test_the_function_that_a_wrapper_chose(functions, variant):
    assert variant_of(trace("arm_convolve_wrapper_s8", *functions)) == variant
    assert variant_of(trace("arm_avgpool_s8", *functions)) == "arm_avgpool_s8"
