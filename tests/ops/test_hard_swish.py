"""HARD_SWISH: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer

EVERY_VALUE = np.arange(-128, 128, dtype=np.int8)


def hard_swish(*, scales=(0.1, 0.07), zeros=(0, 0), dtype="int8"):
    values = [Value((256,), scales[0], zeros[0], dtype)]
    return one_layer("HARD_SWISH", values, Value((256,), scales[1], zeros[1], dtype))


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-4, 10.0), st.floats(0.01, 100.0), st.tuples(*[st.integers(-128, 127)] * 2))
@example(0.1, 1 / 127.9, (-128, 127))  # the sum with the output's zero point leaves int16
@example(3e-6, 1.0, (0, 0))
def test_every_value_gives_tflms_result(scale, relative, zeros):
    layer = hard_swish(scales=(scale, scale * relative), zeros=zeros)
    assert layer.check() is None
    layer.assert_tflms_result(EVERY_VALUE)


def test_memory():
    assert (hard_swish().memory().builtin_data_bytes, hard_swish().memory().init_bytes) == (0, 20)
    assert hard_swish().macs() == 0


def test_refusals():
    assert "int16 activations" in hard_swish(dtype="int16").check()
    assert "with an output scale of" in hard_swish(scales=(1.0, 1 / 256)).check()
    assert "with an output scale of" in hard_swish(scales=(1.0, 1e4)).check()
    assert "with an output scale of" in hard_swish(scales=(1e-7, 1e-7)).check()
