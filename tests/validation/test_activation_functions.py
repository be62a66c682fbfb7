"""Activations that CMSIS-NN has and TensorFlow Lite Micro does not call: in place, on every instruction set."""

import numpy as np
import pytest
from emulated import CORES, Output, kernels

from mcusim import abi
from mcusim.errors import EmulationError

EVERY_INT8 = np.arange(-128, 128, dtype=np.int8)
INT16 = np.arange(-32768, 32768, 7, dtype=np.int16)


@pytest.mark.parametrize("image", CORES)
@pytest.mark.parametrize(
    "symbol, values, limits",
    [("arm_relu_q7", EVERY_INT8, (0, 127)), ("arm_relu6_s8", EVERY_INT8, (0, 6)), ("arm_relu_q15", INT16, (0, 32767))],
)
def test_values_are_clamped_in_place(symbol, values, limits, image):
    data = Output(values.copy())
    kernels(image).call(symbol, data, values.size, checks_status=False)
    np.testing.assert_array_equal(data.array, np.clip(values, *limits))


@pytest.mark.parametrize("image", CORES)
def test_no_tables_are_an_error_of_softmax(image):
    row = np.zeros(3, np.int16)
    with pytest.raises(EmulationError, match="arm_softmax_s16"):
        kernels(image).call("arm_softmax_s16", row, 1, 3, 2**30, 0, abi.Struct((None, None)), Output(row.copy()))
