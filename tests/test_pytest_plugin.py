"""pytest sessions with the fixture and the marker `mcu`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from called import target

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
PLUGIN = ("-p", "mcusim.pytest_plugin")
# What simulates; a session that does not use it must not wait for any of it.
HEAVY = ("numpy", "numba", "unicorn", "capstone", "elftools", "rich", "typer", "hypothesis")

TESTS = """
import mcusim, numpy as np, pytest
pytestmark = pytest.mark.mcu(core="cortex-m4", source=["dot.c"], cflags="-O2", compiler="gcc")
A = np.arange(64, dtype=np.int8)

def test_passes(mcu):
    result = mcu.call("dot", A, A, 64)
    assert result.value == int(A.astype(int) @ A) and 0 < result.cycles <= 900
    assert mcu.results == [result]

def test_assertion(mcu):
    assert mcu.call("dot", A, A, 64).cycles <= 100

@pytest.mark.mcu(max_cycles=100, max_stack_bytes=64)
def test_budget(mcu):
    mcu.call("dot", A, A, 64)

@pytest.mark.mcu(core="cortex-m0+", max_cycles=900)
def test_closest_marker(mcu):
    assert mcu.call("dot", A, A, 64).core == "Cortex-M0+"

def test_twin(mcu):
    assert mcu.assert_twin("dot", lambda a, b, n: int(a.astype(int) @ b), given=(A, A, 64)).cycles <= 900

def test_outside(mcu):
    with pytest.raises(mcusim.EmulationError, match="past the end of argument 1"):
        mcu.call("clear", np.zeros(3, np.int8), 4, returns=None)

def test_does_not_compile(mcu):
    mcu.compile("int f(void) { return x; }")

@pytest.mark.mcu(max_cyles=1)
def test_option(mcu):
    pass

@pytest.mark.mcu(cflags="-DNAME='dot")
def test_flags(mcu):
    pass

@pytest.mark.mcu(max_arena_bytes=1)
def test_profile(mcu):
    mcu.profile("dot.c")
"""
SOURCE = """
int dot(const signed char *a, const signed char *b, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}
void clear(volatile signed char *a, int n) { while (n--) a[n] = 0; }
"""


@pytest.fixture(scope="module")
def loaded():
    """All that a session in this process imports: pytester forgets what comes with it, which Numba does not bear."""
    target("cortex-m4").call("fill", np.zeros(1, np.int8), 1)


@pytest.fixture
def session(pytester, loaded):
    pytester.makepyfile(TESTS)
    (pytester.path / "dot.c").write_text(SOURCE, encoding="utf-8")
    return pytester


def test_a_session(session):
    result = session.runpytest_inprocess(*PLUGIN, "--strict-markers")
    result.assert_outcomes(passed=4, failed=4, errors=2)
    result.stdout.fnmatch_lines_random(
        [
            "E *assert * <= 100",
            "E * where * = <dot on Cortex-M4: * cycles, not validated: *; hottest loop dot (dot.c:*): *>.cycles",
            "E *AssertionError: dot: * cycles, the budget is 100, *% over; hottest loop dot (dot.c:*): * cycles, *",
            "E * 64 × ldrsb *dot.c:*",
            "E *error: 'x' undeclared*",
            "the marker mcu has no 'max_cyles'; did you mean 'max_cycles'[?]*",
            "the marker's cflags=*-DNAME='dot*: no closing quotation",
            "E *BadInputError: an inference needs a board: *",
        ]
    )
    result.stdout.no_fnmatch_line("*emulator.py*")  # where mcusim refuses is of no interest
    assert (session.path / ".pytest_cache" / "d" / "mcusim").is_dir()
    assert sorted(path.name for path in session.path.iterdir() if path.name.startswith(".")) == [".pytest_cache"]


@pytest.mark.slow
def test_other_processes_find_the_same_cycles(session):
    session.makepyfile(
        test_cycles="""
        import numpy as np, pytest
        @pytest.mark.parametrize("n", range(12))
        @pytest.mark.mcu(board="nucleo_h743zi", source=["dot.c"])
        def test_cycles(mcu, n, record_property):
            a = np.arange(64, dtype=np.int8)
            record_property("cycles", mcu.call("dot", a, a, n).cycles)
        """
    )

    def cycles(run, *arguments):
        result = run(*PLUGIN, "--junitxml=out.xml", "-ojunit_family=xunit1", "test_cycles.py", *arguments)
        result.assert_outcomes(passed=12)
        text = (session.path / "out.xml").read_text(encoding="utf-8")
        return sorted(line.split('"')[1] for line in text.split('name="cycles" value=')[1:])

    alone = cycles(session.runpytest_inprocess)
    assert len(alone) == 12 and cycles(session.runpytest_subprocess, "-p", "xdist", "-n2") == alone


def test_nothing_heavy_is_imported_for_a_session_that_does_not_use_it():
    code = f"import sys, pytest, mcusim.pytest_plugin; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
