"""TensorFlow Lite Micro itself, built for a PC: what it says about its arena, in processes of their own.

Its kernels there are the reference ones; its structs have another size than on Cortex-M, its buffers have not.
"""

import re
import subprocess
import sys

import pytest

# Head of the arena by the recording allocator, which goes with the greedy planner.
GREEDY = """
import sys
from tflite_micro import runtime
for path in sys.argv[1:]:
    try:
        runtime.Interpreter.from_file(path, arena_size=1 << 22).print_allocations()
    except RuntimeError as error:
        print(error, file=sys.stderr)
    print("END", file=sys.stderr, flush=True)
"""

# With the linear planner: arenas down to where the head has no room; then it says how many bytes that needs.
LINEAR = """
import sys
from tflite_micro import runtime
path, low, high = sys.argv[1], int(sys.argv[2]), 1 << 22
config = runtime.InterpreterConfig.kPreserveAllTensors
while high - low > 16:
    middle = (low + high) // 2
    try:
        runtime.Interpreter.from_file(path, arena_size=middle, intrepreter_config=config)
        high = middle
    except RuntimeError:
        low = middle
"""
LINEAR_PLANNER_BYTES = 8216  # of the PC's arena


def _said(script, arguments):
    pytest.importorskip("tflite_micro")
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    ).stderr


def heads(paths):
    """Bytes of the head of each model under the greedy planner; what was said instead where it was refused."""
    said = _said(GREEDY, paths).split("END\n")
    assert len(said) == len(paths) + 1, said[-1]
    found = [re.search(r"Arena allocation head (\d+) bytes", one) for one in said[:-1]]
    return [int(match[1]) if match else text for match, text in zip(found, said, strict=False)]


def linear_head(path, tail_bytes):
    """Bytes of the head under the linear planner; None where something else needs more. `tail_bytes`: at least."""
    said = _said(LINEAR, [path, LINEAR_PLANNER_BYTES + tail_bytes])
    wanted = [int(one) for one in re.findall(r"Failed to resize buffer. Requested: (\d+)", said)]
    return max(wanted, default=None)
