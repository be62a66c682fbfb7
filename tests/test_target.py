"""Functions compiled for cores and called: results, arrays, structures, figures, refusals."""

import ctypes

import numpy as np
import pytest
from called import FOLDER, kept, target
from library_build import compiled

from mcusim.errors import BadInputError, DoesNotFitError, EmulationError, StackError, UnsupportedError
from mcusim.target import Target

BUILDS = {
    "m0plus": ("cortex-m0+", "-O2"),
    "m4": ("cortex-m4", "-O2"),
    "m4_soft": ("cortex-m4", "-O2 -mfloat-abi=soft"),
    "m33": ("cortex-m33", "-O2"),
    "m7": ("cortex-m7", "-O2"),
}
A, B = np.arange(64, dtype=np.int8), np.full(64, 2, np.int8)


class Dims(ctypes.Structure):
    _fields_ = (("w", ctypes.c_int16), ("h", ctypes.c_int16))


class Params(ctypes.Structure):
    _fields_ = (
        *(("tag", ctypes.c_uint8), ("d", Dims), ("data", ctypes.POINTER(ctypes.c_int8)), ("n", ctypes.c_int32)),
        *(("scale", ctypes.c_double), ("on", ctypes.c_bool), ("sums", ctypes.c_int32 * 3), ("last", ctypes.c_long)),
    )


class Vector(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_float) for name in "xyz")


class Five(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_int32) for name in "abcde")


class Node(ctypes.Structure):
    pass


Node._fields_ = (("next", ctypes.POINTER(Node)), ("v", ctypes.c_int32))


@pytest.fixture(scope="module", params=BUILDS)
def any_target(request):
    core, flags = BUILDS[request.param]
    return target(core, flags=flags)


def test_arguments_and_results_of_every_kind(any_target):
    call = any_target.call
    assert call("dot", A, B, 64).value == 2 * A.sum()
    assert call("wide", 7, np.int64(-3 << 40), -5, 9, np.int64(1 << 50), returns="int64").value == 1102810162659283
    mixed = call("mixed", 1.0, np.float64(2), 3.0, 4, np.float64(5), 6.0, returns=np.float64)
    assert mixed.value == 654321.0
    numbers = [0.5] * 16
    assert call("spilled", *numbers, 7.0, np.float64(2.25), 3, returns="float32").value == 875.25
    assert call("narrow", 255, returns="uint8").value == 0
    assert call("negative", 5, returns="int16").value == -5
    assert call("larger", 4, 3, returns=bool).value == 1
    assert call("inner", Vector(1, 2, 3), Vector(4, 5, 6), 2.0, returns="float32").value == 64
    assert call("split", 7, Five(1, 2, 3, 4, 5), 9).value == 9755


def test_arrays_and_structures_are_as_the_function_left_them(any_target):
    out = np.zeros((2, 3), np.int8)
    assert any_target.call("fill", out, 6, returns=None).value is None
    assert (out == 7).all()
    params = any_target.struct(Params, tag=3, d=Dims(2, 4), data=A, n=10, scale=1.5, on=True)
    assert any_target.call("use", params).value == 45 * 2 + 3 + 1000 + 15
    assert (params.d.h, list(params.sums), params.last) == (5, [0, 45, 0], -5)
    last = any_target.struct(Node, v=3)
    first = any_target.struct(Node, next=any_target.struct(Node, next=last, v=2), v=1)
    assert any_target.call("chain", first).value == 123
    assert (first.v, last.v) == (2, 4)


def test_figures():
    m4 = target("cortex-m4")
    short, long = m4.call("dot", A, B, 32), m4.call("dot", A, B, 64)
    # LDRSB, LDRSB, MLA, CMP, BNE: two loads in a row take 3 cycles, a branch 1 + 1 to 3 (DDI 0439B, table 3-1, 3.3.1).
    assert long.instructions - short.instructions == 5 * 32
    assert 7 * 32 <= long.cycles - short.cycles <= 9 * 32
    assert long.least_cycles == long.cycles == long.most_cycles == sum(long.cycles_by_cause.values())
    assert (long.core, long.board, long.error_percent) == ("Cortex-M4", None, None)
    assert long.error_percent_reason.startswith("not validated: ")
    assert 128 <= long.read_bytes <= 128 + long.stack_bytes and long.written_bytes <= long.stack_bytes
    (loop, *_) = long.hot_loops
    assert loop.function == "dot" and {line.source for line in loop.lines} <= {"called.c:13", "called.c:14"}
    assert "dot on Cortex-M4" in repr(long) and "loop dot (called.c:13-14)" in repr(long)
    board = target(board="nucleo_l4r5zi").call("dot", A, B, 64)
    assert board.board == "NUCLEO-L4R5ZI" and board.cycles > long.cycles
    assert board.error_percent is not None and board.error_source


def test_code_bytes_are_those_of_a_function_with_what_it_calls():
    stateless = target(
        "cortex-m4", source="int one(int x) { return x + 1; } int two(int x) { return one(x) * one(x); }"
    )
    one, two = stateless.call("one", 1), stateless.call("two", 1)
    assert 0 < one.code_bytes < 16 and two.code_bytes > 0
    assert target("cortex-m4").call("count").code_bytes is None  # variables: relocations are not followed


def test_variables_are_those_of_a_reset_unless_warm():
    m4 = target("cortex-m4")
    assert [m4.call("count").value for _ in range(2)] == [2, 2]
    assert [m4.call("count", warm=True).value for _ in range(2)] == [4, 6]
    m4.call("dot", A, B, 64, warm=True)
    assert m4.call("count", warm=True).value == 8
    assert m4.call("count").value == 2


def test_caches_are_empty_unless_warm():
    board = target(board="nucleo_l4r5zi")
    cold = board.call("dot", A, B, 8)
    assert board.call("dot", A, B, 8) == cold
    assert board.call("dot", A, B, 8, warm=True).cycles < cold.cycles


@pytest.mark.parametrize("board", ["nucleo_l4r5zi", "nucleo_h743zi"])
def test_cycles_do_not_depend_on_what_was_called_before(board):
    generator = np.random.default_rng(1)
    inputs = [generator.integers(0, 64, 20).astype(np.int32) for _ in range(4)]
    calls = [(name, given) for name in ("twist", "twice") for given in inputs]

    def results(order):
        fresh = target(board=board, source=None)
        fresh._machines = type(fresh._machines)()
        fresh.compile("called.c", folder=FOLDER)
        return {number: fresh.call(calls[number][0], calls[number][1], 20) for number in order}

    forward, backward = results(range(8)), results(range(7, -1, -1))
    assert forward == backward
    assert results([3])[3] == forward[3]


def test_writes_out_of_arrays_name_argument_and_line():
    m4 = target("cortex-m4")
    with pytest.raises(
        EmulationError, match=r"1 bytes past the end of argument 1, int8 \[5\]\), in fill .*called.c:2\d"
    ):
        m4.call("fill", np.zeros(5, np.int8), 6)
    fixed = np.zeros(8, np.int8)
    fixed.flags.writeable = False
    with pytest.raises(EmulationError, match=r"fill writes .* \(argument 1, int8 \[8\], read-only\)"):
        m4.call("fill", fixed, 8)
    array = np.zeros(8, np.int8)
    with pytest.raises(EmulationError):
        m4.call("copy", array, A[:4], 1 << 20)
    assert not array.any()  # a call that fails changes nothing
    with pytest.raises(EmulationError, match="does not return within 1,000 instructions"):
        m4.call("dot", A, B, 1 << 20, most_instructions=1000)


STACK_CODE = """
__attribute__((noinline)) int deep(int n) { volatile int a[64]; a[n & 63] = n; return n ? deep(n - 1) + a[0] : 0; }
int large(int n) { volatile char a[100000]; a[0] = n; return a[0]; }
void null(void) { *(volatile int *)0 = 1; }
void wild(char *p) { *p = 1; }
"""


@pytest.mark.parametrize("hardware", [("cortex-m4", None), (None, "nano33ble")])
def test_a_stack_that_runs_out_says_so_and_what_to_do(hardware):
    alone = target(*hardware, source=None)
    alone.compile(STACK_CODE)
    for function, argument in (("deep", 1000), ("deep", 62), ("large", 1)):
        with pytest.raises(
            StackError, match=rf"^{function} runs out of stack: there are 16,384 bytes, .* as in stack_bytes=32768"
        ):
            alone.call(function, argument)
    with pytest.raises(StackError, match="there are 512 bytes"):
        alone.call("deep", 1, stack_bytes=512)
    assert alone.call("deep", 1, stack_bytes=1024).stack_bytes > 512
    assert alone.call("large", 1, stack_bytes=100_100).value == 1


def test_other_writes_outside_are_not_of_the_stack():
    alone = target("cortex-m4", source=None)
    alone.compile(STACK_CODE)
    with pytest.raises(EmulationError, match="writes flash at 0x1ffffffc") as caught:
        alone.call("wild", 0x1FFFFFFC)
    assert not isinstance(caught.value, StackError)
    with pytest.raises(EmulationError, match="4 bytes below the stack's bottom"):
        alone.call("wild", 0x2000FFC0 - 4, stack_bytes=64)


def test_a_trap_of_the_compiler_is_told():
    alone = target("cortex-m4", source=None)
    alone.compile(STACK_CODE, flags="-O2")
    with pytest.raises(UnsupportedError, match=r"in null is a trap: .* such as an access through a null pointer"):
        alone.call("null")


def test_a_core_that_nothing_is_executed_on_is_refused_with_the_reason():
    for use in (lambda one: one.compile("int f(void) { return 1; }"), lambda one: one.load("own")):
        with pytest.raises(UnsupportedError, match=r"^Cortex-M55 cannot be executed: .* no vector unit"):
            use(Target("cortex-m55"))


@pytest.mark.parametrize("source", ["", " "])
def test_an_empty_source_is_refused(source):
    with pytest.raises(BadInputError, match="a source is empty"):
        target("cortex-m4", source=None).compile(source)


def test_refusals():
    m4 = target("cortex-m4")
    with pytest.raises(BadInputError, match=r"there is no function dott in called.c; did you mean 'dot'"):
        m4.call("dott", A, B, 64)
    with pytest.raises(BadInputError, match="there is no dot: nothing is loaded or compiled yet"):
        Target("cortex-m4").call("dot")
    with pytest.raises(BadInputError, match='say what to run on: core="cortex-m4"'):
        Target()
    with pytest.raises(UnsupportedError, match="unknown core 'cortex-m5'; did you mean"):
        Target("cortex-m5")
    with pytest.raises(BadInputError, match=r"Arduino Nano 33 BLE Sense has a Cortex-M4, not cortex-m7"):
        Target("cortex-m7", "nano33ble")
    with pytest.raises(DoesNotFitError, match=r"arguments and variables take .* bytes of RAM and the stack at least"):
        target(board="stm32f0_disco").call("fill", np.zeros(8000, np.int8), 8000)
    with pytest.raises(BadInputError, match="stack_bytes=-8: 8 or more are expected"):
        m4.call("dot", A, B, 64, stack_bytes=-8)
    for instructions in (0, 1 << 70):
        with pytest.raises(BadInputError, match=f"most_instructions={instructions}: a whole number from 1 up"):
            m4.call("dot", A, B, 64, most_instructions=instructions)
    with pytest.raises(BadInputError, match="an inference needs a board"):
        m4.profile("model.tflite")


def test_mcusim_kernels_and_files_of_other_builds():
    m4 = target("cortex-m4", source=None)
    m4.load("own")
    out = np.zeros(64, np.int8)
    m4.call("arm_reshape_s8", A, out, 64, returns=None)
    assert (out == A).all()
    m4.load(compiled("int seven(void) { return 7; }", ("-mcpu=cortex-m3", "-O1")))
    assert m4.call("seven").value == 7
    with pytest.raises(UnsupportedError, match=r"is built for armv7m; Cortex-M0. executes armv6m"):
        target("cortex-m0+", source=None).load(compiled("int seven(void) { return 7; }", ("-mcpu=cortex-m3", "-O1")))
    assert kept().is_dir()
