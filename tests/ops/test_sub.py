"""SUB: reference and target agree, with the oracles given their ratios; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, activation, one_layer, random_integers

from mcusim.errors import BadModelError
from mcusim.nn.elementwise import sub as numba_sub
from mcusim.requantization import add_ratios, add_scaling

LEFT_SHIFTS = {"int8": 20, "int16": 15}


def sub(first, second, output, *, scales=(0.05, 0.11, 0.13), zeros=(0, 0, 0), fused="NONE", dtype="int8"):
    return one_layer(
        "SUB",
        [Value(first, scales[0], zeros[0], dtype), Value(second, scales[1], zeros[1], dtype)],
        Value(output, scales[2], zeros[2], dtype),
        "SubOptions",
        FusedActivationFunction=activation(fused),
    )


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([((1, 5, 4, 3), (1, 5, 4, 3)), ((7,), (7,)), ((1, 5, 4, 3), (1, 1, 1, 3)), ((5, 3), ())]),
    st.sampled_from(["int8", "int16"]),
    st.tuples(*[st.floats(2.0**-10, 0.25, width=32)] * 3),
    st.tuples(*[st.integers(-128, 127)] * 3),
    st.integers(0, 2**32),
)
def test_any_shapes_and_scales_give_one_result(shapes, dtype, scales, zeros, seed):
    zeros = (0, 0, 0) if dtype == "int16" else zeros
    layer = sub(*shapes, np.broadcast_shapes(*shapes), scales=scales, zeros=zeros, dtype=dtype)
    assert layer.check() is None
    rng = np.random.default_rng(seed)
    values = [random_integers(rng, shape, dtype) for shape in shapes]
    layer.target(*values)
    # LiteRT and the PC's TensorFlow Lite Micro take the ratios in double precision, the device's in float32.
    ratios = add_ratios(*(layer.model.tensors[index].quantization for index in (0, 1, 2)), dtype)
    mult_1, shift_1, mult_2, shift_2, mult, shift = (
        getattr(add_scaling(ratios), name) for name in add_scaling(ratios).__slots__
    )
    output = np.empty(np.broadcast_shapes(*shapes), dtype)
    repeated = [np.ascontiguousarray(np.broadcast_to(value, output.shape)) for value in values]
    one, other = (-zeros[0], mult_1, shift_1), (-zeros[1], mult_2, shift_2)
    limits = np.iinfo(dtype).min, np.iinfo(dtype).max
    numba_sub(*repeated, *one, *other, LEFT_SHIFTS[dtype], zeros[2], mult, shift, *limits, output)
    np.testing.assert_array_equal(output, layer.litert(*values))
    np.testing.assert_array_equal(output, layer.tflm(*values))


def test_ratios_are_those_of_float32():
    # TFLM, CalculateOpDataSub: scales of the public model sub0, which these bits decide in 1 of 1,536 elements.
    scales = (0.0009693715837784111, 8.709842404641677e-06, 0.0005941494018770754)
    call = sub((7,), (7,), (7,), scales=scales, dtype="int16").invocation().calls[0]
    numbers = [argument for argument in call.arguments if isinstance(argument, int)]
    assert numbers[:6] == [0, 2**30, 0, 0, 1234894464, -7]
    assert numbers[7:10] == [0, 1751840256, -13]


def test_memory():
    memory = sub((7,), (7,), (7,)).memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (2, 1, 52)
    assert sub((7,), (7,), (7,)).macs() == 0


def test_refusals():
    assert "int32 activations" in sub((7,), (7,), (7,), dtype="int32").check()
    assert "times the output's" in sub((7,), (7,), (7,), scales=(1e5, 1.0, 0.1)).check()
    assert "broadcasting over 5" in sub((1, 2, 3, 4, 5), (5,), (1, 2, 3, 4, 5)).check()
    with pytest.raises(BadModelError, match=r"layer 0 \(SUB\)"):
        sub((3, 4), (3,), (3, 4)).check()
