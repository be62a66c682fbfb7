"""ELU: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer

EVERY_VALUE = np.arange(-128, 128, dtype=np.int8)


def elu(*, scales=(0.1, 0.07), zeros=(0, 0), dtype="int8"):
    return one_layer("ELU", [Value((256,), scales[0], zeros[0], dtype)], Value((256,), scales[1], zeros[1], dtype))


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.floats(1e-3, 1.0)] * 2), st.tuples(*[st.integers(-128, 127)] * 2))
def test_every_value_gives_tflms_result(scales, zeros):
    layer = elu(scales=scales, zeros=zeros)
    assert layer.check() is None
    layer.assert_tflms_result(EVERY_VALUE)


def test_memory():
    # The table is in the kernel's struct, 256 bytes either way; there are no options.
    memory = elu().memory()
    assert (memory.builtin_data_bytes, memory.init_bytes, memory.prepare_bytes) == (0, 0, (256,))
    assert [len(array) for array in elu().invocation().arrays] == [256]
    assert elu().macs() == 0


def test_refusals():
    assert "int16 activations" in elu(dtype="int16").check()
