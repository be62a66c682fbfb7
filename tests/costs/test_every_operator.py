"""Every operator is counted, every kernel that it may call is drawn, and what is drawn is counted soundly."""

import math

import numpy as np
import pytest

from mcusim.cost import CALL, Target
from mcusim.costs import COSTS
from mcusim.ops import OPERATORS
from mcusim.sketch import Sketch

DSP, PLAIN = Target(True, True), Target(False, False)

# Kernels that no cost is named for: wrappers, whose costs name the kernel that they choose, and those that only
# prepare what the layer's kernel reads, counted with it.
NOT_DRAWN = {
    "BATCH_MATMUL": {"mcusim_transpose_matrices_s8", "mcusim_transpose_matrices_s16"},
    "CONV_2D": {"arm_convolve_wrapper_s16", "arm_convolve_wrapper_s4", "arm_convolve_wrapper_s8"},
    "DEPTHWISE_CONV_2D": {"arm_depthwise_conv_wrapper_s4", "arm_depthwise_conv_wrapper_s8"},
    "FULLY_CONNECTED": {"mcusim_repeat_scale"},
    "TRANSPOSE_CONV": {"arm_transpose_conv_wrapper_s8"},
}


def drawn(name):
    """The layers of an operator that a fit draws for it."""
    sketch, rng = Sketch(), np.random.default_rng(1)
    for _ in range(max(COSTS[name].samples, 20)):
        COSTS[name].draw(sketch, rng)
    model = sketch.model()
    return model, [op for op in model.ops if op.name == name]


def test_every_operator_is_counted():
    assert COSTS.keys() == OPERATORS.keys()


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
