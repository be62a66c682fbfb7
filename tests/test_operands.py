"""Options and tensors of operators: typed, or refused with the layer's name."""

import dataclasses
import itertools

import pytest
from one_layer import Value, convolution_model, one_layer

from mcusim import operands
from mcusim.errors import BadModelError
from mcusim.model import Op
from mcusim.ops import OPERATORS

ODD = Op(4, "CONV_2D", 1, (0, -1), (), {"stride_h": "two", "beta": None, "padding": 7, "width": 3})


@pytest.mark.parametrize(
    "read, option, problem",
    [
        (operands.integer, "stride_h", "has the value 'two' for stride_h; a whole number is expected"),
        (operands.number, "beta", "has the value None for beta; a number is expected"),
        (operands.word, "padding", "has the value 7 for padding, which the schema does not know"),
        (operands.integer, "stride_w", "has no option stride_w"),
    ],
)
def test_options_of_another_type(read, option, problem):
    with pytest.raises(BadModelError) as refusal:
        read(ODD, option)
    assert str(refusal.value) == f"layer 4 (CONV_2D) {problem}"


def test_missing_tensors():
    model = convolution_model()
    assert operands.operand(model, ODD, 0, "input").name == "t0"
    for position in (1, 2):
        with pytest.raises(BadModelError, match=r"layer 4 \(CONV_2D\) has no filter"):
            operands.operand(model, ODD, position, "filter")
    with pytest.raises(BadModelError, match="has 0 outputs instead of one"):
        operands.result(model, ODD)


@pytest.mark.parametrize("name", OPERATORS)
def test_no_operator_accepts_another_ones_layer_without_tensors(name):
    """A hostile file may give any operator no inputs, no outputs and no options."""
    model = convolution_model()
    with pytest.raises(BadModelError, match=rf"layer 0 \({name}\)"):
        OPERATORS[name].check(model, Op(0, name, 1, (), (), {}))


@pytest.mark.parametrize("dtype", ["int8", "int4", "string", "complex128", "bool", "bfloat16", "float64"])
def test_no_operator_stumbles_over_a_type(dtype):
    """Whatever the types of its tensors, an operator answers with a reason or BadModelError."""
    model = convolution_model()
    graph = model.subgraphs[0]
    tensors = tuple(dataclasses.replace(tensor, dtype=dtype) for tensor in graph.tensors)
    options = {"axis": 0, "beta": 1.0, "fused_activation_function": "NONE", "weights_format": "DEFAULT", "keep_dims": 0}
    options |= {"stride_h": 1, "stride_w": 1, "filter_width": 1, "filter_height": 1, "padding": "SAME"}
    options |= {"dilation_h_factor": 1, "dilation_w_factor": 1, "depth_multiplier": 1}
    typed = dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, tensors=tensors),))
    given = ((0,), (0, 0), (0, 1), (1, 1), (1, 0))
    for name, inputs, output in itertools.product(OPERATORS, given, (0, 1, 2)):
        try:
            reason = OPERATORS[name].check(typed, Op(0, name, 1, inputs, (output,), options))
        except BadModelError:
            continue
        assert reason is None or isinstance(reason, str), name


def test_four_dimensions():
    assert operands.four_dimensions(()) == (1, 1, 1, 1)
    assert operands.four_dimensions((2, 3)) == (1, 1, 2, 3)
    assert operands.four_dimensions((1, 2, 3, 4)) == (1, 2, 3, 4)


def test_activations_per_channel_are_refused():
    layer = one_layer("RELU", [Value((2, 3), (0.1, 0.2, 0.3), axis=1)], Value((2, 3), 0.1))
    assert layer.check() == "activations quantized per channel ('t0') are not supported"
