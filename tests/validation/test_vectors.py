"""Test vectors of CMSIS-NN's operators: Numba and the emulated C of every instruction set give the expected bits."""

import numpy as np
import pytest
from emulated import CORES, kernels
from vectors import OPERATORS
from vectors.case import FOLDER, KINDS, load_case

pytestmark = pytest.mark.skipif(FOLDER is None, reason="neither MCUSIM_VECTORS nor MCUSIM_REFERENCE_DATA is set")


@pytest.mark.parametrize("kind", KINDS)
def test_numba_has_the_expected_bits(kind):
    for entry in KINDS[kind]:
        case = load_case(FOLDER, entry)
        np.testing.assert_array_equal(OPERATORS[case.op].reference(case), case.expected, case.name)


@pytest.mark.parametrize("image", CORES)
@pytest.mark.parametrize("kind", KINDS)
def test_target_code_has_the_expected_bits(kind, image):
    for entry in KINDS[kind]:
        case = load_case(FOLDER, entry)
        np.testing.assert_array_equal(OPERATORS[case.op].target(case, kernels(image)), case.expected, case.name)
