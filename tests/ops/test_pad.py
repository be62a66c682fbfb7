"""PAD: reference, LiteRT and target agree; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_elements, random_int8

from mcusim.errors import BadModelError


def pad(
    shape,
    paddings,
    *,
    name="PAD",
    output=None,
    scale=0.1,
    zero_point=-3,
    dtype="int8",
    constant=True,
    kind=np.int32,
    extra=(),
):
    sizes = np.array(paddings, kind)
    padded = tuple(a + size + b for size, (a, b) in zip(shape, paddings, strict=False))
    return one_layer(
        name,
        [
            Value(shape, 0.1, zero_point, dtype),
            Value(sizes.shape, None, dtype=sizes.dtype.name, data=sizes if constant else None),
            *extra,
        ],
        Value(output or padded, scale, zero_point, dtype),
    )


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.tuples(st.integers(0, 2), st.integers(0, 3))), min_size=1, max_size=4),
    st.integers(0, 2**32),
)
def test_any_padding_gives_one_result(dimensions, seed):
    shape = tuple(size for size, _ in dimensions)
    layer = pad(shape, [both for _, both in dimensions])
    assert layer.check() is None
    value = random_int8(np.random.default_rng(seed), shape)
    layer.assert_one_result(value)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.tuples(st.integers(0, 2), st.integers(0, 3))), min_size=1, max_size=5),
    st.sampled_from(["int16", "int32", "float32"]),
    st.integers(0, 2**32),
)
def test_other_types_are_tflite_micros(dimensions, dtype, seed):
    shape = tuple(size for size, _ in dimensions)
    layer = pad(shape, [both for _, both in dimensions], dtype=dtype, zero_point=0)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, shape, dtype))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "float32"])
def test_a_padding_value_of_its_own(dtype):
    zero_point = -3 if dtype == "int8" else 0
    value = Value((1,), 0.1, zero_point, dtype, data=np.array([-77], dtype))
    layer = pad((2, 3), [(1, 0), (2, 1)], dtype=dtype, zero_point=zero_point, extra=(value,), name="PADV2")
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(5, (2, 3), dtype))
    other = Value((1,), 0.2, zero_point, dtype, data=np.array([-77], dtype))
    layer = pad((2, 3), [(1, 0), (2, 1)], dtype=dtype, zero_point=zero_point, extra=(other,), name="PADV2")
    assert (layer.check() is None) == (dtype != "int8"), "int8 needs the value in the output's quantization"


def test_a_padding_value_must_be_one_constant_of_the_type():
    for value in (Value((1,), 0.1, -3), Value((2,), 0.1, -3, data=np.zeros(2, np.int8))):
        assert "one constant int8" in pad((2, 3), [(1, 0), (2, 1)], extra=(value,), name="PADV2").check()


def test_memory():
    layer = pad((1, 2, 3, 4), [(0, 0), (1, 1), (2, 0), (0, 0)])
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes) == (0, 56)
    assert layer.macs() == 0


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"dtype": "uint8", "zero_point": 3}, "uint8 is not"),
        ({"scale": 0.2}, "different quantization"),
        ({"constant": False}, "constant int32"),
        ({"kind": np.int64}, "constant int32"),
        ({"extra": (Value((1,), 0.1, -3, data=np.zeros(1, np.int8)),)}, "padding value"),
    ],
)
def test_refusals(change, reason):
    assert reason in pad((2, 3), [(0, 0), (1, 1)], **change).check()


def test_five_dimensions_are_refused():
    assert "5 dimensions of int8" in pad((1, 1, 1, 2, 3), [(0, 1)] * 5).check()


@pytest.mark.parametrize(
    "paddings, output", [([(0, 0), (1, 1)], (2, 4)), ([(0, 0), (-1, 1)], (2, 3)), ([(0, 1)], (2, 3))]
)
def test_shapes_that_disagree_are_no_model(paddings, output):
    with pytest.raises(BadModelError, match=r"layer 0 \(PAD\)"):
        pad((2, 3), paddings, output=output).check()
