"""Programs of a few instructions: exceptions, their costs and order, waiting, and every way to end."""

import dataclasses
import struct

import pytest

from mcusim import firmware_run
from mcusim.bare_metal import Machine
from mcusim.chips import load_chip
from mcusim.console import Console
from mcusim.errors import EmulationError, UnsupportedError
from mcusim.firmware_run import FirmwareRun
from mcusim.hardware import Region, load_core
from mcusim.images import parse_image
from mcusim.semihosting import Semihosting

FLASH, RAM = 0x08000000, 0x20000000
REGIONS = (Region("flash", "flash", FLASH, 0x4000, "t"), Region("RAM", "ram", RAM, 0x4000, "t"))
CODE = 0x100  # behind the vector table
NOP, WFI, WFE, SEV, SELF, UDF, BX_LR, SVC, BKPT = 0xBF00, 0xBF30, 0xBF20, 0xBF40, 0xE7FE, 0xDE00, 0x4770, 0xDF00, 0xBE00
SEMIHOSTING = 0xBEAB
LOAD_R0 = 0x4800  # ldr r0, [pc, #4 * n]


def run(halfwords, vectors=(), core="cortex_m4", chip="generic", budget=10_000, words=()):
    """A program at reset: its code, then (at CODE + 0x80) words that it loads, and vectors {number: offset of code}."""
    table = [0] * (CODE // 4)
    table[0], table[1] = RAM + 0x4000, FLASH + CODE + 1
    for number, offset in dict(vectors).items():
        table[number] = FLASH + CODE + offset + 1
    code = struct.pack(f"<{len(halfwords)}H", *halfwords).ljust(0x80, b"\0") + struct.pack(f"<{len(words)}I", *words)
    image = parse_image(struct.pack(f"<{len(table)}I", *table) + code, "test.bin", FLASH)
    console = Console([], 1_000_000)
    machine = Machine(load_core(core), load_chip(chip), REGIONS, image, console, [])
    one = FirmwareRun(machine, console, Semihosting(None), 1_000_000)
    one.start_at_reset(FLASH)
    one.run(budget)
    return one


def load(register, at, number):
    """ldr register, =words[number] at halfword `at` of the code."""
    offset = 0x80 + 4 * number - (2 * at + 4 & ~3)
    return LOAD_R0 | register << 8 | offset // 4


@pytest.mark.parametrize("core", ["cortex_m0plus", "cortex_m3", "cortex_m4", "cortex_m7", "cortex_m33"])
def test_a_supervisor_call_returns(core):
    one = run([SVC, 0x3001, BKPT, NOP, 0x2005, BX_LR], {11: 8}, core)
    assert one.end.kind == "exit" and "breakpoint" in one.end.text
    assert one.machine.get("r0") == 1, "the frame's R0 is 0 again, whatever the handler put into the register"
    assert one.statistics.exceptions == {11: 1}
    rules = load_core(core).rules
    assert one.statistics.exception_cycles == rules["exception_entry"].value + rules["exception_return"].value
    assert one.machine.get("msp") == RAM + 0x4000 and one.machine.get("xpsr") & 0x1FF == 0
    assert one.statistics.lowest_sp["msp"] == RAM + 0x4000 - 32


def test_one_exception_chains_to_the_next():
    icsr, pend = 0xE000ED04, 1 << 28
    code = [SVC, BKPT, *[NOP] * 2, load(0, 4, 0), load(1, 5, 1), 0x6001, BX_LR, 0x3601, BX_LR]  # str r1, [r0]; adds r6
    one = run(code, {11: 8, 14: 16}, words=[icsr, pend])
    assert one.end.kind == "exit" and one.machine.get("r6") == 1
    assert one.statistics.exceptions == {11: 1, 14: 1}
    rules = load_core("cortex_m4").rules
    costs = [rules[f"exception_{name}"].value for name in ("entry", "tail_chain", "return")]
    assert one.statistics.exception_cycles == sum(costs)


def systick(then, extra=()):
    """Code that starts SysTick with a period of 1000 cycles, then goes on; the handler counts in R7."""
    code = [load(0, 0, 0), load(1, 1, 1), 0x6041, 0x2100, 0x6081, 0x2107, 0x6001, *then]
    code = [*code, *[NOP] * (24 - len(code)), 0x3701, 0x2F05, 0xD000, BX_LR, BKPT]
    return code, [0xE000E010, 999, *extra]


def test_ticks_come_in_time_and_wake_a_sleeping_core():
    code, words = systick([WFI, 0xE7FD])
    one = run(code, {15: 48}, words=words)
    assert one.machine.get("r7") == 5 and one.statistics.exceptions == {15: 5}
    assert 5000 <= one.machine.exact_cycles() < 5200
    assert one.statistics.waited_cycles > 4500


def test_ticks_come_to_a_busy_core():
    one_code, words = systick([0x3601, 0xE7FD])  # adds r6, #1; b back
    one = run(one_code, {15: 48}, words=words, budget=50_000)
    assert one.machine.get("r7") == 5 and one.statistics.waited_cycles == 0
    assert 5000 <= one.machine.exact_cycles() < 5300
    assert one.machine.get("r6") > 1000


def test_ticks_are_in_time_where_the_pace_changes():
    """60,000 cycles of NOP, then 40,000 of short loops at half the pace: SYST_CVR tells the handler how late it is."""
    code = [load(0, 0, 0), load(1, 1, 1), 0x6041, 0x2100, 0x6081, 0x2107, 0x6001, load(3, 7, 2), load(7, 8, 3)]
    code += [*[NOP] * 20, 0x3B01, 0xD1E9, load(3, 31, 4), 0x3B01, 0xD1FD, BKPT, NOP]
    handler = [load(0, 36, 0), 0x6880, 0x42B8, 0xD200, 0x4607, BX_LR]  # r7 = the lowest count
    one = run([*code, *handler], {15: 72}, words=[0xE000E010, 39_999, 2_500, 1 << 24, 10_000], budget=200_000)
    assert one.end.kind == "exit" and one.statistics.exceptions == {15: 2}
    # Behind the event: the rest of a block of at most 24 cycles, 12 of entry, the two loads.
    assert 0 <= 39_999 - one.machine.get("r7") <= 24 + 12 + 4


@pytest.mark.parametrize(
    "mask, unmask",
    [((0xB672,), (0xB662,)), ((0xB671,), (0xB661,)), ((0xF384, 0x8810), (0xF386, 0x8810))],
    ids=["cpsie i", "cpsie f", "msr primask"],
)
def test_a_mask_that_goes_lets_the_exception_in_at_once(mask, unmask):
    """R4 = 1; mask; 500 rounds, in which the tick comes due; R6 = 0; unmask; R4 = R7, which the handler counts."""
    start = [0x2401, *mask, 0xBF00, 0xBF00][:4]
    then = [*start, load(6, 11, 2), 0x3E01, 0xD1FD, 0x2600, *unmask, 0x463C, BKPT]
    code, words = systick(then, [500])
    one = run(code, {15: 48}, words=words, budget=50_000)
    assert one.end.kind == "exit" and one.machine.get("r4") == 1, "nothing executes between the two"


def test_what_was_spent_is_exact_whatever_the_clock_showed():
    """CYCCNT is polled after slow code: what it shows between exact readings runs ahead; what was spent does not."""
    code = [load(0, 0, 0), 0x2101, 0x6001, load(3, 3, 1), 0x3B01, 0xD1FD, 0x6841, 0x231E]
    one = run([*code, *[NOP] * 12, 0x6841, 0x3B01, 0xD1F0, BKPT], words=[0xE0001000, 1_000])
    assert one.end.kind == "exit"
    assert one.machine.spent_cycles() == one.machine.recorder.cycles() < one.machine.exact_cycles()


def test_a_wait_for_event_goes_on_while_memory_changes():
    # ldr r1, [r0]; adds r1, #1; str r1, [r0]; cmp r1, #9; beq to the end; movs r1, #0; cmp r1, #0; wfe; b back
    code = [load(0, 0, 0), 0x6801, 0x3101, 0x6001, 0x2909, 0xD003, 0x2100, 0x2900, WFE, 0xE7F6, BKPT]
    one = run(code, words=[RAM])
    assert one.end.kind == "exit" and one.machine.word(RAM) == 9


def test_a_mask_holds_an_exception_back_until_it_goes():
    # cpsid i; 500 rounds of subs and bne, in which the tick comes due; r4 = r7; cpsie i; count in r5 until r7 is 1
    then = [0xB672, load(6, 8, 2), 0x3E01, 0xD1FD, 0x463C, 0xB662, 0x3501, 0x2F00, 0xD0FC, BKPT]
    code, words = systick(then, [500])
    one = run(code, {15: 48}, words=words, budget=50_000)
    assert one.machine.get("r4") == 0 and one.machine.get("r7") == 1
    assert one.machine.get("r5") < 500, "it comes before the mask was gone for as long as it was there"


def test_a_core_without_exception_costs_is_refused():
    core = load_core("cortex_m4")
    core = dataclasses.replace(core, rules={name: rule for name, rule in core.rules.items() if "exception" not in name})
    image = parse_image(struct.pack("<2I", RAM + 64, FLASH + 9) + bytes(8), "x", FLASH)
    console = Console([], 1_000_000)
    machine = Machine(core, load_chip("generic"), REGIONS, image, console, [])
    with pytest.raises(UnsupportedError, match="has no rule exception_entry"):
        FirmwareRun(machine, console, Semihosting(None), 1_000_000)


@pytest.mark.parametrize(
    "code, kind, words",
    [
        ([SELF], "idle", "waits for something that never comes"),
        ([NOP, 0xE7FD], "idle", "waits for something that never comes"),
        ([WFI, NOP], "idle", "sleeps and no interrupt will come"),
        ([0x3001, 0xE7FD], "budget", "does not end within 10,000 instructions"),
        ([UDF], "fault", "executes what is no instruction, at 0x08000100"),
        ([0x2000, 0x4780], "fault", "jumps to where there is no memory: 0x00000000, from 0x08000100"),
        ([load(0, 0, 0), 0x6800], "fault", "reads memory that is not there, 'ldr r0, [r0]' with r0 = 0x30000000"),
        ([load(0, 0, 0), 0x6000], "fault", "writes memory that is not there"),
        ([load(0, 0, 1), 0x6000], "fault", "writes flash"),
        ([SVC], "fault", "the vector of exception 11 at 0x0800002c holds 0x00000000: a lock-up"),
        ([0xB672, SVC], "fault", "escalates to a hard fault"),
        ([load(0, 0, 2), 0x4700], "fault", "0xfffffff9 outside of any exception"),
        ([load(0, 0, 3), load(1, 1, 4), 0x6001, SELF], "reset", "it resets the chip"),
        ([BKPT], "exit", "stops at a breakpoint"),
        ([load(0, 0, 5), 0x6801, 0x4208, 0xE7FC], "budget", "does not end"),
        ([WFE, 0xE7FD], "idle", "waits for an event and none will come"),
        ([WFE, SEV, WFE, 0xE7FB], "idle", "waits for an event and none will come"),
        ([WFE, 0x3001, 0xE7FC], "budget", "does not end"),
    ],
)
def test_every_end_is_one_sentence(code, kind, words):
    constants = [0x30000000, FLASH, 0xFFFFFFF9, 0xE000ED0C, 0x05FA0004, 0x40000000]
    one = run(code, words=constants)
    assert one.end.kind == kind and words in one.end.text and "\n" not in one.end.text


def test_polling_what_is_not_known_ends(monkeypatch):
    monkeypatch.setattr(firmware_run, "MOST_MADE_UP", 1_000)
    one = run([load(0, 0, 0), 0x6801, 0xE7FD], words=[0x40000000], budget=100_000)
    assert one.end.kind == "idle" and "polls registers of which nothing is known" in one.end.text


def test_a_fault_of_a_cortex_m0plus():
    one = run([load(0, 0, 0), 0x6800], core="cortex_m0plus", words=[0x30000000])
    assert one.end.kind == "fault" and "memory that is not there" in one.end.text


def test_executing_what_is_no_code_is_one_sentence():
    one = run([load(0, 0, 0), 0x4700], words=[RAM + 0x3F01], budget=100_000)
    assert one.end.kind == "fault" and "\n" not in one.end.text
    one = run([load(0, 0, 0), 0x4700, *[NOP] * 62], words=[FLASH + CODE + 0x81, 0xFFFFFFFF])
    assert one.end.kind == "fault" and "does not have, in 0x08000184" in one.end.text


@pytest.mark.parametrize("vector, words", [(0x08000100, "not the address of Thumb"), (0x30000001, "no memory")])
def test_a_bad_reset_vector(vector, words):
    image = parse_image(struct.pack("<2I", RAM + 64, vector), "x", FLASH)
    console = Console([], 1_000_000)
    one = FirmwareRun(
        Machine(load_core("cortex_m4"), load_chip("generic"), REGIONS, image, console, []),
        console,
        Semihosting(None),
        1_000_000,
    )
    with pytest.raises(EmulationError, match=words):
        one.start_at_reset(FLASH)
    with pytest.raises(EmulationError, match="no vector table at 0x30000000"):
        one.start_at_reset(0x30000000)


def test_a_timer_shorter_than_its_exception_ends():
    """SysTick every two cycles: handlers follow each other, and the program below never goes on."""
    code, words = systick([0x3601, 0xE7FD])
    code[24 + 1] = BX_LR  # the handler counts in R7 and returns
    one = run(code, {15: 48}, words=[words[0], 1], budget=10_000_000)
    assert one.end.kind == "fault" and "exception 15 comes again as soon as its handler ends" in one.end.text
    assert one.machine.get("r6") <= 1


def test_semihosting_calls_without_end_end():
    code = [0x2007, SEMIHOSTING, 0xE7FC]  # SYS_READC, again and again
    one = run(code, budget=10_000_000)
    assert one.end.kind == "input" and "move no data" in one.end.text


@pytest.mark.parametrize("control, kind, words", [(5, "exit", "breakpoint"), (0, "idle", "never comes")])
def test_polling_countflag_waits_for_a_systick_that_counts(control, kind, words, monkeypatch):
    """A long time without an interrupt is a delay, not a program that waits for nothing."""
    monkeypatch.setattr(firmware_run, "CHUNK", 1_000)
    start = [load(0, 0, 0), load(1, 1, 1), 0x6041, 0x2100, 0x6081, 0x2100 | control, 0x6001]
    poll = [0x6801, 0x03C9, 0xD5FC, BKPT]  # ldr r1, [r0]; lsls r1, #15; bpl back
    one = run([*start, *poll], words=[0xE000E010, 99_999], budget=1_000_000)
    assert one.end.kind == kind and words in one.end.text
    if control:
        assert 0 <= one.machine.spent_cycles() - 100_000 < 1_000


@pytest.mark.parametrize(
    "chip, control, name",
    [("stm32l4", 0x4002001C, "DMA1"), ("stm32f4", 0x40026410, "DMA2"), ("stm32u5", 0x40020064, "GPDMA1")],
)
def test_a_program_that_waits_for_dma_is_told_so(chip, control, name):
    """A channel or stream is enabled, then the program sleeps until its interrupt."""
    one = run([load(0, 0, 0), 0x2103, 0x6001, WFI, 0xE7FD], chip=chip, words=[control])
    assert one.end.kind == "idle"
    assert f"it started {name}, whose transfers and interrupts mcusim does not simulate" in one.end.text
    other = run([load(0, 0, 0), 0x2102, 0x6001, WFI, 0xE7FD], chip=chip, words=[control])
    assert "DMA" not in other.end.text, "it was set up and not enabled"


@pytest.mark.parametrize(
    "register, what",
    [(0x40004408, "a setting of USART2"), (0x40000010, "the flags of TIM2, which does not count")],
)
def test_polling_a_device_that_never_answers_ends(register, what, monkeypatch):
    monkeypatch.setattr(firmware_run, "CHUNK", 1_000)
    code = [load(0, 0, 0), 0x6801, 0x0089, 0xD5FC, 0x0049, 0xD5FA, BKPT]  # ldr r1, [r0]; bit 29 and bit 28 both set
    one = run(code, chip="stm32l4", words=[register], budget=10_000_000)
    assert one.end.kind == "idle" and "never changes" in one.end.text, what


def test_polling_a_timer_that_counts_does_not_end(monkeypatch):
    """TIM2 with a period of 300,000 cycles: its update flag comes after many polls."""
    monkeypatch.setattr(firmware_run, "CHUNK", 1_000)
    code = [load(0, 0, 0), load(1, 1, 1), 0x62C1, 0x2101, 0x6001, 0x6901, 0x07C9, 0xD5FC, BKPT]  # ARR, CR1; SR bit 0
    one = run(code, chip="stm32l4", words=[0x40000000, 299_999], budget=10_000_000)
    assert one.end.kind == "exit" and 0 <= one.machine.spent_cycles() - 300_000 < 10_000
