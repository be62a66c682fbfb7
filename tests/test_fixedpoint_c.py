"""The rules of rounding in Python and in C: the same bits for a million random arguments and all the edges of each."""

import itertools
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from emulated import Kernels, Output

from mcusim import fixedpoint
from mcusim.elf import load_firmware
from mcusim.fixedpoint import INT32_MAX, INT32_MIN
from mcusim.hardware import load_core

KERNELS = Path(__file__).parents[1] / "kernels"
COMPILER = shutil.which("arm-none-eabi-gcc")
FLAGS = ["-mthumb", "-std=c11", "-O3", "-ffreestanding", "-fno-tree-loop-distribute-patterns", "-Wall", "-Wextra",
         "-Werror", f"-I{KERNELS / 'Include'}"]  # fmt: skip
LINK = ["-nostdlib", "-Wl,-T,kernels.ld", "-Wl,-e,0", "-Wl,--emit-relocs", "-Wl,--fatal-warnings", "-lgcc"]
SOURCES = ("NNSupportFunctions/arm_nn_exp_on_negative_values", "NNSupportFunctions/arm_nn_one_over_one_plus_x",
           "NNSupportFunctions/sigmoid_table_uint16", "ReferenceFunctions/mcusim_inverse_square_root",
           "ReferenceFunctions/mcusim_scale")  # fmt: skip
CORES = {"cortex_m0plus": ["-mcpu=cortex-m0plus"], "cortex_m4": ["-mcpu=cortex-m4", "-mfloat-abi=soft"]}

CASES = 1_000_000
AT_ONCE = 100_000  # arguments of a call
EDGES = sorted({value + step for value in (0, INT32_MIN, INT32_MAX, -(2**30), 2**30, 2**16, -(2**16), 2**15)
                for step in (-2, -1, 0, 1, 2) if INT32_MIN <= value + step <= INT32_MAX})  # fmt: skip
MULTIPLIERS = [0, 1, 2**30, 2**30 + 1, 1518500250, 0x7FFEFFFF, 0x7FFF0000, 0x7FFF0001, INT32_MAX - 1, INT32_MAX]

pytestmark = pytest.mark.slow


def built(core, folder):
    """The functions of tests/firmware/fixedpoint.c on a core; skips without the compiler."""
    if COMPILER is None:
        pytest.skip("arm-none-eabi-gcc is not installed; it builds the loops over the C functions")
    path = folder / f"{core}.elf"
    code = [str(Path(__file__).parent / "firmware" / "fixedpoint.c"), *(f"Source/{name}.c" for name in SOURCES)]
    subprocess.run([COMPILER, *CORES[core], *FLAGS, *code, *LINK, "-o", str(path)], check=True, cwd=KERNELS)
    return Kernels(load_firmware(path), load_core(core))


@pytest.fixture(scope="module", params=CORES)
def functions(request, tmp_path_factory):
    return built(request.param, tmp_path_factory.getbasetemp())


def spread(rng, least, greatest, count, dtype=np.int32):
    """Whole numbers between two, as many of each magnitude as of the next larger."""
    values = rng.integers(least, greatest, count, np.int64, endpoint=True) >> rng.integers(0, 32, count)
    return np.clip(values, least, greatest).astype(dtype)


def compare(functions, symbol, twin, *arguments):
    """The C function's results and those of its twin in Python, argument by argument."""
    count = len(arguments[0])
    found = np.empty(count, np.int32)
    for start in range(0, count, AT_ONCE):
        part = [np.ascontiguousarray(values[start : start + AT_ONCE]) for values in arguments]
        output = Output(found[start : start + AT_ONCE])
        functions.call(symbol, *part, len(part[0]), output, checks_status=False)
    expected = np.fromiter(map(twin, *(values.tolist() for values in arguments)), np.int64, count)
    wrong = np.flatnonzero(found != expected)
    assert not wrong.size, [(*(int(values[i]) for values in arguments), int(found[i])) for i in wrong[:5]]


def with_edges(columns, *edges):
    """Columns of random arguments, with every combination of edges behind them."""
    combinations = np.array(list(itertools.product(*edges)), np.int64)
    return [
        np.concatenate([column, combinations[:, index].astype(column.dtype)]) for index, column in enumerate(columns)
    ]


def test_doubling_high_mult(functions):
    rng = np.random.default_rng(1)
    a, b = with_edges([spread(rng, INT32_MIN, INT32_MAX, CASES) for _ in "ab"], EDGES, EDGES)
    compare(functions, "over_saturating_doubling_high_mult", fixedpoint.doubling_high_mult, a, b)
    both = (a == INT32_MIN) & (b == INT32_MIN)
    assert both.sum() >= 1
    compare(functions, "over_doubling_high_mult", fixedpoint.doubling_high_mult, a[~both], b[~both])


def test_divide_by_power_of_two(functions):
    rng = np.random.default_rng(2)
    values, exponents = spread(rng, INT32_MIN, INT32_MAX, CASES), rng.integers(0, 32, CASES, np.int32)
    values, exponents = with_edges([values, exponents], EDGES, range(32))
    compare(functions, "over_divide_with_lost_bits", fixedpoint.divide_by_power_of_two, values, exponents)
    # The shorter one has preconditions: products that are rescaled meet them.
    apt = (exponents > 0) & (values > INT32_MIN) & ~((values == INT32_MAX) & (exponents == 1))
    compare(functions, "over_divide_by_power_of_two", fixedpoint.divide_by_power_of_two, values[apt], exponents[apt])


def requantizations(rng, shifts):
    values, multipliers = spread(rng, INT32_MIN, INT32_MAX, CASES), rng.integers(2**30, 2**31, CASES, np.int64)
    columns = [
        values,
        multipliers.astype(np.int32),
        rng.integers(shifts[0], shifts[-1], CASES, np.int32, endpoint=True),
    ]
    return with_edges(columns, EDGES, MULTIPLIERS, shifts)


@pytest.mark.parametrize("symbol", ["over_requantize", "over_requantize_by_remainder", "over_scale"])
def test_requantize(functions, symbol):
    compare(functions, symbol, fixedpoint.requantize, *requantizations(np.random.default_rng(3), range(-31, 31)))


def test_requantize_downwards(functions):
    arguments = requantizations(np.random.default_rng(4), range(-31, 1))
    compare(functions, "over_scale_down", fixedpoint.requantize, *arguments)


def test_requantize_s64(functions):
    rng = np.random.default_rng(5)
    values = rng.integers(-(2**63), 2**63 - 1, CASES, np.int64, endpoint=True) >> rng.integers(0, 64, CASES)
    multipliers = rng.integers(2**30, 2**31, CASES, np.int64).astype(np.int32)
    columns = [values, multipliers, rng.integers(-31, 8, CASES, np.int32)]
    edges = [*EDGES, 2**47, 2**47 - 1, -(2**47), -(2**47) - 1, 2**63 - 1, -(2**63)]
    arguments = with_edges(columns, edges, MULTIPLIERS, range(-31, 8))
    compare(functions, "over_requantize_s64", fixedpoint.requantize_s64, *arguments)


def test_exp_on_negative_values(functions):
    rng = np.random.default_rng(6)
    columns = [spread(rng, INT32_MIN, 0, CASES), rng.integers(4, 6, CASES, np.int32)]
    quarters = [-(count << 24) + step for count in range(0, 128) for step in (-1, 0, 1)]
    edges = [value for value in (*EDGES, *quarters) if value <= 0]
    compare(
        functions, "over_exp_on_negative_values", fixedpoint.exp_on_negative_values, *with_edges(columns, edges, (4, 5))
    )


@pytest.mark.parametrize("name", ["one_over_one_plus_x", "one_minus_x_over_one_plus_x"])
def test_quotients(functions, name):
    columns = [spread(np.random.default_rng(7), 0, INT32_MAX, CASES)]
    arguments = with_edges(columns, [value for value in EDGES if value >= 0])
    compare(functions, f"over_{name}", getattr(fixedpoint, name), *arguments)


@pytest.mark.parametrize("index, part", [(0, "multiplier"), (1, "shift")])
def test_inverse_square_root(functions, index, part):
    columns = [spread(np.random.default_rng(8), 0, INT32_MAX, CASES // 4)]
    powers = [2**power + step for power in range(2, 31) for step in (-1, 0, 1)]
    arguments = with_edges(columns, [*(value for value in EDGES if value >= 0), *powers, *range(300)])
    compare(
        functions,
        f"over_inverse_square_root_{part}",
        lambda value: fixedpoint.inverse_square_root(value)[index],
        *arguments,
    )


def test_sigmoid_and_tanh_of_every_argument(functions):
    arguments = np.arange(-200_000, 200_000, dtype=np.int32)
    compare(functions, "over_sigmoid_s16", fixedpoint.sigmoid_by_table, arguments)
    compare(functions, "over_tanh_s16", fixedpoint.tanh_by_table, arguments)


def test_the_table_is_close_to_the_sigmoid():
    exact = [65536 / (1 + math.exp(-entry / 24)) for entry in range(256)]
    assert np.abs(fixedpoint.SIGMOID_TABLE - exact).max() < 1.2
