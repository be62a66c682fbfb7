"""Kernels of a few instructions under the emulator: what is counted, and every way in which it refuses."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from unicorn import UC_ARCH_ARM, UC_HOOK_CODE, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_R0, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M4

from mcusim.abi import Call, Float32, Struct, place
from mcusim.build_attributes import BuildAttributes
from mcusim.debug_line import DebugLine
from mcusim.decoder import decode
from mcusim.elf import Firmware, Part, Symbol, firmware_path, load_firmware
from mcusim.emulator import Emulator
from mcusim.errors import EmulationError, UnsupportedError
from mcusim.hardware import Core
from mcusim.thumb_relocations import Resolution
from mcusim.trace import Trace

FLASH, RAM, RAM_BYTES = 0x08000000, 0x20000000, 0x8000
STACK = (RAM + RAM_BYTES - 2048, RAM + RAM_BYTES)
M4 = Core("cortex_m4", "Cortex-M4", "armv7em", True, False, "fpv4-sp-d16", "cortex-m4", "in_order", {}, {})
M3 = Core("cortex_m3", "Cortex-M3", "armv7m", False, False, None, "cortex-m3", "in_order", {}, {})


def _listings() -> dict[str, list[tuple[bytes, str]]]:
    """Functions by name as (bytes, assembly) of each instruction."""
    found: dict[str, list[tuple[bytes, str]]] = {}
    for line in (Path(__file__).parent / "hand_assembled.txt").read_text(encoding="utf-8").splitlines():
        if line.endswith(":"):
            instructions = found[line[:-1]] = []
        elif line.strip() and not line.startswith("#"):
            encoded, _, text = line.strip().partition(" ")
            instructions.append((bytes.fromhex(encoded), text))
    return found


LISTINGS = _listings()


def code_of(name: str) -> bytes:
    return b"".join(encoded for encoded, _ in LISTINGS[name])


@pytest.mark.parametrize("name", LISTINGS)
def test_listings_are_what_they_say(name):
    assert [one.text for one in decode(code_of(name), 0)] == [text for _, text in LISTINGS[name]]


def firmware_of(code: bytes, offset: int = 0, isa: str = "armv7em", float_abi: str = "hard") -> Firmware:
    """Code of one function "kernel" at an offset from the image's start."""
    kernel, attributes = Symbol("kernel", offset, len(code)), BuildAttributes(isa, float_abi)
    return Firmware(
        name="kernels.elf",
        sha256="",
        isa=isa,
        linked_image=bytes(offset) + code,
        symbols={"kernel": kernel},
        contents=(kernel,),
        function_addresses=frozenset({offset}),
        references={},
        resolution=Resolution((), (), ()),
        parts=(Part("kernels.elf", 0, offset + len(code), 0, attributes, (), True, DebugLine(b"", b"")),),
    )


def emulator_of(code: bytes | str, core: Core = M4, offset: int = 0, **build: str) -> Emulator:
    code = code_of(code) if isinstance(code, str) else code
    return Emulator(core, firmware_of(code, offset, **build), FLASH, (RAM, RAM_BYTES))


def call(
    emulator: Emulator,
    *arguments: object,
    writable: Sequence[tuple[int, int, str]] = (),
    readable: Sequence[tuple[int, int, str]] = (),
    stack: tuple[int, int] = STACK,
    max_instructions: int = 100_000,
    checks_status: bool = False,
    symbol: str = "kernel",
) -> Trace:
    placement = place(Call(symbol, arguments), lambda _: 0, stack[1])
    return emulator.call(
        placement,
        writable=writable,
        readable=readable,
        stack=stack,
        max_instructions=max_instructions,
        checks_status=checks_status,
    )


def edges_of(trace: Trace) -> dict[tuple[int | None, int | None], int]:
    """Counts by (address of the block before, address of the block), None being the caller."""
    addresses = [block.address if block.instructions else None for block in trace.blocks]
    return {
        (None if edge.previous < 0 else addresses[edge.previous], addresses[edge.block]): edge.count
        for edge in trace.edges
    }


# Counts.


def test_straight_code():
    trace = call(emulator_of("add"), 2, 3)
    assert trace.entry == "kernel"
    assert trace.instructions == 2
    assert edges_of(trace) == {(None, FLASH): 1, (FLASH, None): 1}
    assert [one.text for one in trace.blocks[0].instructions] == ["adds r0, r0, r1", "bx lr"]
    assert (trace.executed, trace.divides, trace.stack_bytes, trace.memory) == ({}, {}, 0, "zero_wait")


def test_return_is_a_block_without_instructions():
    trace = call(emulator_of("add"), 2, 3)
    assert trace.blocks[-1].instructions == () and trace.blocks[-1].size == 0
    assert trace.edges[-1].block == len(trace.blocks) - 1


def test_loop_of_one_block_counts_every_iteration():
    trace = call(emulator_of("loop"), 5)
    after = FLASH + 4
    assert edges_of(trace) == {(None, FLASH): 1, (FLASH, FLASH): 4, (FLASH, after): 1, (after, None): 1}
    assert trace.instructions == 5 * 2 + 1


def test_blocks_overlap_and_are_kept_apart_by_size():
    trace = call(emulator_of("overlap"), 3)
    assert {(block.address - FLASH, block.size) for block in trace.blocks[:-1]} == {(0, 8), (2, 6), (8, 4)}
    assert edges_of(trace) == {
        (None, FLASH): 1,
        (FLASH, FLASH + 2): 1,
        (FLASH + 2, FLASH + 2): 1,
        (FLASH + 2, FLASH + 8): 1,
        (FLASH + 8, None): 1,
    }
    assert trace.instructions == 1 + 3 * 3 + 2


def test_conditional_return_that_is_not_taken():
    stays, leaves = call(emulator_of("conditional_return"), 1), call(emulator_of("conditional_return"), 0)
    assert edges_of(leaves) == {(None, FLASH): 1, (FLASH, None): 1}
    assert edges_of(stays) == {(None, FLASH): 1, (FLASH, FLASH + 6): 1, (FLASH + 6, None): 1}


def test_predicated_accesses_count_when_their_condition_passed():
    emulator = emulator_of("conditional_load")
    emulator.write(RAM, bytes([1, 0, 0, 7, 9, 5]))
    trace = call(emulator, RAM, 5, readable=[(RAM, 6, "text")], writable=[(RAM + 1, 2, "zeros")])
    passed, failed = FLASH + 10, FLASH + 16
    assert trace.executed == {passed: 3, failed: 2}
    assert trace.instructions == 1 + 5 * 8 + 2


def test_predicated_access_that_never_executes_counts_zero():
    emulator = emulator_of("conditional_load")
    emulator.write(RAM, bytes([1, 2]))
    trace = call(emulator, RAM, 1, readable=[(RAM, 2, "text")])
    assert trace.executed == {FLASH + 10: 1, FLASH + 16: 0}


# movs r0, #1; cmp r0, #0; ittt eq; ldreq r1, [sp]; ldreq r2, [sp]; ldreq r3, [sp]; bx lr
IT_OF_THREE_LOADS = bytes.fromhex("0120 0028 02bf 0099 009a 009b 7047")


@pytest.mark.parametrize("offset", range(1012, 1026, 2))
def test_an_it_block_may_go_on_behind_a_page(offset):
    start = FLASH + offset
    trace = call(emulator_of(IT_OF_THREE_LOADS, offset=offset))
    assert trace.executed == {start + 6: 0, start + 8: 0, start + 10: 0}
    conditions = {one.address: one.condition for block in trace.blocks for one in block.instructions}
    assert [conditions[start + at] for at in (6, 8, 10)] == ["eq"] * 3


@pytest.mark.parametrize(
    "dividend, divisor, signed, unsigned",
    [
        (100, 7, (7, 3, 4), (7, 3, 4)),
        (-100, 7, (7, 3, 4), (32, 3, 30)),
        (100, -7, (7, 3, 4), (7, 32, 0)),
        (3, 9, (2, 4, 0), (2, 4, 0)),
        (0, 9, (0, 4, 0), (0, 4, 0)),
        (9, 0, (4, 0, 0), (4, 0, 0)),
        (-(2**31), -1, (32, 1, 32), (32, 32, 0)),
    ],
)
def test_divides_count_by_the_bits_of_their_operands(dividend, divisor, signed, unsigned):
    trace = call(emulator_of("divide"), dividend, divisor)
    assert trace.divides == {FLASH: {signed: 1}, FLASH + 4: {unsigned: 1}}
    assert trace.executed == {}


def test_predicated_divide():
    emulator = emulator_of("conditional_divide")
    divided, skipped = call(emulator, 60, 5), call(emulator, 60, 0)
    assert (divided.executed, divided.divides) == ({FLASH + 4: 1}, {FLASH + 4: {(6, 3, 4): 1}})
    assert (skipped.executed, skipped.divides) == ({FLASH + 4: 0}, {FLASH + 4: {}})


def test_code_that_a_later_call_reaches_first_is_counted_and_runs_once():
    """A divide is found by executing it; the call is then run again from the same memory."""
    emulator = emulator_of("count_then_divide")
    emulator.write(RAM, (99).to_bytes(4, "little"))
    counter = [(RAM, 4, "counter")]
    assert call(emulator, RAM, 0, writable=counter).divides == {}
    assert call(emulator, RAM, 7, writable=counter).divides == {FLASH + 8: {(7, 3, 4): 1}}
    assert int.from_bytes(emulator.read(RAM, 4), "little") == 101


def test_counts_start_anew_with_each_call():
    emulator = emulator_of("divide")
    first, second = call(emulator, 100, 7), call(emulator, 100, 7)
    assert first == second


def test_code_that_crosses_a_page_is_one_block():
    offset = 1024 - 6
    trace, whole = call(emulator_of("overlap", offset=offset), 3), call(emulator_of("overlap"), 3)
    start, page = FLASH + offset, FLASH + 1024
    assert next(block for block in trace.blocks if block.address == start).end > page
    assert [(block.address - offset, block.size) for block in trace.blocks[:-1]] == [
        (block.address, block.size) for block in whole.blocks[:-1]
    ]
    assert trace.edges == whole.edges
    assert trace.instructions == 1 + 3 * 3 + 2


def test_more_instructions_than_a_block_holds():
    trace = call(emulator_of(bytes.fromhex("0130") * 600 + bytes.fromhex("7047")), 0)  # adds r0, #1 … bx lr
    assert trace.instructions == 601
    assert all(count == 1 for count in edges_of(trace).values())


# Stack.


@pytest.mark.parametrize(
    "name, arguments, stack_bytes",
    [
        ("add", (1, 2), 0),
        ("leaf", (), 16),
        ("frame", (1,), 40),
        ("nested", (), 8 + 16 + 16),
        ("recursive", (1,), 8),
        ("recursive", (7,), 7 * 8),
        ("write_back", (), 16),
        ("variable_frame", (64,), 8 + 64 + 8),
        ("variable_frame", (128,), 8 + 128 + 8),
        ("conditional_push", (1,), 16),
        ("conditional_push", (0,), 0),
        ("conditional_frame", (1,), 64 + 8),
        ("conditional_frame", (0,), 8),
    ],
)
def test_stack_is_exact(name, arguments, stack_bytes):
    assert call(emulator_of(name), *arguments).stack_bytes == stack_bytes


def test_stack_of_calls_that_share_code_is_each_call_s_own():
    emulator = emulator_of("recursive")
    assert [call(emulator, depth).stack_bytes for depth in (5, 1, 3)] == [40, 8, 24]


def test_arguments_and_structures_are_part_of_the_stack():
    emulator = emulator_of("stack_arguments")
    trace = call(emulator, 0, 0, 0, 0, 30, 12, Struct((1, 2, 3)))
    assert trace.stack_bytes == 3 * 4 + 3 * 4
    assert emulator.read(STACK[1] - 12, 12) == bytes([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])


# Memory.


def test_own_output_is_kept_and_everything_else_is_as_before():
    emulator = emulator_of("fill")
    before = bytes(range(64))
    emulator.write(RAM, before)
    call(emulator, RAM + 16, 8, 0xAA, writable=[(RAM + 16, 8, "output")])
    assert emulator.read(RAM, 64) == before[:16] + b"\xaa" * 8 + before[24:]


def test_foreign_memory_does_not_show_its_content():
    """A load of memory that was not declared gives neither what is there nor zeros."""
    emulator = emulator_of("load")
    emulator.write(RAM, (42).to_bytes(4, "little"))
    with pytest.raises(EmulationError, match="status 42"):
        call(emulator, RAM, readable=[(RAM, 4, "input")], checks_status=True)
    with pytest.raises(EmulationError) as refusal:
        call(emulator, RAM, checks_status=True)
    assert "status 42" not in str(refusal.value)


@pytest.mark.parametrize(
    "address, what",
    [
        (RAM + 8, "1 bytes past the end of output"),
        (RAM + 100, "weights"),
        (RAM + 2000, "memory that this call has no part in"),
        (STACK[0] - 4, "4 bytes below the stack's bottom"),
    ],
)
def test_foreign_write_is_named_with_its_instruction(address, what):
    emulator = emulator_of("store")
    emulator.write(RAM + 100, b"\0" * 4)
    with pytest.raises(EmulationError) as refusal:
        call(emulator, address, 0x01020304, writable=[(RAM, 8, "output")], readable=[(RAM + 100, 4, "weights")])
    text = str(refusal.value)
    assert text.startswith("kernel writes what is not its own to write")
    assert f"{address:#010x} ({what})" in text
    assert f"kernel at {FLASH:#010x}" in text


def test_foreign_write_of_the_value_that_is_there_is_found():
    emulator = emulator_of("store")
    emulator.write(RAM + 64, (7).to_bytes(4, "little"))
    with pytest.raises(EmulationError, match="writes what is not its own"):
        call(emulator, RAM + 64, 7)


def test_overrun_by_one_names_the_store_in_the_loop():
    emulator = emulator_of("fill")
    with pytest.raises(
        EmulationError, match=f"{RAM + 8:#010x} .1 bytes past the end of output., in kernel at 0x08000000"
    ):
        call(emulator, RAM, 9, 0x55, writable=[(RAM, 8, "output")])


@pytest.mark.parametrize(
    "address, what",
    [
        (RAM + 63, "1 bytes before scratch 0"),
        (RAM + 96, "1 bytes past the end of scratch 0"),
        (RAM + 128, "the input of another layer's output"),
        (RAM + 160, "weights in RAM"),
    ],
)
def test_a_single_byte_beside_scratch_or_in_another_tensor_is_found(address, what):
    emulator = emulator_of("fill")
    scratch, output = (RAM + 64, 32, "scratch 0"), (RAM + 16, 8, "output")
    readable = [(RAM + 128, 16, "the input of another layer's output"), (RAM + 160, 16, "weights in RAM")]
    for start, size, _ in readable:
        emulator.write(start, bytes(size))
    with pytest.raises(EmulationError) as refusal:
        call(emulator, address, 1, 0x5A, writable=[output, scratch], readable=readable)
    assert f"at {address:#010x} ({what})" in str(refusal.value)


def test_what_calls_wrote_is_marked_by_words_until_it_is_forgotten():
    """Nine bytes of 16: three words; the words of a range begin with it."""
    emulator = emulator_of("fill")
    output = (RAM + 18, 16, "output")
    call(emulator, RAM + 18, 9, 0x55, writable=[output])
    assert emulator.written(RAM + 18, 16).tolist() == [True] * 12 + [False] * 4
    assert not emulator.written(RAM, 18).any() and not emulator.written(RAM + 34, 64).any()
    call(emulator, RAM + 30, 4, 0x55, writable=[output])
    assert emulator.written(RAM + 18, 16).all()
    emulator.forget_written()
    assert not emulator.written(RAM, RAM_BYTES).any()
    with pytest.raises(EmulationError, match="16 bytes at 0x40000000 are not RAM"):
        emulator.written(0x40000000, 16)


def test_the_stack_is_marked_from_the_lowest_word_that_was_written():
    emulator = emulator_of("stack_arguments")
    trace = call(emulator, 0, 0, 0, 0, 30, 12, Struct((1, 2, 3)))
    marked = emulator.written(STACK[0], STACK[1] - STACK[0])
    assert marked[-trace.stack_bytes :].all() and not marked[: -trace.stack_bytes].any()


def test_write_below_the_stack_is_found():
    with pytest.raises(EmulationError, match="below the stack's bottom"):
        call(emulator_of("below"), 1, stack=(STACK[1] - 208, STACK[1]))


def test_frame_larger_than_the_stack_is_found_without_a_write():
    with pytest.raises(EmulationError, match="needs 8192 bytes of stack; there are 2048"):
        call(emulator_of("big_frame"))


def test_memory_is_as_before_after_an_error_and_the_emulator_goes_on():
    emulator = emulator_of("fill")
    emulator.write(RAM, bytes(range(32)))
    with pytest.raises(EmulationError):
        call(emulator, RAM, 9, 0x55, writable=[(RAM, 8, "output")])
    assert emulator.read(RAM, 32) == bytes(range(32))
    call(emulator, RAM, 8, 0x55, writable=[(RAM, 8, "output")])
    assert emulator.read(RAM, 9) == b"\x55" * 8 + b"\x08"


def test_read_and_write_refuse_what_is_not_mapped():
    emulator = emulator_of("add")
    assert emulator.read(FLASH, 4) == code_of("add")
    for address, size in ((RAM + RAM_BYTES - 1, 2), (RAM - 1, 1), (0, 4), (RAM, -1)):
        with pytest.raises(EmulationError, match="neither RAM nor flash"):
            emulator.read(address, size)
    with pytest.raises(EmulationError, match="not RAM"):
        emulator.write(FLASH, b"\0")


def test_ranges_outside_ram_are_refused():
    with pytest.raises(EmulationError, match=r"kernel: output \(8 bytes at 0x20007ffc\) is not in RAM"):
        call(emulator_of("add"), 1, 2, writable=[(RAM + RAM_BYTES - 4, 8, "output")])
    with pytest.raises(EmulationError, match="need 16 bytes of stack; there are 8"):
        call(emulator_of("add"), 1, 2, 3, 4, 5, 6, 7, stack=(STACK[1] - 8, STACK[1]))


# Faults.

NOWHERE = "memory that is neither RAM nor flash at 0x40000000"


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("load", (0x40000000,), f"kernel reads {NOWHERE}, in kernel at {FLASH + 2:#010x}"),
        ("store", (0x40000000, 1), f"kernel writes {NOWHERE}, in kernel at {FLASH:#010x}"),
        ("store", (FLASH, 1), f"kernel writes flash at {FLASH:#010x}, in kernel at {FLASH:#010x}"),
        ("jump", (0x10000001,), f"kernel jumps out of memory, in kernel at {FLASH:#010x}"),
        ("jump", (RAM | 1,), f"kernel jumps into data, in kernel at {FLASH:#010x}"),
        ("jump", (FLASH + 512 | 1,), f"kernel jumps to {FLASH + 512:#010x}, which is not code of the kernels"),
        ("undefined", (), f"an instruction that the core does not have, in kernel at {FLASH + 2:#010x}"),
        ("supervisor_call", (), f"no code can be), in kernel at {FLASH + 2:#010x}"),
        ("breakpoint", (), f"no code can be), in kernel at {FLASH:#010x}"),
        ("jump", (0x40000001,), "kernel raises an exception"),
        ("wait", (), f"kernel waits instead of returning, before kernel at {FLASH + 2:#010x}"),
        ("for_ever", (), "kernel does not return within 100,000 instructions; it is in kernel at 0x08000000"),
        ("clobber", (), "kernel returns with r5 changed to 0x00000001"),
        ("clobber_float", (3,), "kernel returns with s20 changed to 0x00000003"),
        ("leak", (), f"kernel returns with SP changed to {STACK[1] - 8:#010x}"),
    ],
)  # fmt: skip
def test_fault_names_kernel_and_instruction(name, arguments, message):
    with pytest.raises(EmulationError) as refusal:
        call(emulator_of(name), *arguments)
    assert message in str(refusal.value)


def test_budget_is_exact():
    emulator = emulator_of("loop")
    assert call(emulator, 50, max_instructions=101).instructions == 101
    with pytest.raises(EmulationError, match="within 100 instructions"):
        call(emulator, 50, max_instructions=100)


def test_status_other_than_success_is_refused():
    emulator = emulator_of("add")
    call(emulator, 3, -3, checks_status=True)
    with pytest.raises(EmulationError, match="kernel refuses its arguments: it returns status -1"):
        call(emulator, 3, -4, checks_status=True)


def test_unknown_function_is_refused():
    with pytest.raises(EmulationError, match=r"kernels.elf has no function arm_softmax_s16"):
        call(emulator_of("add"), symbol="arm_softmax_s16")


def test_more_edges_than_the_table_holds():
    hops = bytes.fromhex("ffe7") * 25_000 + bytes.fromhex("7047")  # b to the next instruction … bx lr
    with pytest.raises(EmulationError, match="more different paths than can be counted"):
        call(emulator_of(hops))


def test_more_divides_than_the_table_holds():
    with pytest.raises(EmulationError, match="more different paths than can be counted"):
        call(emulator_of("divides"))


# Cores.


def test_floats_travel_in_s_registers():
    emulator = emulator_of("float_add")
    with pytest.raises(EmulationError, match=f"status {0x40700000}$"):  # 3.75
        call(emulator, Float32(1.5), Float32(2.25), checks_status=True)
    with pytest.raises(UnsupportedError, match=r"kernel takes floats, and .* is not built to take them"):
        call(emulator_of("float_add", float_abi="soft"), Float32(1.5), Float32(2.25))


def test_dsp_instruction_is_refused_where_there_is_no_dsp_extension():
    with pytest.raises(UnsupportedError, match=r"smlad .* in kernel at 0x08000000 needs the DSP extension.*Cortex-M3"):
        call(emulator_of("dual_multiply", M3, isa="armv7m", float_abi="soft"), 1, 2)
    call(emulator_of("dual_multiply"), 1, 2)


def test_float_instruction_is_refused_where_there_is_no_fpu():
    without = dataclasses.replace(M4, name="Cortex-M4 without FPU", fpu=None)
    with pytest.raises(UnsupportedError, match=r"vadd.f32 .*needs a floating-point unit"):
        call(emulator_of("float_add", without, float_abi="soft"))
    call(emulator_of("float_add"))


@pytest.mark.parametrize(
    "core, isa, float_abi, message",
    [
        (M3, "armv7em", "soft", "built for armv7em; Cortex-M3 executes armv7m"),
        (dataclasses.replace(M4, isa="armv6m"), "armv7m", "soft", "executes armv6m"),
        (M3, "armv7m", "hard", "passes floats in registers"),
        (dataclasses.replace(M4, emulated_as="cortex-m55"), "armv7em", "hard", "cannot be emulated as 'cortex-m55'"),
    ],
)
def test_core_that_cannot_run_the_firmware(core, isa, float_abi, message):
    with pytest.raises(UnsupportedError, match=message):
        emulator_of("add", core, isa=isa, float_abi=float_abi)


def test_memories_that_overlap_are_refused():
    firmware = firmware_of(code_of("add"))
    with pytest.raises(EmulationError, match="contents of flash overlap at 0x08000002"):
        Emulator(M4, firmware, FLASH, (RAM, RAM_BYTES), [(FLASH + 2, b"model")])
    with pytest.raises(EmulationError, match="RAM and flash overlap"):
        Emulator(M4, firmware, RAM + RAM_BYTES - 4, (RAM, RAM_BYTES))


def test_contents_that_share_a_page_are_all_there():
    emulator = Emulator(
        M4, firmware_of(code_of("load")), FLASH, (RAM, RAM_BYTES), [(FLASH + 10, b"ab"), (FLASH + 1030, b"c")]
    )
    assert emulator.read(FLASH + 10, 2) + emulator.read(FLASH + 1030, 1) == b"abc"
    assert call(emulator, FLASH + 8).instructions == 3


# The committed kernels.


@pytest.fixture(scope="module")
def kernels() -> Firmware:
    return load_firmware(firmware_path("armv7em"))


def logistic(emulator: Emulator) -> Trace:
    """mcusim_logistic_s8 of all 256 int8 values, in place of any model's."""
    emulator.write(RAM, np.arange(-128, 128, dtype=np.int8).tobytes())
    return call(
        emulator,
        *(RAM, 3, 120, 1_518_500_250, 4, 256, RAM + 256),
        symbol="mcusim_logistic_s8",
        readable=[(RAM, 256, "input")],
        writable=[(RAM + 256, 256, "output")],
    )


def test_counts_equal_those_of_a_hook_on_every_instruction(kernels):
    """Unicorn's own Python hook, without any of the native ones, is the oracle for counts, result and SP."""
    emulator = Emulator(M4, kernels, FLASH, (RAM, RAM_BYTES))
    trace = logistic(emulator)
    seen, lowest = Counter(), [STACK[1]]
    uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
    uc.mem_map(FLASH, 1 << 20)
    uc.mem_write(FLASH, kernels.image(FLASH))
    uc.mem_map(RAM, RAM_BYTES)
    uc.mem_write(RAM, np.arange(-128, 128, dtype=np.int8).tobytes())
    placement = place(
        Call("mcusim_logistic_s8", (RAM, 3, 120, 1_518_500_250, 4, 256, RAM + 256)), lambda _: 0, STACK[1]
    )
    uc.mem_write(placement.stack_pointer, placement.frame)
    for number, value in enumerate(placement.core_registers):
        uc.reg_write(UC_ARM_REG_R0 + number, value)
    uc.reg_write(UC_ARM_REG_SP, placement.stack_pointer)
    stop = FLASH + (1 << 20) - 1024
    uc.reg_write(UC_ARM_REG_LR, stop | 1)

    def note(machine, address, _size, _data):
        seen[address] += 1
        lowest[0] = min(lowest[0], machine.reg_read(UC_ARM_REG_SP))

    uc.hook_add(UC_HOOK_CODE, note)
    uc.emu_start(FLASH + kernels.symbols["mcusim_logistic_s8"].address | 1, stop)
    counted = Counter()
    for edge in trace.edges:
        for one in trace.blocks[edge.block].instructions:
            if not one.in_it_block:  # Unicorn's hook leaves out those whose condition failed
                counted[one.address] += edge.count
    assert counted == {address: count for address, count in seen.items() if address in counted}
    assert trace.executed == {address: seen[address] for address in trace.executed}
    assert {address: sum(rows.values()) for address, rows in trace.divides.items()} == {
        address: seen[address] for address in trace.divides
    }
    assert trace.stack_bytes == STACK[1] - lowest[0]
    assert emulator.read(RAM + 256, 256) == bytes(uc.mem_read(RAM + 256, 256))


def relative(trace: Trace, base: int) -> list[tuple[int, int, str]]:
    return [(block.address - base, block.size, block.function) for block in trace.blocks[:-1]]


def test_code_runs_the_same_wherever_it_lies(kernels):
    bases = (0x0, 0x08004000, 0x0012340)
    emulators = [Emulator(M4, kernels, base, (RAM, RAM_BYTES)) for base in bases]
    traces = [logistic(emulator) for emulator in emulators]
    outputs = {emulator.read(RAM + 256, 256) for emulator in emulators}
    assert len(outputs) == 1
    assert len({trace.instructions for trace in traces}) == 1
    assert relative(traces[0], bases[0])[0][2] == relative(traces[1], bases[1])[0][2]


def test_two_calls_give_equal_traces(kernels):
    emulator = Emulator(M4, kernels, FLASH, (RAM, RAM_BYTES))
    assert logistic(emulator) == logistic(emulator)
    assert logistic(Emulator(M4, kernels, FLASH, (RAM, RAM_BYTES))) == logistic(emulator)


def test_refusal_names_the_source_line(kernels):
    emulator = Emulator(M4, kernels, FLASH, (RAM, RAM_BYTES))
    with pytest.raises(EmulationError, match=r"in mcusim_logistic_s8 at 0x[0-9a-f]{8} \(mcusim_logistic_s8\.c:\d+\)"):
        call(emulator, *(RAM, 3, 120, 1_518_500_250, 4, 256, 0x40000000), symbol="mcusim_logistic_s8")
