"""Members of a family come when they are asked for, under the names that they have themselves."""

import subprocess
import sys

import pytest

from mcusim.allocators import HEAPS
from mcusim.siblings import Siblings


def test_names_are_there_before_the_members():
    family = Siblings("mcusim.nowhere", {"ONE": "one"})
    assert list(family) == ["ONE"] and len(family) == 1
    assert "ONE" in family and "TWO" not in family
    with pytest.raises(KeyError):
        family["TWO"]
    with pytest.raises(ModuleNotFoundError):
        family["ONE"]


def test_heaps_have_the_names_under_which_they_are():
    assert {name: heap.name for name, heap in HEAPS.items()} == {name: name for name in HEAPS}


@pytest.mark.parametrize("module", ["mcusim.plan", "mcusim.run", "mcusim.estimate", "mcusim.cli"])
def test_what_only_plans_does_without_the_compiler_and_the_emulator(module):
    heavy = "{'numba', 'llvmlite', 'unicorn', 'capstone'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
