"""Programs that set flash and caches themselves: each part of them takes the cycles of what was in force."""

import dataclasses
import json

import pytest
from firmware_build import BOARDS, build

from mcusim import execution
from mcusim.chips import chip_of, load_chip
from mcusim.errors import BadInputError
from mcusim.execute import Entry, execute
from mcusim.flash_settings import applied
from mcusim.hardware import load_board
from mcusim.images import load_image
from mcusim.intervals import parse_interest
from mcusim.renderers import execution as renderer

L4R5 = load_board("nucleo_l4r5zi")
ACR, U5_ICACHE, CCR = 0x40022000, 0x40030400, 0xE000ED14
CACHES_ON = 0x600  # of FLASH_ACR, as after reset
CACHE_LINES = ("instruction_lines", "data_lines", "line_bytes")


def run(core, register, first, second, board=None, region=None, follows=True, entry=None):
    """The program works four times: it writes `first` after the second time and `second` after the third."""
    board = board or load_board(BOARDS[core])
    defines = (f"REGISTER={register:#x}u", f"FIRST={first:#x}u", f"SECOND={second:#x}u")
    image = load_image(build("flash_settings", core, "elf", defines), None)
    chip = chip_of(board.mcu)
    if not follows:
        chip = dataclasses.replace(chip, setting=())
    interest = parse_interest(region, None, None, image) if region else None
    return execute(image, board, chip, interest=interest, entry=entry or Entry(), max_instructions=1_000_000)


def times(*arguments, **options):
    """The cycles of each time that the program works."""
    return [one.cycles for one in run(*arguments, region="work", **options).region.occurrences]


def test_each_part_takes_the_cycles_of_its_wait_states():
    """Those of runs with 5, 3 and 0 wait states throughout; the rules of zero wait states follow, too."""
    writes = "m4", ACR, CACHES_ON | 3, CACHES_ON
    five, three, zero = (times(*writes, board=L4R5.at_clock(hz), follows=False) for hz in (120e6, 80e6, 20e6))
    assert len(set(zero)) == 1 and len({five[-1], three[-1], zero[-1]}) == 3
    assert times(*writes) == [five[0], five[1], three[2], zero[3]]


def test_the_parts_sum_to_the_whole():
    whole = run("m4", ACR, CACHES_ON | 3, CACHES_ON)
    assert [one.wait_states for one in whole.flash] == [5, 3, 0]
    assert [one.memory for one in whole.flash] == ["art", "art", "zero_wait"]
    assert whole.flash[0].words == "5 wait states, as boards/nucleo_l4r5zi.toml has it"
    assert sum(one.cycles for one in whole.flash) == whole.totals.cycles
    assert sum(one.instructions for one in whole.flash) == whole.totals.instructions
    assert (
        sum(one.cycles for one in whole.functions) == whole.totals.cycles == sum(whole.totals.cycles_by_cause.values())
    )
    part = run("m4", ACR, CACHES_ON | 3, CACHES_ON, region="work")
    assert [one.cycles for one in part.flash] == [
        sum(one.cycles for one in part.region.occurrences[:2]),
        *(one.cycles for one in part.region.occurrences[2:]),
    ]


def test_going_back_to_a_setting_goes_on_with_it():
    result = run("m4", ACR, CACHES_ON | 3, CACHES_ON | 5)
    assert [one.wait_states for one in result.flash] == [5, 3]
    whole = run("m4", ACR, CACHES_ON | 3, CACHES_ON | 5, follows=False)
    there_and_back = times("m4", ACR, CACHES_ON | 3, CACHES_ON | 5)
    assert abs(there_and_back[3] - times("m4", ACR, CACHES_ON | 3, CACHES_ON | 5, follows=False)[3]) <= 5
    assert result.flash[0].instructions + result.flash[1].instructions == whole.totals.instructions


def test_the_boards_own_setting_is_no_other():
    result = run("m4", ACR, CACHES_ON | 5, CACHES_ON | 5)
    assert len(result.flash) == 1 and not any("sets flash" in note for note in result.notes)
    assert result.totals == run("m4", ACR, CACHES_ON | 5, CACHES_ON | 5, follows=False).totals


def test_one_function_alone_keeps_the_boards_setting():
    result = run("m4", ACR, CACHES_ON | 3, CACHES_ON, entry=Entry("set", ("0x600",)))
    assert [one.wait_states for one in result.flash] == [5]


def test_caches_of_the_core():
    """On from the first write of SCB_CCR that changes them; a write of its other bits says nothing."""
    on, both, code, later = times("m7", CCR, 0x30200, 0x20200)
    assert on >= both == code < later
    off = run("m7", CCR, 0x30200, 0x20200)
    assert [one.words for one in off.flash] == [
        "6 wait states, as boards/nucleo_h7a3zi_q.toml has it",
        "6 wait states, data cache off",
    ]
    assert any("what flash costs without them is assumed" in note for note in off.notes)
    kept = run("m7", CCR, 0x200, 0x210)
    assert len(kept.flash) == 1
    assert [note.split(" (")[0] for note in kept.notes if "never turns" in note] == [
        "The program never turns the instruction cache on",
        "The program never turns the data cache on",
    ]


@pytest.mark.parametrize("register", [U5_ICACHE, U5_ICACHE | 1 << 28])
def test_the_cache_of_a_u5_by_either_address(register):
    before, warm, with_cache, without = times("m33", register, 5, 4)
    assert before >= warm == with_cache < without
    result = run("m33", register, 5, 4)
    assert not any("never turns" in note for note in result.notes)
    assert result.totals.error_percent is not None, "most cycles are those with the cache"


def test_a_result_that_rests_mostly_on_an_assumption_has_no_error():
    result = run("m33", U5_ICACHE, 4, 4)
    assert "4 wait states, instruction cache off" in result.totals.error_percent_reason


def test_wait_states_that_another_clock_needs_are_told_with_the_clock():
    told = run("m4", ACR, CACHES_ON | 2, CACHES_ON | 2, board=L4R5.at_clock(20_000_000)).notes
    assert any("Most of it ran with 2 wait states" in note and "--clock 60MHz" in note for note in told)


def test_at_zero_wait_states_figures_are_those_of_zero_wait():
    result = run("m4", ACR, CACHES_ON, CACHES_ON, board=L4R5.at_clock(20_000_000))
    assert result.board.memory == "zero_wait" and "memory timing zero_wait" in result.totals.error_percent_reason
    assert not any("ART" in note for note in result.notes)


def test_the_possible_memory_systems_keep_their_range():
    """nRF52840's cache may have 2 or 4 ways and lines of 16 or 32 bytes; so it may without the cache."""
    board = load_board("nano33ble")
    at = {"flash": 0x08000000}
    board = dataclasses.replace(
        board, regions=tuple(dataclasses.replace(one, address=at.get(one.kind, one.address)) for one in board.regions)
    )
    result = run("m4", 0x4001E540, 1, 0, board=board)
    assert [one.words.split(",")[1] for one in result.flash] == [
        " as boards/nano33ble.toml has it",
        " instruction cache off",
    ]
    assert result.totals.least_cycles < result.totals.most_cycles
    assert result.totals.least_cycles <= result.totals.cycles <= result.totals.most_cycles
    first = dataclasses.replace(
        board,
        memory=dataclasses.replace(
            board.memory,
            parameters={
                name: dataclasses.replace(one, values=one.values[:1]) for name, one in board.memory.parameters.items()
            },
        ),
    )
    assert run("m4", 0x4001E540, 1, 0, board=first).totals.cycles == result.totals.cycles
    assert times("m4", 0x4001E540, 1, 0, board=first) == times("m4", 0x4001E540, 1, 0, board=board), "one clock"


def test_what_settings_make_of_a_board():
    board, (choice,) = applied(L4R5, {"wait_states": 2, "prefetch": 1, "instruction_cache": 1, "data_cache": 1})
    assert board.flash_timing.wait_states == 2 and choice.parameters["prefetch"] == 1
    _, (choice,) = applied(L4R5, {"instruction_cache": 0})
    assert [choice.parameters[name] for name in CACHE_LINES] == [1, 32, 8], "a granule, and 256 bytes for data"
    _, (choice,) = applied(L4R5, {"instruction_cache": 0, "data_cache": 0})
    assert [choice.parameters[name] for name in CACHE_LINES] == [1, 1, 8]
    g0, (choice,) = applied(load_board("nucleo_g0b1re"), {"prefetch": 0, "wait_states": 1})
    assert "prefetch" not in g0.memory.parameters and choice.parameters["prefetch"] == 0
    assert applied(L4R5, {})[0] == L4R5


def test_the_report_has_a_row_for_each_setting():
    result = run("m4", ACR, CACHES_ON | 3, CACHES_ON)
    text = renderer.text(result, 120)
    assert "Flash and caches as they were set" in text and "3 wait states, prefetch off" in text
    document = json.loads(json.dumps(execution.to_json(result)))
    assert execution.from_json(document, "x.json") == result
    document["flash"][0]["cycles"] += 1
    with pytest.raises(BadInputError, match="flash: expected cycles that sum to"):
        execution.from_json(document, "x.json")
    assert execution.minus(result, result).flash == ()


@pytest.mark.parametrize(
    "name",
    [
        *("stm32f0", "stm32f1", "stm32f4", "stm32f7", "stm32g0", "stm32g4", "stm32h7", "stm32h7a3", "stm32l4"),
        *("stm32l4plus", "stm32u3", "stm32u5", "samd21", "ra6m4", "psoc6_1m", "psoc6_2m"),
    ],
)
def test_chips_of_which_wait_states_are_known(name):
    assert any(one.what == "wait_states" for one in load_chip(name).setting)


@pytest.mark.parametrize("name", ["nrf52", "nrf53", "samd51", "ra6m4", "psoc6_1m", "psoc6_2m", "stm32u5", "stm32u3"])
def test_chips_of_which_the_cache_is_known(name):
    assert any(one.what == "instruction_cache" for one in load_chip(name).setting)


@pytest.mark.parametrize(
    "board, chip",
    [
        ("feather_m4", "samd51"),
        ("arduino_zero", "samd21"),
        ("ek_ra6m4", "ra6m4"),
        ("cy8ckit_062_ble", "psoc6_1m"),
        ("cy8cproto_062", "psoc6_2m"),
    ],
)
def test_boards_whose_chips_are_known_by_their_flash(board, chip):
    assert chip_of(load_board(board).mcu).id == chip
