"""SVDF: int8 input and a state of int8 or int16 → the next state and int8 units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.fixedpoint import as_int32, jit, requantize, requantize_and_clamp


@jit
def svdf(
    input: NDArray[np.int8],
    weights_feature: NDArray[np.int8],
    weights_time: NDArray[Any],
    bias: NDArray[np.int32],
    rank: int,
    input_scale: tuple[int, int],
    output_scale: tuple[int, int],
    offsets: tuple[int, int, int],
    state_range: tuple[int, int],
    output_range: tuple[int, int],
    state: NDArray[Any],
    output: NDArray[np.int8],
) -> None:
    """One time step of input[n, i] into state[n, f, t] and output[n, units]; f is units · rank.

    Weights of features are [f, i], of time [f, t] in the state's type, int8 or int16; bias is int32[units]. Scales are
    multiplier and shift; offsets are minus the input's zero point, the state's zero point and the output's. The state
    loses its oldest entry and gets the feature within `state_range` plus its zero point, which wraps around in the
    state's type (TFLM's EvalIntegerSvdfReference).
    """
    input_offset, state_zero_point, output_offset = offsets
    half = 1 << (8 * state.itemsize - 1)
    steps = state.shape[2]
    for n in range(state.shape[0]):
        for f in range(state.shape[1]):
            acc = 0
            for i in range(input.shape[1]):
                acc += (input[n, i] + input_offset) * weights_feature[f, i]
            feature = requantize(as_int32(acc), input_scale[0], input_scale[1])
            feature = min(max(feature, state_range[0]), state_range[1]) + state_zero_point
            for t in range(steps - 1):
                state[n, f, t] = state[n, f, t + 1]
            state[n, f, steps - 1] = ((feature + half) & (2 * half - 1)) - half
        for unit in range(output.shape[1]):
            acc = bias[unit]
            for f in range(unit * rank, (unit + 1) * rank):
                for t in range(steps):
                    acc += weights_time[f, t] * (state[n, f, t] - state_zero_point)
            output[n, unit] = requantize_and_clamp(
                as_int32(acc), output_scale[0], output_scale[1], output_offset, output_range[0], output_range[1]
            )
