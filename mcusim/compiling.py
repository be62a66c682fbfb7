"""A model whose reference kernels are not compiled yet → another process that compiles them while this one emulates.

The other process runs each operator of the model once, on zeros, so that Numba's cache on disk has the machine code
when this one asks for it. Nothing depends on it: what it does not compile, for whatever reason, is compiled here.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.errors import McusimError
from mcusim.fixedpoint import has_machine_code
from mcusim.interpreter import unhindered
from mcusim.model import Model
from mcusim.ops import OPERATORS
from mcusim.tflite import parse
from mcusim.variables import held

MOST_SECONDS = 120  # that it is waited for: many times what the largest model's kernels take
# Operators without any machine code from which a process is worth its start, half as much as compiling one of them.
LEAST_OPERATORS = 2
_MAIN = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from mcusim.compiling import main; main()"


class Ahead:
    """A process that compiles reference kernels, or none."""

    def __init__(self, process: subprocess.Popen[bytes] | None) -> None:
        """None where there is nothing to compile, or no process can be had."""
        self._process = process

    def wait(self) -> None:
        """Until it is through, however it ended: two processes must not write machine code of one function."""
        if self._process is not None:
            try:
                self._process.wait(MOST_SECONDS)
            except subprocess.TimeoutExpired:
                self.stop()
            self._process = None

    def stop(self) -> None:
        """End it, and leave nothing of it behind."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def ahead(model: Model) -> Iterator[Ahead]:
    """Compile the model's reference kernels in another process where that saves time, until the context is left."""
    process = Ahead(_start(model) if _is_worthwhile(model) else None)
    try:
        yield process
    finally:
        process.stop()


def _is_worthwhile(model: Model) -> bool:
    """Whether kernels have to be compiled, and there is a CPU for it that this program does not use already."""
    if (os.cpu_count() or 1) < 2 or multiprocessing.parent_process() is not None:
        return False
    modules = {op.name: OPERATORS[op.name] for op in model.ops}
    return sum(_is_new(module) for module in modules.values()) >= LEAST_OPERATORS


def _is_new(operator: Any) -> bool:
    """Whether none of the compiled functions that an operator's module uses has machine code on disk."""
    known = [known for each in vars(operator).values() if (known := has_machine_code(each)) is not None]
    return bool(known) and not any(known)


def _start(model: Model) -> subprocess.Popen[bytes] | None:
    """The process, with the model on its standard input; None where it cannot be."""
    if not sys.executable:
        return None
    command = [sys.executable, "-c", _MAIN, json.dumps(sys.path)]
    try:
        with tempfile.TemporaryFile() as given:
            given.write(model.file)
            given.seek(0)
            return subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (OSError, ValueError):
        return None


def main() -> None:
    """Compile what the model on the standard input needs."""
    unhindered(lambda: compile_kernels(parse(sys.stdin.buffer.read(), "model")), is_last=True)


def compile_kernels(model: Model) -> None:
    """Run one operator of each kind, on zeros as the emulator gives them; one that refuses them is left out."""
    seen = set()
    for op in model.ops:
        operands = [None if index < 0 else _zeros(model, index) for index in op.inputs]
        types = [None if one is None else (one.dtype, one.ndim) for one in operands]
        key = repr((op.name, types, [model.tensors[index].dtype for index in op.outputs], sorted(op.options.items())))
        if key not in seen:
            seen.add(key)
            with contextlib.suppress(McusimError, ArithmeticError, ValueError, IndexError):
                OPERATORS[op.name].reference(model, op, operands)


def _zeros(model: Model, index: int) -> NDArray[np.generic]:
    tensor = held(model, index)
    if tensor.data is not None:
        return tensor.data
    return np.frombuffer(bytes(tensor.bytes), np.dtype(tensor.dtype)).reshape(tensor.shape)
