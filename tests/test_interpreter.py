"""A call with room on Python's stack and a collector at rest gives its result, and leaves the collector as it was."""

import gc
import subprocess
import sys

import pytest

from mcusim import interpreter


def test_the_result_is_that_of_the_work_and_the_collector_rests_meanwhile():
    before = gc.get_threshold()
    assert interpreter.unhindered(lambda: gc.get_threshold()[0], is_last=False) == interpreter.NEW_OBJECTS
    assert gc.get_threshold() == before


def test_an_error_passes_and_the_collector_is_as_before():
    before = gc.get_threshold()

    def fail():
        raise ValueError("of the work")

    with pytest.raises(ValueError, match="of the work"):
        interpreter.unhindered(fail, is_last=False)
    assert gc.get_threshold() == before


def test_deep_calls_go_through():
    def depth(n):
        return 0 if n == 0 else 1 + depth(n - 1)

    deep = sys.getrecursionlimit() // 2
    assert interpreter.unhindered(lambda: depth(deep), is_last=False) == deep


def test_behind_the_last_work_nothing_is_searched_for_garbage():
    work = "unhindered(dict, is_last=True); print(gc.get_freeze_count())"
    code = f"import gc; from mcusim.interpreter import unhindered; {work}"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) > 0
