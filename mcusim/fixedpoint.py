"""Real multipliers and 32-bit accumulators → the integers TensorFlow Lite Micro makes of them: every rounding rule.

Compiled functions take and give integers in the int32 range. Numba widens integer arithmetic to 64 bits, the device
does not: what wraps around in a register there goes through `as_int32` here. A sum of many terms may be cut back once
at its end, because addition and multiplication modulo 2**32 do not care when.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, SupportsFloat, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)

# Numba compiles a function anew for each type, and a whole number that is written down has a type of its own. Of this
# type are all arguments in compiled code, so that one version of a function does.
int64: Any = np.int64

_Function = TypeVar("_Function", bound=Callable[..., Any])


class _Compiled:
    """A function that Numba compiles when it is first called, or when a compiled one that calls it is.

    Numba takes most of a second to import, and most of what is written for it is not called in one run: what only
    plans or estimates does without.
    """

    def __init__(self, function: Callable[..., Any], options: Mapping[str, object], in_python: bool = False) -> None:
        """Options are those of numba.njit; with `in_python` calls from Python run the function as it is."""
        functools.update_wrapper(self, function)
        self.function, self._options, self._in_python = function, options, in_python

    @functools.cached_property
    def dispatcher(self) -> Any:
        """Numba's object for the function."""
        import numba

        return numba.njit(cache=True, nogil=True, no_cfunc_wrapper=True, **self._options)(self.function)

    @property
    def _numba_type_(self) -> Any:
        """What Numba takes the function for where a compiled one calls it."""
        return self.dispatcher._numba_type_

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments) if self._in_python else self.dispatcher(*arguments)


def has_machine_code(function: object) -> bool | None:
    """Whether the cache on disk has machine code of a compiled function; None for any other object.

    Numba does not say; where it no longer keeps its index as it does, nothing counts as compiled.
    """
    if not isinstance(function, _Compiled):
        return None
    from numba.core.caching import FunctionCache

    try:
        return bool(FunctionCache(function.function)._cache_file._load_index())
    except (AttributeError, RuntimeError, OSError):
        return False


def jit(function: _Function) -> _Function:
    """Compile a kernel at its first call; the machine code is cached on disk, and the kernel runs without the GIL.

    The cache of a function is stale only when its own file changes, not when a file it calls into does.
    """
    return cast(_Function, _Compiled(function, {}))


def observing(function: _Function) -> _Function:
    """As `jit`, for a function that makes no arrays: it counts no references to those that it is given.

    Counting them at every call of a small function costs more than the function does.
    """
    return cast(_Function, _Compiled(function, {"_nrt": False}))


def inner(function: _Function) -> _Function:
    """As `observing`, for a function that only compiled ones call: what would let Python call it is not compiled."""
    return cast(_Function, _Compiled(function, {"_nrt": False, "no_cpython_wrapper": True}))


def inlined(function: _Function) -> _Function:
    """As `inner`, for a small function: compiled into each that calls it."""
    return cast(_Function, _Compiled(function, {"_nrt": False, "no_cpython_wrapper": True, "forceinline": True}))


def either(function: _Function) -> _Function:
    """A function that Python runs as it is, and compiled ones have compiled: for few calls from Python."""
    return cast(_Function, _Compiled(function, {"_nrt": False, "no_cpython_wrapper": True}, in_python=True))


# -- Prepare: real numbers to multiplier and shift, in plain Python --------------------------------------------------


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Q31 multiplier and shift with real ≈ multiplier · 2**(shift − 31); a positive shift goes left.

    The multiplier is rounded half away from zero to [2**30, 2**31); below 2**−32 both are 0, as TFLite's
    QuantizeMultiplier has it. The shift of a huge ratio may exceed the 30 that requantize takes: the caller refuses it.
    ValueError for what no pair of positive scales can give.
    """
    if not (math.isfinite(real) and real >= 0):
        raise ValueError(f"a multiplier of {real} has no fixed-point form")
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return multiplier, shift


def fold_count(multiplier: int, shift: int, count: int) -> tuple[int, int]:
    """Multiplier and shift of MEAN over `count` elements from those of its scale ratio, the division folded in.

    TFLite's rule (QuantizedMeanOrSum): floor(multiplier · 2**k / count), shift − k, with k = floor(log2(count)) but at
    most 32 and at most 31 + shift, so that the shift stays ≥ −31.
    """
    power = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << power) // count, shift - power


def softmax_scaling(beta: float, input_scale: float) -> tuple[int, int, int]:
    """`mult`, `shift` and `diff_min` of an int8 SOFTMAX: differences to the row's maximum become Q5.26.

    As TFLite's PreprocessSoftmaxScaling with 5 integer bits; diff_min is minus the input radius. ValueError where
    beta · input_scale is so small (≤ 2**−26) that TFLite itself aborts.
    """
    real = min(beta * input_scale * 2**26, 2**31 - 1.0)
    if not real > 1.0:
        raise ValueError(f"a SOFTMAX input scale times beta of {beta * input_scale} is below 2**-26")
    multiplier, shift = quantize_multiplier(real)
    return multiplier, shift, -input_radius(5, shift)


def softmax_s16_scaling(beta: float, input_scale: float) -> tuple[int, int]:
    """`mult` and `shift` of an int16 SOFTMAX: a difference of 10 to the row's maximum becomes 65535."""
    return quantize_multiplier(input_scale * beta / (10.0 / 65535.0))


def lookup_table(function: Callable[[float], float], low: float, high: float) -> NDArray[np.int16]:
    """A function from low to high as a table of 513 Q0.15 entries, in float32 like TFLite's gen_lut.

    An entry makes up for half of what the middle of the straight line to the next one is off by.
    """
    step = np.float32((np.float32(high) - np.float32(low)) / np.float32(512))
    half_step, unit = np.float32(step / np.float32(2)), np.float32(2**15)

    def scaled(real: np.float32) -> np.float32:
        return np.float32(np.float32(function(float(real))) * unit)

    def entry(index: int) -> float:
        here = np.float32(np.float32(low) + np.float32(index) * step)
        sample, following = round_half_away(scaled(here)), scaled(np.float32(low + np.float32(index + 1) * step))
        straight = round_half_away(np.float32((following + np.float32(sample)) / np.float32(2)))
        bias = round_half_away((straight - round_half_away(scaled(np.float32(here + half_step)))) / 2)
        return sample - bias

    entries = [*(entry(index) for index in range(512)), round_half_away(scaled(np.float32(high)))]
    return np.array([min(max(value, -(2**15)), 2**15 - 1) for value in entries], np.int16)


def round_half_away(real: SupportsFloat) -> float:
    """A real number to the nearest whole one, halves away from zero (TfLiteRound)."""
    value = float(real)
    magnitude = math.floor(abs(value) + 0.5)
    return float(magnitude if value >= 0 else -magnitude)


def sigmoid_s16_scaling(input_scale: float, left_shifts: tuple[int, ...]) -> tuple[int, int]:
    """`multiplier` and `left_shift` of an int16 LOGISTIC or TANH: inputs become multiples of 1 / (3 · 4096).

    A scale of 2**(shift − 12), within a thousandth of its logarithm, goes without rounding for a shift among
    `left_shifts`; another gets a multiplier of 15 bits. ValueError where that does not exist.
    """
    logarithm = math.log2(input_scale)
    shift = 12 + round(logarithm)
    if abs(logarithm - round(logarithm)) < 1e-3 and shift in left_shifts:
        return 3 << shift, 0
    real, left_shift = input_scale * 4096.0 * 3.0, 0
    while real <= 32767.0 / 2.0 and left_shift <= 30:
        real, left_shift = 2 * real, left_shift + 1
    if not 1 <= real < 2**15:
        raise ValueError(f"an int16 input scale of {input_scale:.3g} is not supported")
    return int(real), left_shift


def logistic_scaling(input_scale: float) -> tuple[int, int, int]:
    """`multiplier`, `left_shift` and `range_radius` of an int8 LOGISTIC or TANH: inputs become Q4.27.

    ValueError where the scale is so small (< 2**−28) that TFLite's radius is undefined.
    """
    multiplier, left_shift = quantize_multiplier(input_scale * 2**27)
    if multiplier == 0 or left_shift < 0:
        raise ValueError(f"an input scale of {input_scale} is below 2**-28")
    return multiplier, left_shift, input_radius(4, left_shift)


def input_radius(integer_bits: int, left_shift: int) -> int:
    """Largest magnitude whose rescaled value still fits in Q`integer_bits` (TFLite's CalculateInputRadius, 31 bits)."""
    return ((1 << integer_bits) - 1 << 31 - integer_bits) >> left_shift


# -- Eval: integers to integers, compiled ----------------------------------------------------------------------------


@jit
def as_int32(value: int) -> int:
    """The value as an int32 register holds it: wrapped around modulo 2**32."""
    return ((value + 2**31) & 0xFFFFFFFF) - 2**31


@jit
def doubling_high_mult(a: int, b: int) -> int:
    """a · b / 2**31 rounded to nearest, halves up; INT32_MAX where both are INT32_MIN."""
    return min((a * b + (1 << 30)) >> 31, INT32_MAX)


@jit
def divide_by_power_of_two(value: int, exponent: int) -> int:
    """value / 2**exponent rounded to nearest, halves away from zero; 0 ≤ exponent ≤ 62."""
    if exponent == 0:
        return value
    half = 1 << (exponent - 1)
    return (value + half - (1 if value < 0 else 0)) >> exponent


@jit
def requantize(value: int, multiplier: int, shift: int) -> int:
    """value · multiplier · 2**(shift − 31), rounded twice; −31 ≤ shift ≤ 30, positive to the left.

    First the high half of the doubled product, halves up, then the right shift, halves away from zero (TFLM's
    MultiplyByQuantizedMultiplier, CMSIS-NN's arm_nn_requantize). `value` and its left shift wrap around in int32.
    """
    shifted = as_int32(value << max(shift, 0))
    return divide_by_power_of_two(doubling_high_mult(shifted, multiplier), max(-shift, 0))


@jit
def reduced_multiplier(multiplier: int) -> int:
    """A Q31 multiplier as the Q15 one that 64-bit accumulators are requantized by, rounded half up, at most 32767.

    As TFLM's MultiplyByQuantizedMultiplier for int64 and CMSIS-NN's REDUCE_MULTIPLIER.
    """
    return (multiplier + (1 << 15)) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF


@jit
def requantize_s64(value: int, multiplier: int, shift: int) -> int:
    """value · multiplier · 2**(shift − 31) of a 64-bit accumulator, rounded once, halves up; multiplier is Q31.

    The multiplier is reduced to Q15 first (`reduced_multiplier`): what int16 activations with an int64 bias go
    through (TFLM's MultiplyByQuantizedMultiplier for int64, CMSIS-NN's arm_nn_requantize_s64). −31 ≤ shift ≤ 7;
    the product wraps around in int64, and twice the result in int32 before it is halved.
    """
    doubled = as_int32((value * reduced_multiplier(multiplier)) >> (14 - shift))
    return as_int32(doubled + 1) >> 1


@jit
def requantize_and_clamp(
    value: int, multiplier: int, shift: int, offset: int, activation_min: int, activation_max: int
) -> int:
    """Requantized value plus the output offset (wraps around in int32), clamped to the activation range."""
    result = as_int32(requantize(value, multiplier, shift) + offset)
    return min(max(result, activation_min), activation_max)


@jit
def requantize_s64_and_clamp(value: int, multiplier: int, shift: int, activation_min: int, activation_max: int) -> int:
    """As requantize_and_clamp for a 64-bit accumulator; there is no offset: int16 outputs have none."""
    return min(max(requantize_s64(value, multiplier, shift), activation_min), activation_max)


@jit
def saturating_left_shift(value: int, exponent: int) -> int:
    """value · 2**exponent, held within int32."""
    return min(max(value << exponent, INT32_MIN), INT32_MAX)


@jit
def exp_on_negative_values(value: int, integer_bits: int) -> int:
    """exp of a Q`integer_bits` number ≤ 0 as Q0.31, exactly as gemmlowp's; integer_bits 4 or 5.

    The number is split into a multiple of 1/4 and a rest in [−1/4, 0): the rest goes through a Taylor polynomial
    around −1/8, each bit of the multiple through one constant factor.
    """
    if value == 0:
        return INT32_MAX
    fractional_bits = 31 - integer_bits
    quarter = 1 << (fractional_bits - 2)
    rest = (value & (quarter - 1)) - quarter
    result = _exp_between_negative_quarter_and_0(rest << integer_bits)
    quarters = rest - value
    # exp(−2**k) in Q0.31 for k = −2 … 4
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for index in range(integer_bits + 2):
        if quarters & (quarter << index):
            result = doubling_high_mult(result, factors[index])
    return result


@jit
def _exp_between_negative_quarter_and_0(value: int) -> int:
    """exp of a Q0.31 number in [−1/4, 0): a fourth-order polynomial around −1/8, gemmlowp's roundings."""
    exp_minus_eighth: int = int64(1895147668)
    one_third = int64(715827883)
    x = value + (1 << 28)
    x2 = doubling_high_mult(x, x)
    x3 = doubling_high_mult(x2, x)
    x4 = doubling_high_mult(x2, x2)
    cubic = doubling_high_mult(divide_by_power_of_two(x4, int64(2)) + x3, one_third)
    series = x + divide_by_power_of_two(cubic + x2, int64(1))
    return exp_minus_eighth + doubling_high_mult(exp_minus_eighth, series)


@jit
def one_over_one_plus_x(value: int) -> int:
    """1 / (1 + x) in Q0.31 of a Q0.31 number in [0, 1), as gemmlowp's."""
    return saturating_left_shift(_two_over_one_plus_x(value), 1)


@jit
def one_minus_x_over_one_plus_x(value: int) -> int:
    """(1 − x) / (1 + x) in Q0.31 of a Q0.31 number in [0, 1), as gemmlowp's."""
    return saturating_left_shift(_two_over_one_plus_x(value) - (1 << 29), 2)


@jit
def _two_over_one_plus_x(value: int) -> int:
    """2 / (1 + x) in Q2.29 of a Q0.31 number in [0, 1): three Newton-Raphson steps."""
    half_denominator = (value + (1 << 31)) >> 1
    # 48/17 − 32/17 · d: the line nearest to 1/d on [1/2, 1], in Q2.29
    estimate = 1515870810 + doubling_high_mult(half_denominator, int64(-1010580540))
    for _ in range(3):
        error = (1 << 29) - doubling_high_mult(half_denominator, estimate)
        estimate += saturating_left_shift(doubling_high_mult(estimate, error), int64(2))
    return estimate


@jit
def logistic(value: int) -> int:
    """1 / (1 + exp(−x)) in Q0.31 of a Q4.27 number, as gemmlowp's."""
    if value == 0:
        return 1 << 30
    positive = one_over_one_plus_x(exp_on_negative_values(-abs(value), int64(4)))
    return positive if value > 0 else INT32_MAX - positive


@jit
def tanh(value: int) -> int:
    """tanh(x) in Q0.31 of a Q4.27 number, as gemmlowp's: exp of −2|x| is the same bits with one integer bit more."""
    if value == 0:
        return 0
    positive = one_minus_x_over_one_plus_x(exp_on_negative_values(-abs(value), 5))
    return positive if value > 0 else -positive


@jit
def inverse_square_root(value: int) -> tuple[int, int]:
    """Multiplier (Q31) and shift (positive to the left) of 1 / sqrt(value), a non-negative int32; that of 0 is 1.

    TFLite's GetInvSqrtQuantizedMultiplierExp: the value is brought to [1/4, 1) in Q3.28 by powers of 4, five
    Newton-Raphson steps follow from a guess of 1.
    """
    if value <= 1:
        return INT32_MAX, 0
    right_shift = 11
    while value >= 1 << 29:
        value //= 4
        right_shift += 1
    while value < 1 << 27:
        value *= 4
        right_shift -= 1
    half = divide_by_power_of_two(value >> 1, 1)
    estimate = 1 << 28
    for _ in range(5):
        cubed = doubling_high_mult(doubling_high_mult(estimate, estimate), estimate)
        product = doubling_high_mult(half, saturating_left_shift(cubed, 6))
        estimate = saturating_left_shift(doubling_high_mult(3 << 27, estimate) - product, 3)
    # The square root of 1/2 takes back that 4 bits of the range are those of an odd power of 2.
    multiplier = doubling_high_mult(estimate, 1518500250)
    if right_shift < 0:
        return multiplier << -right_shift, 0
    return multiplier, -right_shift


@jit
def reciprocal(value: int) -> tuple[int, int]:
    """1 / value of a positive int32 as Q0.31 and the number of bits to shift it right (TFLite's GetReciprocal)."""
    bits = 0
    while value >> bits:
        bits += 1
    return one_over_one_plus_x((value << (32 - bits)) - (1 << 31)), bits - 1


@jit
def doubling_high_mult_s16(a: int, b: int) -> int:
    """As doubling_high_mult for int16: a · b / 2**15 rounded to nearest, halves up."""
    return min((a * b + (1 << 14)) >> 15, 32767)


# -- Sigmoid and hyperbolic tangent of int16, by a table -------------------------------------------------------------


def _sigmoid_table() -> NDArray[np.int64]:
    """65536 / (1 + exp(−i / 24)), raised by half of what a straight line to the next entry lacks in the middle.

    That is sigmoid_table_uint16 of CMSIS-NN and TensorFlow Lite Micro, whose last entry is the largest uint16.
    """

    def real(x: float) -> float:
        return 65536 / (1 + math.exp(-x / 24))

    lacking = (real(i + 0.5) - (real(i) + real(i + 1)) / 2 for i in range(255))
    return np.array([*(math.floor(real(i) + lack / 2 + 0.5) for i, lack in enumerate(lacking)), 65535], np.int64)


SIGMOID_TABLE = _sigmoid_table()


@jit
def _argument(value: int, left_shift: int) -> int:
    """An int16 whose unit is 2**(left_shift − 12), times 3: 24 · 512 of these are 1."""
    if left_shift >= 0:
        return value * (3 << left_shift)
    return (value * 3 + (1 << (-left_shift - 1))) >> -left_shift


@jit
def _between_points(magnitude: int, fraction_bits: int, beyond: int) -> int:
    index = magnitude >> fraction_bits
    if index >= 255:
        return beyond << fraction_bits
    low, high = int(SIGMOID_TABLE[index]), int(SIGMOID_TABLE[index + 1])
    fraction = magnitude & ((1 << fraction_bits) - 1)
    return (low << fraction_bits) + fraction * (high - low)


@jit
def sigmoid_s16(value: int, left_shift: int) -> int:
    """1 / (1 + exp(−x)) as Q0.15 of an int16 whose unit is 2**(left_shift − 12)."""
    return sigmoid_by_table(_argument(value, left_shift))


@jit
def tanh_s16(value: int, left_shift: int) -> int:
    """tanh(x) as Q0.15 of an int16 whose unit is 2**(left_shift − 12)."""
    return tanh_by_table(_argument(value, left_shift))


@jit
def sigmoid_by_table(argument: int) -> int:
    """1 / (1 + exp(−x)) as Q0.15, of x in units of 1 / (24 · 512)."""
    result = _between_points(abs(argument), 9, 0x7FFF << 1)
    if argument < 0:
        return ((1 << 25) - result + (1 << 9) - 1) >> 10
    return (result + (1 << 9)) >> 10


@jit
def tanh_by_table(argument: int) -> int:
    """tanh(x) as Q0.15, of x in units of 1 / (24 · 512): twice the sigmoid of 2 · x, less 1."""
    result = _between_points(abs(argument), 8, 0xFFFF) - (1 << 23)
    if argument < 0:
        return (-result + (1 << 7) - 1) >> 8
    return (result + (1 << 7)) >> 8
