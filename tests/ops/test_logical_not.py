"""LOGICAL_NOT: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
from one_layer import Value, one_layer

from mcusim.runtime import OpMemory


def logical_not(shape=(2, 3), dtype="bool"):
    return one_layer("LOGICAL_NOT", [Value(shape, None, 0, dtype)], Value(shape, None, 0, dtype))


def test_not():
    layer = logical_not()
    layer.assert_tflms_result(np.array([[True, False, True], [False, False, True]]))
    assert layer.memory() == OpMemory()
    assert layer.macs() == 0


def test_refusals():
    assert logical_not(dtype="int32").check() == "int32 is not supported"
    assert "is empty" in logical_not((0,)).check()
