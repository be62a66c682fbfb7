"""What a call of a function takes beside its emulation, and the plugin beside a pytest start, of 200 calls each.

Run it from the project's folder, with mcusim installed: python benchmarks/calls.py. Seconds are of the processor, of
all threads. What executes, with the hooks and what follows the log of it, counts as emulation: the rest places
arguments, guards memory, times the trace and compares what was written.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from mcusim.emulator import Emulator
from mcusim.target import Target

CALLS = 200
STARTS = 15
MOST_BESIDE_S, MOST_START_S = 0.005, 0.050
SOURCE = """
int dot(const signed char *a, const signed char *b, int n) { int s = 0; while (n--) s += *a++ * *b++; return s; }
"""
WHERE = ({"core": "cortex-m4"}, {"core": "cortex-m0+"}, {"board": "nucleo_l4r5zi"}, {"board": "nucleo_h743zi"})


class Emulation:
    """Seconds that were spent in running code and following its log since the last question."""

    def __init__(self) -> None:
        self._spent = 0.0
        original = Emulator._run

        def run(emulator: Emulator, *arguments: object) -> None:
            start = time.process_time()
            original(emulator, *arguments)  # type: ignore[arg-type]
            if emulator._recorder is not None:
                emulator._recorder.flush()
            self._spent += time.process_time() - start

        Emulator._run = run  # type: ignore[method-assign, assignment]

    def seconds(self) -> float:
        spent, self._spent = self._spent, 0.0
        return spent


def beside_s(emulation: Emulation, call: Callable[[int], object]) -> float:
    """Seconds of a call beside its emulation: the median of many behind a first one."""
    found = []
    for number in range(CALLS + 1):
        emulation.seconds()
        start = time.process_time()
        call(number)
        found.append(time.process_time() - start - emulation.seconds())
    return statistics.median(found[1:])


def start_s(*options: str) -> float:
    """Seconds of a pytest that collects nothing."""
    command = [sys.executable, "-m", "pytest", "-q", "--co", "-p", "no:cacheprovider", *options, "benchmarks"]
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime)"
    )
    return float(
        subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True).stdout
    )


def main() -> None:
    emulation, over = Emulation(), []
    inputs = np.random.default_rng(1).integers(-128, 128, (CALLS + 1, 64)).astype(np.int8)
    for where in WHERE:
        target = Target(**where)
        target.compile(SOURCE)
        for what, call in (
            ("the same call", lambda number, target=target: target.call("dot", inputs[0], inputs[1], 64)),
            ("other data", lambda number, target=target: target.call("dot", inputs[number], inputs[0], 64)),
            ("other lengths", lambda number, target=target: target.call("dot", inputs[0], inputs[1], number % 60 + 2)),
        ):
            seconds = beside_s(emulation, call)
            print(f"{next(iter(where.values())):15} {what:14} {seconds * 1e3:6.2f} ms beside its emulation")
            over += [f"a call takes {seconds * 1e3:.1f} ms beside its emulation"] if seconds > MOST_BESIDE_S else []
    without, beside = [], []
    for _ in range(STARTS):
        without.append(start_s("-p", "no:mcusim.pytest_plugin"))
        beside.append(start_s("-p", "mcusim.pytest_plugin"))
    added = min(beside) - min(without)  # of the quickest starts: what else the machine does only adds to them
    print(f"pytest starts in {min(without) * 1e3:.0f} ms; with the plugin {added * 1e3:+.0f} ms")
    over += [f"the plugin adds {added * 1e3:.0f} ms to a start of pytest"] if added > MOST_START_S else []
    if over:
        sys.exit("; ".join(over))


if __name__ == "__main__":
    main()
