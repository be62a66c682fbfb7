"""Hand-made calls of target functions and what they rest on, as a session saves them."""

import dataclasses

from mcusim.saved_calls import Call, Loop, Origin, gathered

ORIGIN = Origin(
    core="Cortex-M4",
    board=None,
    memory="zero_wait",
    core_table_sha256="1" * 64,
    board_file_sha256=None,
    timing_rules_sha256="2" * 64,
    image="dot.elf",
    image_sha256="3" * 64,
    compiler="arm-none-eabi-gcc 12.2.1",
    compiler_reason=None,
    flags="-O3 -mcpu=cortex-m4",
    flags_reason=None,
    error_percent=None,
    error_percent_reason="not validated: no published latency is there to compare with",
)
CREATED = "2026-01-02T03:04:05+00:00"


def loop(function="dot", offset=16, size=12, iterations=99, cycles=700, source="dot.c:15"):
    return Loop(function, offset, size, iterations, cycles, source)


def call(function="dot", cycles=1_000, branch=100, loops=None, **others):
    made = Call(
        function=function,
        origin=0,
        arguments_id="a" * 16,
        cycles=cycles,
        cycles_by_cause={"issue": cycles - branch, "branch": branch},
        instructions=cycles * 3 // 4,
        stack_bytes=24,
        read_bytes=128,
        written_bytes=4,
        loops=(loop(),) if loops is None else loops,
    )
    return dataclasses.replace(made, **others)


def saved(tests, origin=ORIGIN, version="0.1.0"):
    """Calls of one origin by test."""
    found = {test: [(one, origin) for one in calls] for test, calls in tests.items()}
    return gathered(found.items(), version, CREATED)
