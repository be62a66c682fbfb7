"""STRIDED_SLICE: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, constant, one_layer, quantized, random_elements

from mcusim.errors import BadModelError

MASKS = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")


def strided_slice(shape, bounds, output, *, dtype="int8", offset=False, bounds_of=None, **masks):
    """`bounds`: (begin, end, stride) of each axis; `masks`: bits of each axis by the mask's name."""
    operands = bounds_of or [constant(*column) for column in zip(*bounds, strict=True)]
    fields = {f"{name.title().replace('_', '')}Mask": masks.get(name, 0) for name in MASKS}
    return one_layer(
        "STRIDED_SLICE",
        [quantized(shape, dtype), *operands],
        quantized(output, dtype),
        "StridedSliceOptions",
        Offset=offset,
        **fields,
    )


def taken(size, begin, end, stride, begin_masked, end_masked):
    """Indices along an axis, as Python slices them: the rule of TFLite's StartForAxis and StopForAxis."""
    return range(size)[None if begin_masked else begin : None if end_masked else end : stride]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_bounds_are_tflite_micros(data):
    dtype = data.draw(st.sampled_from(["int8", "int16", "int32", "float32", "bool"]))
    shape = tuple(data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    bounds, output, masks = [], [], {"begin": 0, "end": 0, "shrink_axis": 0}
    for axis, size in enumerate(shape):
        stride = data.draw(st.sampled_from([1, 2, -1, -2]))
        begin, end = data.draw(st.integers(-size - 1, size)), data.draw(st.integers(-size - 1, size + 1))
        masked = data.draw(st.booleans()), data.draw(st.booleans())
        if not len(taken(size, begin, end, stride, *masked)):
            begin, end, stride, masked = 0, size, 1, (False, True)
        if stride > 0 and 0 <= begin < size and not masked[0] and data.draw(st.integers(0, 3)) == 0:
            masks["shrink_axis"] |= 1 << axis
        else:
            output.append(len(taken(size, begin, end, stride, *masked)))
        bounds.append((begin, end, stride))
        masks["begin"] |= masked[0] << axis
        masks["end"] |= masked[1] << axis
    layer = strided_slice(shape, bounds, tuple(output), dtype=dtype, **masks)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(data.draw(st.integers(0, 2**32)), shape, dtype))


def test_memory():
    layer = strided_slice((4, 5), [(0, 2, 1), (4, 0, -2)], (2, 2))
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes) == (24, 84)
    assert layer.macs() == 0


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"dtype": "uint8"}, "uint8 is not"),
        ({"ellipsis": 1}, "an ellipsis"),
        ({"new_axis": 1}, "a new axis"),
        ({"offset": True}, "relative to the beginning"),
        ({"bounds_of": [Value((2,), dtype="int32")] * 3}, "constant int32"),
    ],
)
def test_refusals(change, reason):
    assert reason in strided_slice((4, 5), [(0, 2, 1), (4, 0, -2)], (2, 2), **change).check()


def test_five_dimensions_and_nothing_are_refused():
    assert "5 dimensions" in strided_slice((1,) * 5, [(0, 1, 1)] * 5, (1,) * 5).check()
    assert "empty" in strided_slice((4,), [(3, 3, 1)], (0,)).check()


@pytest.mark.parametrize(
    "bounds, output, problem",
    [
        ([(0, 2, 0), (0, 5, 1)], (2, 5), "stride of 0"),
        ([(0, 2, 1)], (2, 5), "bounds for 2 dimensions"),
        ([(0, 2, 1), (0, 5, 1)], (2, 4), "output of shape"),
    ],
)
def test_bounds_that_disagree_are_no_model(bounds, output, problem):
    with pytest.raises(BadModelError, match=problem):
        strided_slice((4, 5), bounds, output).check()


def test_a_shrunk_axis_runs_forward():
    assert "negative stride" in strided_slice((4,), [(1, 0, -1)], (), shrink_axis=1).check()


def test_a_shrunk_axis_must_have_its_element():
    with pytest.raises(BadModelError, match="reads index 4 of the 4"):
        strided_slice((4,), [(7, 9, 1)], (), shrink_axis=1).check()
