"""The kernels on this machine with its sanitizers: test vectors and random layers, without a report and bit-exact."""

import numpy as np
import pytest
import sanitized
from emulated import Output
from one_layer import M0PLUS, M4, reset
from random_layers import OPERATORS as DRAWN
from random_layers import random_inputs, random_layer
from vectors import OPERATORS as ADAPTERS
from vectors.case import CASES, FOLDER, NAMES, load_case

from mcusim.ops import OPERATORS

RUNTIMES = {"plain": M0PLUS, "dsp": M4}
LAYERS = 12  # of each operator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=sanitized.COMPILERS)
def compiler(request):
    if reason := sanitized.why_unavailable(request.param):
        pytest.skip(reason)
    return request.param


@pytest.fixture(scope="module", params=sanitized.VARIANTS)
def variant(request):
    return request.param


@pytest.fixture(scope="module")
def kernels(compiler, variant, tmp_path_factory):
    library = sanitized.build(compiler, variant, tmp_path_factory.mktemp("sanitized"))
    running = sanitized.SanitizedKernels(library, compiler)
    yield running
    running.close()


def test_reading_beyond_an_array_is_reported(kernels, compiler):
    if compiler != "gcc":
        pytest.skip("the address sanitizer is GCC's")
    with pytest.raises(AssertionError, match=r"heap-buffer-overflow(.|\n)*mcusim_relu6_s8\.c"):
        kernels.call("mcusim_relu6_s8", np.zeros(7, np.int8), 0, 6, 8, Output(np.zeros(8, np.int8)))


def test_overflow_is_reported(kernels):
    with pytest.raises(AssertionError, match="signed integer overflow"):
        kernels.call("mcusim_relu_s8", np.ones(1, np.int8), 2**31 - 1, 0, 1, 0, 0, 0, 1, Output(np.ones(1, np.int8)))


@pytest.mark.skipif(FOLDER is None, reason="neither MCUSIM_VECTORS nor MCUSIM_REFERENCE_DATA is set")
@pytest.mark.parametrize("entry", CASES, ids=NAMES)
def test_vectors(kernels, entry):
    case = load_case(FOLDER, entry)
    np.testing.assert_array_equal(ADAPTERS[case.op].target(case, kernels), case.expected)


@pytest.mark.parametrize("extreme_biases", [False, True])
@pytest.mark.parametrize("operator", DRAWN)
def test_random_layers(kernels, variant, operator, extreme_biases):
    for seed in range(3000, 3000 + LAYERS):
        model = random_layer(operator, seed, extreme_biases=extreme_biases).model
        (op,) = model.ops
        values = dict(zip(model.inputs, random_inputs(model, seed), strict=True))
        values |= {one.index: one.data for one in model.tensors if one.data is not None}
        values |= {one.index: reset(one) for one in model.tensors if one.is_variable}
        expected = OPERATORS[op.name].reference(model, op, [None if i < 0 else values[i] for i in op.inputs])
        found = sanitized.run_layer(kernels, model, op, values, RUNTIMES[variant])
        for one, other in zip(found, expected, strict=True):
            assert one.tobytes() == other.tobytes(), f"seed {seed}"
