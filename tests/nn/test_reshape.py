import numpy as np

from mcusim.nn.reshape import reshape_s8


def test_reshape_s8_copies_every_element_in_order():
    values, output = np.arange(-128, 128, dtype=np.int8), np.zeros(256, np.int8)
    reshape_s8(values, output)
    np.testing.assert_array_equal(output, values)
