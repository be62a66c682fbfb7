"""Whole programs in the style of vendor firmware, on boards with each kind of core, and what is said of them."""

import dataclasses
import json

import pytest
from elf_writer import elf
from firmware_build import BOARDS, build

from mcusim import execution
from mcusim.chips import chip_of
from mcusim.errors import BadInputError, EmulationError, UnsupportedError
from mcusim.execute import Entry, Talk, execute, find_vector_table
from mcusim.hardware import load_board
from mcusim.images import load_image, parse_image
from mcusim.intervals import parse_interest

CORES = tuple(BOARDS)
ONE_INFERENCE = Talk(pieces=(b"infer%",), prompt="m-ready", until="m-end")
TWO_INFERENCES = Talk(pieces=(b"infer%", b"infer%", b"name%"), prompt="m-ready", until="m-name-hal")


def run(source, core, kind="elf", image=None, **options):
    board = load_board(BOARDS[core])
    image = image or load_image(build(source, core, kind), 0x08000000)
    region = options.pop("region", None)
    interest = parse_interest(region, options.pop("marker", None), options.pop("texts", None), image)
    options.setdefault("max_instructions", 2_000_000)
    return execute(image, board, options.pop("chip", chip_of(board.mcu)), interest=interest, **options)


def function(result, name):
    return next(one for one in result.functions if one.name == name)


@pytest.mark.parametrize("kind", ["elf", "hex", "bin"])
@pytest.mark.parametrize("core", CORES)
def test_a_hal_program_boots_and_answers(core, kind):
    """Clocks with ready loops, 1 ms ticks, delays, and a command line by interrupt."""
    talk = Talk(pieces=(b"name%", b"infer%", b"nothing%"), until="m-error")
    result = run("hal_style", core, kind, talk=talk)
    assert result.end.kind == "until"
    assert result.console == (
        "m-timeouts-0\r\nm-ready\r\nm-name-hal\r\nm-ready\r\nm-start\r\nm-result-3256500\r\nm-end\r\nm-ready\r\nm-error"
    )
    counts = {one.name: one.entries for one in result.exceptions}
    assert counts["SysTick"] >= 3 and sum(counts.values()) - counts["SysTick"] == len("name%infer%nothing%")
    assert (
        sum(one.cycles for one in result.functions)
        == result.totals.cycles
        == sum(result.totals.cycles_by_cause.values())
    )
    assert sum(one.instructions for one in result.functions) == result.totals.instructions


def test_a_program_that_has_nothing_left_to_do_ends():
    result = run("hal_style", "m4", talk=Talk(pieces=(b"name%",)))
    assert result.end.kind == "idle" and "without printing" in result.end.text
    assert result.totals.waited_cycles > 10 * result.totals.cycles


@pytest.mark.parametrize("core", CORES)
def test_threads_with_floats_take_turns(core):
    result = run("threads", core)
    assert result.console == "sums are right\ncalls are right\nticks came\n"
    assert result.end.status == 42 and result.end.kind == "exit"
    counts = {one.name: one.entries for one in result.exceptions}
    assert counts["SVCall"] == 8 and counts["PendSV"] >= 8 and counts["SysTick"] >= 2
    assert {one.name for one in result.stack_use} == {"MSP", "PSP"}
    assert function(result, "thread").calls == 2
    chains = {";".join(one.frames) for one in result.stacks}
    assert "second;thread" in chains and "Reset_Handler;main;thread" in {c.replace("first;", "") for c in chains}


def test_semihosting_uses_the_folder(tmp_path):
    result = run("semihosting", "m4", talk=Talk(files=str(tmp_path)))
    assert result.console == "hello\ncdef" and result.end.status == 0
    assert (tmp_path / "out.txt").read_bytes() == b"abcdef"
    refused = run("semihosting", "m4")
    assert refused.end.kind == "fault" and "--files" in refused.end.text


@pytest.mark.parametrize("core", CORES)
def test_one_function_alone(core):
    result = run("hal_style", core, entry=Entry("work", ("10",)))
    expected = sum([3, 5, 7, 11][n & 3] * (n + 1) for n in range(10))
    assert result.end.kind == "returned" and result.end.text == f"the function returned {expected} ({expected:#x})"
    assert [one.name for one in result.functions] == ["work"]


def test_a_region_is_the_same_however_it_is_found():
    """The calls of a function, its two addresses, and the difference of two runs."""
    image = load_image(build("hal_style", "m4"), None)
    work = image.functions["work"]
    alone = run("hal_style", "m4", entry=Entry("work", ("1000",)))
    by_symbol = run("hal_style", "m4", talk=ONE_INFERENCE, region="work")
    assert len(by_symbol.region.occurrences) == 1
    assert function(by_symbol, "work").instructions == function(alone, "work").instructions
    assert abs(function(by_symbol, "work").cycles - function(alone, "work").cycles) <= 20
    back = next(one.address for one in by_symbol.call_sites if one.callee == "work") + 4
    by_addresses = run("hal_style", "m4", talk=ONE_INFERENCE, region=f"{work.address:#x}:{back:#x}")
    assert function(by_addresses, "work") == function(by_symbol, "work")
    one = run(
        "hal_style", "m4", talk=dataclasses.replace(ONE_INFERENCE, pieces=(b"infer%", b"name%"), until="m-name-hal")
    )
    two = run("hal_style", "m4", talk=TWO_INFERENCES)
    difference = execution.minus(two, one)
    assert function(difference, "work").instructions == function(alone, "work").instructions
    assert function(difference, "work").calls == 1 and function(difference, "work").cycles > 0
    assert "less those of another" in difference.notes[-1]
    with pytest.raises(BadInputError, match="change their places"):
        execution.minus(one, two)
    with pytest.raises(BadInputError, match=r"cannot be subtracted: firmware\.sha256"):
        execution.minus(two, run("semihosting", "m4"))


def test_a_region_between_two_texts_and_two_marks():
    by_text = run("hal_style", "m4", talk=ONE_INFERENCE, texts=("m-start\r\n", "m-result-"))
    assert len(by_text.region.occurrences) == 1 and function(by_text, "work").calls == 1
    assert "Reset_Handler" not in {one.name for one in by_text.functions}
    by_marks = run("hal_style", "m4", talk=ONE_INFERENCE, marker=0x40021000)  # RCC_CR: oscillator on, PLL off and on
    assert len(by_marks.region.occurrences) == 1 and by_marks.region.occurrences[0].cycles < 200
    assert function(by_marks, "wait_for").calls == 1


def test_a_region_that_never_ran():
    with pytest.raises(EmulationError, match="never ran to its end"):
        run("hal_style", "m4", talk=Talk(until="m-ready"), region="work")
    for options, words in (
        ({"region": "nothing"}, "it has no such function"),
        ({"region": "work", "marker": 0x40000000}, "give one of them"),
        ({"texts": ("", "x")}, "two texts that are not empty"),
    ):
        with pytest.raises(BadInputError, match=words):
            run("hal_style", "m4", **options)


def test_stack_bytes_and_loops():
    result = run("hal_style", "m4", talk=ONE_INFERENCE, region="work")
    work = load_image(build("hal_style", "m4"), None).functions["work"]
    loop = result.loops[0]
    assert loop.function == "work" and work.address <= loop.address < work.end
    assert 990 <= loop.iterations <= 999  # an interrupt between two rounds hides the way back
    assert {line.executions for line in loop.lines} == {1000}
    assert loop.lines[0].source.startswith("hal_style.c:")
    (stack,) = result.stack_use
    assert stack.name == "MSP" and 64 <= stack.used_bytes <= 256
    assert any(one.name.startswith("SRAM") and 0 < one.written_bytes < 512 for one in result.memory)


@pytest.mark.parametrize("core, other", [("m4", "m0plus"), ("m33", "m4")])
def test_code_of_another_instruction_set_is_refused(core, other):
    image = load_image(build("hal_style", core), None)
    with pytest.raises(UnsupportedError, match="does not include that"):
        run("hal_style", other, image=image)


def test_dsp_code_of_unknown_origin_is_refused_by_decoding():
    """A raw binary does not say what it is built for: the instruction itself is refused."""
    code = bytes.fromhex("21fb 02f0") + b"\xfe\xe7"  # smlad r0, r1, r2, pc → smuad
    image = parse_image((0x20000400).to_bytes(4, "little") + (0x08000009).to_bytes(4, "little") + code, "x", 0x08000000)
    board = load_board("bluepill_f103")
    with pytest.raises(UnsupportedError, match="the DSP extension"):
        execute(image, board, chip_of(board.mcu), max_instructions=100)


@pytest.mark.parametrize(
    "entry, words",
    [
        (Entry("nothing"), "it has no such function"),
        (Entry("work", ("a",)), "expected an integer or a symbol"),
        (Entry("work", ("0x100000000",)), "at most 32 bits"),
        (Entry(None, ("1",)), "name it with --entry"),
    ],
)
def test_entries_that_cannot_be(entry, words):
    with pytest.raises(BadInputError, match=words):
        run("hal_style", "m4", entry=entry)


def test_a_program_outside_the_boards_memory():
    image = parse_image(elf([(0x60000000, 0x60000000, bytes(64), 64)]), "far.elf")
    with pytest.raises(BadInputError, match="where the board has no memory; it has"):
        run("hal_style", "m4", image=image)


def test_the_vector_table_is_found():
    board = load_board(BOARDS["m4"])
    assert find_vector_table(load_image(build("hal_style", "m4", "hex"), None), board) == 0x08000000
    assert find_vector_table(parse_image(bytes(64), "x", 0x08000000), board) is None
    with pytest.raises(BadInputError, match="has no vector table"):
        run("hal_style", "m4", image=parse_image(bytes(64), "x", 0x08000000))


def test_a_run_is_the_same_every_time_and_survives_json():
    first, second = (run("hal_style", "m33", talk=ONE_INFERENCE) for _ in range(2))
    assert first == second
    document = json.loads(json.dumps(execution.to_json(first)))
    assert execution.from_json(document, "x.json") == first
    document["totals"]["cycles"] += 1
    with pytest.raises(BadInputError, match=r"totals\.cycles: expected the sum"):
        execution.from_json(document, "x.json")
    with pytest.raises(BadInputError, match=r"schema: expected 'mcusim\.exec/1'"):
        execution.from_json({"schema": "mcusim.run/1"}, "x.json")
