"""Every operator is counted, every kernel that it may call is drawn, and what is drawn is counted soundly."""

import math

import numpy as np
import pytest

from mcusim.cost import CALL, Target
from mcusim.costs import COSTS
from mcusim.ops import OPERATORS
from mcusim.sketch import Sketch

DSP, PLAIN = Target(True, True), Target(False, False)

# Operators without a count, and kernels that those with one are not drawn for.
WITHOUT_COUNT = {"BATCH_MATMUL", "SVDF", "TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM"}
NOT_DRAWN = {
    "CONV_2D": {"arm_convolve_wrapper_s16", "arm_convolve_wrapper_s4", "arm_convolve_wrapper_s8"},
    "DEPTHWISE_CONV_2D": {"arm_depthwise_conv_s16", "arm_depthwise_conv_wrapper_s4", "arm_depthwise_conv_wrapper_s8"},
    "FULLY_CONNECTED": {
        "arm_convolve_1x1_s8_fast",
        "arm_fully_connected_s16",
        "arm_fully_connected_s4",
        "mcusim_repeat_scale",
    },
    "SOFTMAX": {"arm_softmax_s16", "arm_softmax_s8_s16"},
}


def drawn(name):
    """The layers of an operator that a fit draws for it."""
    sketch, rng = Sketch(), np.random.default_rng(1)
    for _ in range(max(COSTS[name].samples, 20)):
        COSTS[name].draw(sketch, rng)
    model = sketch.model()
    return model, [op for op in model.ops if op.name == name]


def test_every_operator_is_counted():
    assert OPERATORS.keys() - COSTS.keys() == WITHOUT_COUNT
    assert COSTS.keys() <= OPERATORS.keys()


@pytest.mark.parametrize("name", sorted(COSTS))
def test_every_kernel_is_drawn(name):
    model, layers = drawn(name)
    found = {COSTS[name].count(model, op, DSP).kernel.split(" ")[0] for op in layers}
    assert set(OPERATORS[name].KERNELS) - found == NOT_DRAWN.get(name, set())


@pytest.mark.parametrize("name", sorted(COSTS))
@pytest.mark.parametrize("target", [DSP, PLAIN])
def test_counts_are_sound(name, target):
    """mcusim runs what is drawn; counts are numbers from 0 up, and lie within their spread."""
    model, layers = drawn(name)
    for op in layers:
        assert OPERATORS[name].check(model, op) is None
        cost = COSTS[name].count(model, op, target)
        assert all(math.isfinite(count) and count >= 0 for count in cost.counts.values()), cost
        assert not cost.counts or cost.counts[CALL] >= 1
        for count, (least, most) in cost.spread.items():
            assert least - 1e-6 <= cost.counts[count] <= most + 1e-6, (count, cost)
        assert all(stream.bytes >= 0 for stream in cost.streams)
