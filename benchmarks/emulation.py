"""Speed of emulation with hooks beside that of Unicorn without any, and of timing a trace again, over the KWS model.

Run it from the project's folder, with mcusim installed: python benchmarks/emulation.py. All sides execute the same
kernel calls on the same memory, in turns; only the time inside Unicorn counts, and with recording that of the
observers. The board is the one whose memory system takes most to follow: wait states, ART, fetch queue, data addresses.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import mcusim
from mcusim import timing
from mcusim.abi import Placement
from mcusim.emulator import Emulator
from mcusim.hardware import load_core
from mcusim.inference import Machine
from mcusim.run_inputs import pseudo_random_inputs
from mcusim.trace import Trace

MODEL, BOARD = "models/kws_ds_cnn.tflite", "nucleo_l4r5zi"
OTHER_CORE = "cortex_m7"
REPETITIONS = 15
LEAST_COUNTING, LEAST_RECORDING, MOST_TIMING_S = 0.85, 0.10, 0.050
NO_LIMIT = 1 << 62

RecordedCall = tuple[Placement, Any, dict[str, Any]]


@contextmanager
def recorded_calls() -> Iterator[list[RecordedCall]]:
    """Every call of a kernel, with the RAM that it found and what it may touch."""
    calls: list[RecordedCall] = []
    original = Emulator.call

    def call(emulator: Emulator, placement: Placement, **ranges: Any) -> Any:
        calls.append((placement, emulator._ram.memory.copy(), ranges))
        return original(emulator, placement, **ranges)

    Emulator.call = call  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        Emulator.call = original  # type: ignore[method-assign]


def pass_s(emulator: Emulator, machines: Any, calls: list[RecordedCall]) -> float:
    """Seconds inside Unicorn, and of the observers, for all calls of one inference."""
    seconds = 0.0
    for placement, memory, _ in calls:
        machine = machines(placement.symbol)
        np.copyto(emulator._ram.memory, memory)
        emulator.write(placement.stack_pointer, placement.frame)
        start = time.perf_counter()
        fault = emulator._start(machine, placement, NO_LIMIT)
        if emulator._recorder is not None and machine.state is emulator._recorder.state:
            emulator._recorder.flush()
        seconds += time.perf_counter() - start
        assert fault is None
    return seconds


def executed(machine: Machine) -> list[Trace]:
    """The traces of one inference."""
    return [trace for op in machine.plan.model.ops for trace in machine._execute(op)]


def retiming_s(traces: list[Trace]) -> float:
    """Seconds to time stored traces for another core."""
    core = load_core(OTHER_CORE)
    start = time.perf_counter()
    walker = timing.Walker(core)
    for trace in traces:
        timing.timed(walker, trace)
    return time.perf_counter() - start


def main() -> None:
    plan = mcusim.plan(mcusim.load(MODEL), mcusim.load_board(BOARD))
    recording = Machine.start(plan, pseudo_random_inputs(plan.model))
    with recorded_calls() as calls:
        traces = executed(recording)
    emulator = recording.emulator
    counting = Emulator(
        plan.core,
        plan.firmware,
        plan.code_address,
        (plan.arena_address, plan.stack_top - plan.arena_address),
        [(plan.model_address, plan.model.file)],
    )
    symbols = {placement.symbol for placement, _, _ in calls}
    bare = {symbol: counting._new_machine() for symbol in symbols}
    for placement, memory, ranges in calls:  # finds out what has to be counted one by one
        np.copyto(counting._ram.memory, memory)
        counting.call(placement, **ranges)
    seconds: dict[str, list[float]] = {"bare": [], "counting": [], "recording": [], "timing": []}
    for _ in range(REPETITIONS + 1):  # the first of each translates
        seconds["bare"].append(pass_s(counting, bare.__getitem__, calls))
        seconds["counting"].append(pass_s(counting, counting._machine, calls))
        seconds["recording"].append(pass_s(emulator, emulator._machine, calls))
        seconds["timing"].append(retiming_s(traces))
    median = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    report(sum(trace.instructions for trace in traces) / 1e6, median)


def report(millions: float, seconds: dict[str, float]) -> None:
    """Print both sides of each ratio; exit with a sentence where one is over its limit."""
    print(f"{MODEL}: {millions:.2f} million instructions, median of {REPETITIONS} passes in turns")
    for name, what in (
        ("bare", "without hooks"),
        ("counting", "block edges counted"),
        ("recording", "with caches, fetch queue and data addresses"),
    ):
        ratio = seconds["bare"] / seconds[name]
        print(f"{what:44}{millions / seconds[name]:6.0f} million instructions a second  ratio {ratio:5.2f}")
    print(f"{'stored traces timed for ' + OTHER_CORE:44}{seconds['timing'] * 1e3:6.1f} ms")
    slow = [
        f"{name}: {seconds['bare'] / seconds[name]:.2f} of bare Unicorn, {least} is the limit"
        for name, least in (("counting", LEAST_COUNTING), ("recording", LEAST_RECORDING))
        if seconds["bare"] / seconds[name] < least
    ]
    if seconds["timing"] > MOST_TIMING_S:
        slow.append(f"timing: {seconds['timing'] * 1e3:.1f} ms, {MOST_TIMING_S * 1e3:g} ms is the limit")
    if slow:
        raise SystemExit("; ".join(slow))


if __name__ == "__main__":
    main()
