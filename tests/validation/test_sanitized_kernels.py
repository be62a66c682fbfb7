"""The kernels on this machine with its sanitizers: test vectors and random layers, without a report and bit-exact."""

import numpy as np
import pytest
import sanitized
from emulated import Output
from one_layer import M0PLUS, M4, random_integers, reset
from random_elementwise import OPERATORS as ELEMENTWISE
from random_elementwise import random_elementwise, random_values
from random_layers import OPERATORS as DRAWN
from random_layers import random_inputs, random_layer
from shares import shared
from vectors import OPERATORS as ADAPTERS
from vectors.case import FOLDER, KINDS, load_case

from mcusim.costs import COSTS
from mcusim.ops import OPERATORS, written
from mcusim.sketch import Sketch

RUNTIMES = {"plain": M0PLUS, "dsp": M4}
SEEDS = shared(range(3000, 3012), 3)  # a layer each of each operator
MOST_FITTED = 60
OF_VARIABLES = {"ASSIGN_VARIABLE", "CALL_ONCE", "READ_VARIABLE", "VAR_HANDLE"}

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
@pytest.mark.parametrize("kind", KINDS)
def test_vectors(kernels, kind):
    for entry in KINDS[kind]:
        case = load_case(FOLDER, entry)
        np.testing.assert_array_equal(ADAPTERS[case.op].target(case, kernels), case.expected, case.name)


def assert_layers_are_right(kernels, variant, model, inputs, message):
    """Every layer of a model on the operands that the layers before have given it."""
    values = dict(zip(model.inputs, inputs, strict=True))
    values |= {one.index: one.data for one in model.tensors if one.data is not None}
    values |= {one.index: reset(one) for one in model.tensors if one.is_variable}
    for op in model.ops:
        operands = [None if index < 0 else values[index] for index in op.inputs]
        expected = OPERATORS[op.name].reference(model, op, operands)
        found = sanitized.run_layer(kernels, model, op, values, RUNTIMES[variant])
        for index, one, other in zip(written(model, op), found, expected, strict=True):
            assert one.tobytes() == other.tobytes(), message
            values[index] = other


@pytest.mark.parametrize("extreme_biases", [False, True])
@pytest.mark.parametrize("operator", DRAWN)
@pytest.mark.parametrize("seeds", SEEDS)
def test_random_layers(kernels, variant, operator, seeds, extreme_biases):
    for seed in seeds:
        model = random_layer(operator, seed, extreme_biases=extreme_biases).model
        assert_layers_are_right(kernels, variant, model, random_inputs(model, seed), f"seed {seed}")


@pytest.mark.parametrize("operator", ELEMENTWISE)
@pytest.mark.parametrize("seeds", SEEDS)
def test_random_elementwise_layers(kernels, variant, operator, seeds):
    for seed in seeds:
        layer = random_elementwise(operator, seed)
        assert_layers_are_right(kernels, variant, layer.model, random_values(layer, seed), f"seed {seed}")


@pytest.mark.parametrize("operator", sorted(COSTS.keys() - OF_VARIABLES))
def test_layers_that_formulas_are_fitted_to(kernels, variant, operator):
    """They are of every kernel that an operator calls; inputs are any values of their types."""
    rng, sketch = np.random.default_rng(5), Sketch()
    for _ in range(min(COSTS[operator].samples, MOST_FITTED)):
        COSTS[operator].draw(sketch, rng)
    model = sketch.model()
    inputs = [any_values(rng, model.tensors[index]) for index in model.inputs]
    assert_layers_are_right(kernels, variant, model, inputs, operator)


def any_values(rng, tensor):
    if tensor.dtype == "float32":
        return rng.normal(size=tensor.shape).astype(np.float32)
    return random_integers(rng, tensor.shape, tensor.dtype)


def test_every_kernel_of_an_operator_runs():
    """What is drawn above calls each of them; operators of variables call what RESHAPE does."""
    called = {kernel for name in OF_VARIABLES for kernel in OPERATORS[name].KERNELS}
    assert called == set(OPERATORS["RESHAPE"].KERNELS)
    assert OPERATORS.keys() == COSTS.keys() | DRAWN.keys()
