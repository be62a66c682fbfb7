"""Aliases: which are found, what each saves, and which go together."""

import numpy as np
import pytest
from one_layer import M4, Layer, Value, activation, model_file, one_layer

from mcusim.aliasing import aliasing
from mcusim.tflite import parse

FUSED = {"FusedActivationFunction": activation("NONE")}


def shape(*extents):
    return Value((len(extents),), None, dtype="int32", data=np.array(extents, np.int32))


def figures(found):
    return [
        (one.op, one.kind, one.tensor, one.into, one.live_saved_bytes, one.head_saved_bytes) for one in found.aliases
    ]


def test_a_reshape_could_be_a_view():
    values = [Value((1, 64), 0.1), shape(8, 8), Value((8, 8), 0.1)]
    layers = [Layer("RESHAPE", (0, 1), 2, "ReshapeOptions", {"NewShape": np.array([8, 8], np.int32)})]
    found = aliasing(parse(model_file(values, layers, [2]), "view"), M4)
    assert figures(found) == [(0, "view", 2, 0, 64, 64)]
    assert (found.head_before_bytes, found.head_bytes) == (128, 64) and found.together == found.aliases


def test_an_addition_could_write_over_an_input_that_nobody_needs():
    values = [Value((1, 64), 0.1), Value((1, 64), 0.1), Value((1, 64), 0.1), Value((1, 64), 0.1)]
    layers = [Layer("ADD", (0, 1), 2, "AddOptions", FUSED), Layer("ADD", (1, 2), 3, "AddOptions", FUSED)]
    found = aliasing(parse(model_file(values, layers, [3]), "sums"), M4)
    # Input 1 is read again by the second addition: the first may not write over it.
    assert {(one.op, one.tensor, one.into) for one in found.aliases} == {(0, 2, 0), (1, 3, 1), (1, 3, 2)}
    assert (found.head_before_bytes, found.head_bytes, found.live_bytes) == (192, 128, 128)
    assert len(found.together) == 2


@pytest.mark.parametrize(
    "source, output, is_found", [("int8", "int8", True), ("int16", "int8", True), ("int8", "int16", False)]
)
def test_a_requantization_in_place_does_not_get_wider(source, output, is_found):
    layer = one_layer("QUANTIZE", [Value((1, 64), 0.1, dtype=source)], Value((1, 64), 0.2, dtype=output))
    assert bool(aliasing(layer.model, M4).aliases) == is_found


def test_inputs_of_a_concatenation_could_be_written_where_they_end():
    values = [Value((1, 64), 0.1), Value((1, 64), 0.1), Value((1, 32), 0.1), Value((1, 96), 0.1), Value((1, 64), 0.1)]
    layers = [
        Layer("RELU", (0,), 1),
        Layer("CONCATENATION", (1, 2), 3, "ConcatenationOptions", {"Axis": 1}),
    ]
    found = aliasing(parse(model_file(values[:4], layers, [3]), "join"), M4)
    parts = {(one.tensor, one.into, one.offset_bytes) for one in found.aliases if one.kind == "part"}
    assert parts == {(1, 3, 0), (2, 3, 64)}
    # All three in the 96 bytes of the output: its first part over input 0, the second where input 2 is.
    assert (found.head_before_bytes, found.live_before_bytes) == (192, 192)
    assert found.head_bytes >= 96 and found.head_bytes < 192


def test_parts_along_an_inner_axis_or_of_another_scale_are_not_contiguous_copies():
    def join(scale, axis, joined):
        values = [Value((2, 16), scale), Value((2, 16), 0.1), Value(joined, 0.1)]
        layer = Layer("CONCATENATION", (0, 1), 2, "ConcatenationOptions", {"Axis": axis})
        return {one.tensor for one in aliasing(parse(model_file(values, [layer], [2]), "join"), M4).aliases}

    assert join(0.1, 0, (4, 16)) == {0, 1}
    assert join(0.1, 1, (2, 32)) == set()
    assert join(0.2, 0, (4, 16)) == {1}


def test_a_value_that_is_joined_twice_cannot_lie_in_both_places():
    values = [Value((1, 16), 0.1), Value((1, 32), 0.1)]
    layer = Layer("CONCATENATION", (0, 0), 1, "ConcatenationOptions", {"Axis": 1})
    assert not aliasing(parse(model_file(values, [layer], [1]), "twice"), M4).aliases


def test_pieces_of_a_split_could_stay_where_they_are():
    values = [shape(1), Value((1, 64), 0.1), Value((1, 32), 0.1), Value((1, 32), 0.1)]
    layer = Layer("SPLIT", (0, 1), (2, 3), "SplitOptions", {"NumSplits": 2})
    found = aliasing(parse(model_file(values, [layer], [2, 3]), "split"), M4)
    assert {(one.tensor, one.into, one.offset_bytes) for one in found.aliases} == {(2, 1, 0), (3, 1, 32)}
    assert (found.head_before_bytes, found.head_bytes, found.live_bytes) == (128, 64, 64)


def test_a_view_of_what_is_written_over_does_not_go_together():
    """RELU over tensor 0 and a view of 0 that is read later exclude each other."""
    values = [Value((1, 64), 0.1), Value((1, 64), 0.1), shape(8, 8), Value((8, 8), 0.1), Value((8, 8), 0.1)]
    reshape = Layer("RESHAPE", (0, 2), 3, "ReshapeOptions", {"NewShape": np.array([8, 8], np.int32)})
    layers = [reshape, Layer("RELU", (0,), 1), Layer("RELU", (3,), 4)]
    found = aliasing(parse(model_file(values, layers, [1, 4]), "both"), M4)
    taken = {(one.kind, one.tensor, one.into) for one in found.together}
    assert {("view", 3, 0), ("in place", 1, 0)} <= {(one.kind, one.tensor, one.into) for one in found.aliases}
    assert not {("view", 3, 0), ("in place", 1, 0)} <= taken


def test_each_figure_is_that_of_a_plan_with_the_alias(reference_data):
    from mcusim.tflite import load

    found = aliasing(load(reference_data / "models" / "sub0.tflite"), M4)
    assert [one.head_saved_bytes for one in found.aliases] == [3_072]
    assert found.head_before_bytes - found.head_bytes == 3_072
