"""Speed of emulation with the profile hooks beside that of Unicorn without any, over one inference of the KWS model.

Run it from the project's folder, with mcusim installed: python benchmarks/emulation.py. Both sides execute the same
kernel calls on the same memory, in turns; only the time inside Unicorn counts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import mcusim
from mcusim.abi import Placement
from mcusim.emulator import Emulator

MODEL, BOARD = "models/kws_ds_cnn.tflite", "nano33ble"
REPETITIONS = 15
LEAST_RATIO = 0.6
NO_LIMIT = 1 << 62

RecordedCall = tuple[Emulator, Placement, Any]


@contextmanager
def recorded_calls() -> Iterator[list[RecordedCall]]:
    """Every call of a kernel, with the RAM that it found."""
    calls: list[RecordedCall] = []
    original = Emulator.call

    def call(emulator: Emulator, placement: Placement, **ranges: Any) -> Any:
        calls.append((emulator, placement, emulator._ram.memory.copy()))
        return original(emulator, placement, **ranges)

    Emulator.call = call  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        Emulator.call = original  # type: ignore[method-assign]


def pass_s(calls: list[RecordedCall], machine_of: Callable[[str], Any]) -> float:
    """Seconds inside Unicorn for all calls of one inference."""
    seconds = 0.0
    for emulator, placement, memory in calls:
        machine = machine_of(placement.symbol)
        np.copyto(emulator._ram.memory, memory)
        emulator.write(placement.stack_pointer, placement.frame)
        start = time.perf_counter()
        fault = emulator._start(machine, placement, NO_LIMIT)
        seconds += time.perf_counter() - start
        assert fault is None
    return seconds


def main() -> None:
    plan = mcusim.plan(mcusim.load(MODEL), mcusim.load_board(BOARD))
    with recorded_calls() as calls:
        run = mcusim.run(plan)
    emulator = calls[0][0]
    bare_machines = {symbol: emulator._new_machine() for symbol in emulator._machines}
    bare_s, hooked_s = [], []
    for _ in range(REPETITIONS + 1):  # the first of each translates
        bare_s.append(pass_s(calls, bare_machines.__getitem__))
        hooked_s.append(pass_s(calls, emulator._machine))
    bare, hooked = statistics.median(bare_s[1:]), statistics.median(hooked_s[1:])
    millions = run.totals.instructions / 1e6
    print(f"{MODEL}: {millions:.2f} million instructions, median of {REPETITIONS} passes in turns")
    print(f"without hooks           {millions / bare:6.0f} million instructions a second")
    print(f"with the profile hooks  {millions / hooked:6.0f} million instructions a second")
    print(f"ratio                   {bare / hooked:6.2f}   limit {LEAST_RATIO}")
    if bare / hooked < LEAST_RATIO:
        raise SystemExit("the hooks take more than they may")


if __name__ == "__main__":
    main()
