"""The kernels compiled for this machine with its sanitizers → their functions, called with NumPy arrays."""

from __future__ import annotations

import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from emulated import Output
from kernel_sources import KERNELS, sources

from mcusim.abi import Float32, PreparedPointer, ScratchPointer, Struct, TensorPointer
from mcusim.ops import OPERATORS, STATES, written

SERVER = Path(__file__).with_name("sanitized_calls.py")
# -O1: at -O0 the networks among the vectors take minutes.
FLAGS = ("-std=c11", "-O1", "-g1", "-ffreestanding", "-Wall", "-Wextra", "-Werror", "-fno-sanitize-recover=all",
         "-fPIC", "-shared", "-Wl,-Bsymbolic")  # fmt: skip
# Clang as ziglang brings it has a library for undefined behaviour only.
COMPILERS = {
    "gcc": ("gcc", "-fsanitize=address,undefined", "-fno-tree-loop-distribute-patterns"),
    "clang": (sys.executable, "-m", "ziglang", "cc", "-fsanitize=undefined"),
}
# A machine without the DSP extension has its instructions in plain C here.
VARIANTS = {"plain": (), "dsp": ("-D__ARM_FEATURE_DSP",)}
SUCCESS = 0


def why_unavailable(compiler):
    """Why this machine cannot run what a compiler sanitizes; None if it can."""
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return "calls are laid out for 64-bit Linux"
    if compiler == "clang":
        missing = importlib.util.find_spec("ziglang") is None
        return "the package ziglang, which brings Clang, is not installed" if missing else None
    if shutil.which("gcc") is None:
        return "there is no gcc for this machine"
    return None if _address_sanitizer() else "this gcc comes without the address sanitizer's library"


def _address_sanitizer():
    """GCC's library; it gives a name back as it is for a file that it does not have."""
    command = ["gcc", "-print-file-name=libasan.so"]
    found = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    return found if found.is_absolute() else None


def build(compiler, variant, folder):
    """Compile a variant into a shared library in `folder`."""
    library = folder / f"{variant}.so"
    files = map(str, sources(dsp=variant == "dsp"))
    command = [*COMPILERS[compiler], *FLAGS, *VARIANTS[variant], f"-I{KERNELS / 'Include'}", *files]
    compiled = subprocess.run([*command, "-o", str(library)], cwd=folder, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr
    return library


@dataclass(frozen=True, eq=False)
class Part:
    """An argument: the address of a byte within an array that the function may write."""

    whole: Output
    byte_offset: int


class SanitizedKernels:
    """The functions of a library, called like those of emulated.Kernels; what a sanitizer finds fails the call."""

    def __init__(self, library, compiler):
        self._library = library
        self._compiler = compiler
        self._process = None

    def close(self):
        """End the program that holds the library."""
        if self._process:
            self._process.communicate()
            self._process = None

    def _started(self):
        """The program that holds the library: a new one where a call has ended the last."""
        if self._process is None:
            environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=1"}
            if self._compiler == "gcc":
                environment["LD_PRELOAD"] = str(_address_sanitizer())
            command = [sys.executable, "-S", str(SERVER), str(self._library)]
            with self._library.with_suffix(".log").open("wb") as errors:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
                )
        return self._process

    def call(self, symbol, *arguments, checks_status=True):
        """Call a function with integers, None, abi.Float32, abi.Struct, arrays, Outputs and Parts; its int32."""
        buffers = _Buffers()
        message = symbol, buffers.contents, [buffers.argument(one) for one in arguments]
        process = self._started()
        try:
            pickle.dump(message, process.stdin)
            process.stdin.flush()
            result, contents = pickle.load(process.stdout)
        except (EOFError, BrokenPipeError):
            self.close()
            report = self._library.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
            raise AssertionError(f"{symbol}: {report}") from None
        assert result == SUCCESS or not checks_status, f"{symbol} returns {result}"
        for one, content in zip(buffers.arrays, contents, strict=True):
            if isinstance(one, Output):
                one.array[...] = np.frombuffer(content, one.array.dtype).reshape(one.array.shape)
        return result


class _Buffers:
    """The arrays of a call as blocks of memory, each once."""

    def __init__(self):
        self.arrays = []
        self.contents = []
        self._numbers = {}

    def argument(self, one):
        if one is None:
            return "null", None
        if isinstance(one, Struct):
            return "members", [self.argument(member) for member in one.members]
        if isinstance(one, tuple):
            return "members", [self.argument(member) for member in one]
        if isinstance(one, Float32):
            return "float", one.value
        if isinstance(one, Part):
            return "buffer", (self._number(one.whole), one.byte_offset)
        if isinstance(one, Output | np.ndarray):
            return "buffer", (self._number(one), 0)
        return "integer", int(one)

    def _number(self, one):
        if id(one) not in self._numbers:
            array = one.array if isinstance(one, Output) else one
            # No better aligned than its elements have to be; scratch, which is bytes here, is aligned for everything.
            before = 0 if array.dtype == np.uint8 else array.dtype.itemsize
            self._numbers[id(one)] = len(self.arrays)
            self.arrays.append(one)
            self.contents.append((before, np.ascontiguousarray(array).tobytes()))
        return self._numbers[id(one)]


def run_layer(kernels, model, op, values, runtime):
    """What a layer writes, as ops.written has it, for the values of its operands and states by their index."""
    operator = OPERATORS[op.name]
    found = operator.invocation(model, op, runtime)
    memory = operator.memory(model, op, runtime)
    scratch = [Output(np.zeros(size, np.uint8)) for size in memory.scratch_bytes]
    prepared = [Output(np.frombuffer(content, np.uint8).copy()) for content in found.arrays]
    for position in found.work:
        prepared[position] = Output(np.zeros(memory.prepare_bytes[position], np.uint8))
    outputs = {i: Output(np.zeros(model.tensors[i].shape, model.tensors[i].dtype)) for i in op.outputs}
    states = {op.inputs[position] for position in STATES.get(op.name, ())}
    operands = {
        i: Output(values[i].copy()) if i in states else _stored(model, i, values) for i in op.inputs if i >= 0
    } | outputs

    def resolved(argument):
        if isinstance(argument, TensorPointer):
            return _part(operands[argument.tensor], argument.byte_offset)
        if isinstance(argument, ScratchPointer):
            return _part(scratch[argument.request], argument.byte_offset)
        if isinstance(argument, PreparedPointer):
            return prepared[argument.array]
        if isinstance(argument, Struct):
            return Struct(tuple(map(resolved, argument.members)))
        return tuple(map(resolved, argument)) if isinstance(argument, tuple) else argument

    for call in found.calls:
        kernels.call(call.symbol, *map(resolved, call.arguments), checks_status=call.checks_status)
    return [operands[i].array for i in written(model, op)]


def _part(one, byte_offset):
    return Part(one, byte_offset) if byte_offset else one


def _stored(model, index, values):
    """A constant as the file has it (int4 are packed there), another operand's value."""
    tensor = model.tensors[index]
    if tensor.data is None or tensor.file_offset is None:
        return np.ascontiguousarray(values[index])
    if tensor.dtype == "int4":
        return np.frombuffer(model.file, np.int8, (tensor.elements + 1) // 2, tensor.file_offset)
    return tensor.data
