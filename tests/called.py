"""Targets with the functions of tests/firmware/called.c, compiled once a test run."""

import functools
import shutil
import tempfile
from pathlib import Path

import pytest

from mcusim.kernel_calls import Machines
from mcusim.target import Target

FOLDER = Path(__file__).parent / "firmware"
SOURCE = "called.c"


@functools.cache
def kept():
    return Path(tempfile.mkdtemp(prefix="mcusim-called-"))


@functools.cache
def machines():
    return Machines()


def target(core=None, board=None, source=SOURCE, **options):
    """A target with functions of its own, and with the emulated boards of all."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed; the functions that the test calls are compiled with it")
    found = Target(core, board, machines=machines(), kept=kept())
    if source:
        found.compile(source, folder=FOLDER, **options)
    return found
