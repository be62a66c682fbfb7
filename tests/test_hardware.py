"""Boards and cores: what ships is true to the reference data, and a user's file is refused for anything wrong."""

import csv
import dataclasses
import os
import tomllib
from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim import hardware
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.hardware import PACKAGE, board_names, core_names, load_board, load_core
from mcusim.trace import CAUSES

NANO = (PACKAGE / "boards" / "nano33ble.toml").read_text(encoding="utf-8")
M4 = (PACKAGE / "cores" / "cortex_m4.toml").read_text(encoding="utf-8")


def written(tmp_path, text, name="mine.toml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def tables_of(value, key=""):
    """Every (key, table) of a TOML document."""
    if isinstance(value, dict):
        yield key, value
        for name, item in value.items():
            yield from tables_of(item, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from tables_of(item, f"{key}[{index}]")


@pytest.mark.parametrize("name", board_names())
def test_bundled_boards_load_and_name_themselves(name):
    board = load_board(name)
    assert board.id == name
    assert board.file == f"boards/{name}.toml"
    assert load_core(board.core).id == board.core
    assert (board.power is None) == (board.power_reason is not None)


@pytest.mark.parametrize("name", core_names())
def test_bundled_cores_load_and_name_themselves(name):
    assert load_core(name).id == name


# Boards that the reference data does not have; of the others it has all.
OWN_BOARDS = {"nucleo_g0b1re", "nucleo_u385rg_q"}
# Where the reference data says something else, and why the board's file is right.
BETTER = {
    ("corstone300", "flash_bytes"): 8 << 20,  # counts flash inside only: the QSPI beside the FPGA is all there is
    ("corstone300", "flash_ws_at_max"): None,  # "0" of a virtual platform without timing says nothing about QSPI
    ("ek_ra6m4", "flash_ws_at_max"): 3,  # "unknown": what clock set-up code writes to FLWT for 200 MHz
}


def test_all_known_boards_ship(reference_data):
    with (reference_data / "facts" / "boards.csv").open(encoding="utf-8") as file:
        assert {row["board_id"] for row in csv.DictReader(file)} | OWN_BOARDS == set(board_names())


@pytest.mark.parametrize("folder", ["boards", "cores"])
def test_every_fact_has_a_source(folder):
    """Each table that holds a value, not only other tables, says where it is from."""
    for path in sorted((PACKAGE / folder).glob("*.toml")):
        for key, table in tables_of(tomllib.loads(path.read_text(encoding="utf-8"))):
            if ".steps[" not in key and any(not isinstance(value, dict) for value in table.values()):
                assert len(table.get("source", "")) > 10, f"{path.name}: {key} has no source"


@pytest.mark.parametrize("name", sorted(set(board_names()) - OWN_BOARDS))
def test_boards_agree_with_the_reference_data(name, reference_data):
    with (reference_data / "facts" / "boards.csv").open(encoding="utf-8") as file:
        facts = next(row for row in csv.DictReader(file) if row["board_id"] == name)
    board = load_board(name)
    assert board.clock_hz == int(facts["max_clock_hz"])
    assert board.ram_bytes == int(facts["sram_total_bytes"])
    assert board.largest_ram_bytes == int(facts["sram_largest_contiguous_bytes"])
    assert board.flash_bytes == BETTER.get((name, "flash_bytes"), int(facts["flash_bytes"]))
    assert load_core(board.core).name == facts["core"].replace("M4F", "M4")
    assert board.reserved_ram.bytes == int(facts["reserved_ram_bytes"])
    assert board.reserved_flash.bytes == int(facts["reserved_flash_bytes"])
    waits = facts["flash_ws_at_max"]
    known = int(waits) if waits.isdigit() else None
    assert board.flash_timing.wait_states == BETTER.get((name, "flash_ws_at_max"), known)
    if board.power and not board.power.measured:
        kind = "measured_nn" if facts["measured_nn_ma"] else "run"
        assert board.power.current_a * 1e3 == pytest.approx(float(facts[f"{kind}_ma"]))
        assert board.power.voltage_v == float(facts[f"{kind}_v"])
        assert board.power.clock_hz == int(facts["max_clock_hz" if kind == "measured_nn" else "run_clock_hz"])


@pytest.mark.parametrize("name", sorted(set(board_names()) - OWN_BOARDS))
def test_the_banks_of_a_board_are_those_of_the_reference_data(name, reference_data):
    """Every bank's size is listed there; external memory is not."""
    with (reference_data / "facts" / "boards.csv").open(encoding="utf-8") as file:
        facts = next(row for row in csv.DictReader(file) if row["board_id"] == name)
    listed = sorted(int(bank.partition("=")[2]) for bank in facts["sram_banks"].split(";"))
    if name == "nano33ble":
        assert listed == [65_536, 196_608]  # RAM0 to RAM7 and RAM8, which one region holds
        listed = [262_144]
    assert sorted(region.bytes for region in load_board(name).main_regions("ram")) == listed


@pytest.mark.parametrize("name", board_names())
def test_the_steps_of_flash_end_at_the_board_s_clock(name):
    board = load_board(name)
    steps = board.flash_timing.steps
    assert not steps or steps[-1].up_to_hz == board.clock_hz


@pytest.mark.parametrize(
    "name, hz, waits",
    [
        ("nucleo_l4r5zi", 120_000_000, 5),
        ("nucleo_l4r5zi", 80_000_000, 3),
        ("nucleo_l4r5zi", 80_000_001, 4),
        ("nucleo_l4r5zi", 20_000_000, 0),
        ("nucleo_h743zi", 400_000_000, 2),
        ("feather_m4", 119_000_000, 4),
        ("stm32f407_disco", 24_000_000, 0),
        ("nano33ble", 64_000_000, 2),
        ("nano33ble", 32_000_000, None),
        ("sparkfun_edge", 48_000_000, None),
    ],
)
def test_wait_states_follow_the_clock(name, hz, waits):
    board = load_board(name)
    at = board.at_clock(hz)
    assert (at.clock_hz, at.flash_timing.wait_states) == (hz, waits)
    assert at.power == board.power and at.regions == board.regions


def test_flash_without_wait_states_has_none_at_lower_clocks():
    board = load_board("nano33ble")
    fast = dataclasses.replace(board, flash_timing=dataclasses.replace(board.flash_timing, wait_states=0))
    assert fast.at_clock(1_000_000).flash_timing.wait_states == 0


@pytest.mark.parametrize("hz", [0, 999, 120_000_001, 10**12])
def test_clocks_that_a_board_does_not_reach_are_refused(hz):
    with pytest.raises(UnsupportedError, match=r"nucleo_l4r5zi cannot run at .* MHz; it takes 0\.001 to 120 MHz"):
        load_board("nucleo_l4r5zi").at_clock(hz)


# Milliwatts of ad, ic, kws and vww as far as submitted, energy times throughput (MLPerf Tiny v1.1, v1.3 and v0.7).
MEASURED_MW = {
    "nucleo_l4r5zi": (42.8, 35.0, 45.0, 47.3),
    "nucleo_h7a3zi_q": (122.0, 121.8, 122.2, 125.3),
    "nucleo_u575zi_q": (24.1, 23.4, 22.9, 23.1),
    "nucleo_u385rg_q": (5.88, 5.29, 5.08, 5.25),
    "xg24_dk2601b": (8.45, 9.35, 9.68, 9.24),
    "ek_ra6m4": (70.25, 71.99, 75.08),
}


def test_measured_power_is_that_of_mlperf_tiny():
    measured = {name: power for name in board_names() if (power := load_board(name).power) and power.measured}
    assert set(measured) == set(MEASURED_MW)
    for name, power in measured.items():
        mean = sum(MEASURED_MW[name]) / len(MEASURED_MW[name])
        assert power.current_a * power.voltage_v * 1e3 == pytest.approx(mean, rel=0.003), name


def test_l4r5_takes_the_refill_of_its_clock():
    board = load_board("nucleo_l4r5zi")
    fast, slow = (board.at_clock(hz).active_rules["conditional_branch_refill"] for hz in (120_000_000, 20_000_000))
    assert (fast.value, slow.value) == (2, 3)
    assert "120 MHz" in fast.source
    assert "20 MHz, zero wait states" in slow.source


def test_neighbouring_banks_are_one_run_and_others_are_not(tmp_path):
    assert load_board("stm32f407_disco").largest_ram_bytes == 131_072
    assert load_board("nucleo_l476rg").largest_ram_bytes == 98_304


def test_own_file_works_wherever_a_name_does(tmp_path, monkeypatch):
    path = written(tmp_path, NANO.replace('id = "nano33ble"', 'id = "mine"'))
    assert load_board(path).id == load_board(str(path)).id == "mine"
    assert load_board(path).file == str(path)
    monkeypatch.chdir(tmp_path)
    assert load_board("mine.toml").id == "mine"
    (tmp_path / "bare").write_bytes(path.read_bytes())
    assert load_board("bare").id == "mine"
    assert load_core(written(tmp_path, M4, "core.toml")) == load_core("cortex_m4")


def test_core_beside_a_board_file(tmp_path):
    written(tmp_path, M4, "my_core.toml")
    board = load_board(written(tmp_path, NANO.replace('core = "cortex_m4"', 'core = "my_core.toml"')))
    assert load_core(board.core).id == "cortex_m4"


@pytest.mark.parametrize("name, meant", [("nano33", "nano33ble"), ("NUCLEO-L4R5ZI", "nucleo_l4r5zi")])
def test_unknown_board_lists_the_known_and_the_nearest(name, meant):
    with pytest.raises(UnsupportedError) as caught:
        load_board(name)
    assert f"did you mean '{meant}'" in str(caught.value)
    assert all(known in str(caught.value) for known in board_names())


def test_unknown_core_lists_the_known():
    with pytest.raises(UnsupportedError, match=r"unknown core 'cortex_m44'.*did you mean 'cortex_m4'"):
        load_core("cortex_m44")


BROKEN_BOARDS = {
    "no id": ('id = "nano33ble"\n', "", "id is missing; expected a text"),
    "empty id": ('id = "nano33ble"', 'id = " "', "id: expected words"),
    "unknown key": ("hz = 64", "khz = 1\nhz = 64", "clock: unknown key 'khz'; did you mean 'hz'"),
    "wrong type": ("hz = 64_000_000", 'hz = "fast"', "clock.hz: expected an integer, found 'fast'"),
    "float for integer": ("hz = 64_000_000", "hz = 64e6", "clock.hz: expected an integer"),
    "true for integer": ("hz = 64_000_000", "hz = true", "clock.hz: expected an integer, found true"),
    "huge integer": ("hz = 64_000_000", "hz = 9" + "0" * 100, "clock.hz: expected an integer of at most 63 bits"),
    "endless integer": ("hz = 64_000_000", "hz = 9" + "0" * 9000, "is not valid TOML"),
    "no clock": ("hz = 64_000_000", "hz = 0", "clock.hz: expected 1,000 to"),
    "table for value": ("[clock]", "[[clock]]", "clock: expected a table of hz, source, found a list"),
    "no source": ('source = "nRF52840 Product Specification, memory map"\n', "", "region[1]: source is missing"),
    "blank source": ('source = "nRF52840 Product Specification, memory map"', 'source = " "', "source: expected words"),
    "bad kind": ('kind = "ram"', 'kind = "rom"', "region[0].kind: expected one of 'ram', 'flash', found 'rom'"),
    "negative size": ("bytes = 262_144", "bytes = -1", "region[0].bytes: expected 1 to"),
    "absurd size": ("bytes = 262_144", "bytes = 99_999_999_999", "region[0].bytes: expected 1 to"),
    "beyond 32 bits": ("0x2000_0000", "0xFFFF_FFFF", "region[0].address: expected 0 to"),
    "more RAM than can be simulated": ("bytes = 262_144", "bytes = 1_000_000_000", "expected 1 to 67,108,864"),
    "private peripheral bus": ("0x2000_0000", "0xE000_E000", "region[0].address: expected 0 to"),
    "no word address": ("0x2000_0000", "0x2000_0003", "expected an address and a size in words of 4 bytes"),
    "overlap": ("address = 0x2000_0000", "address = 0x000F_0000", "banks that do not overlap, found flash"),
    "same name": ('name = "flash"', 'name = "RAM"', "expected each name once, found 'RAM' again"),
    "no RAM": ('kind = "ram"', 'kind = "flash"', 'expected at least one of kind = "ram"'),
    "all reserved": ("bytes = 45_056", "bytes = 300_000", "reserved.ram.bytes: expected 0 to 262,144"),
    "waits": ("wait_states = 2", "wait_states = -2", "flash.wait_states: expected 0 to 255"),
    "waits left out": ("wait_states = 2\n", "", "flash: wait_states is missing"),
    "current": ("current_a = 0.0033", "current_a = 3300.0", "power.current_a: expected"),
    "not a number": ("current_a = 0.0033", "current_a = nan", "power.current_a: expected a finite number"),
    "power and reason": ("[clock]", 'power_reason = "?"\n[clock]', "both are given"),
    "steps and waits": (
        "wait_states = 2\n",
        "wait_states = 2\nsteps = [{ up_to_hz = 64_000_000, cycles = 1 }]\n",
        "flash.steps: expected the 2 wait states of 64,000,000 Hz, found 1",
    ),
    "steps too short": (
        "wait_states = 2\n",
        "wait_states = 2\nsteps = [{ up_to_hz = 32_000_000, cycles = 1 }]\n",
        "flash.steps: expected the 2 wait states of 64,000,000 Hz, found none",
    ),
    "steps fall": (
        "wait_states = 2\n",
        "wait_states = 2\nsteps = [{ up_to_hz = 64_000_000, cycles = 2 }, { up_to_hz = 32_000_000, cycles = 3 }]\n",
        "flash.steps[1].up_to_hz: expected 64,000,001 to",
    ),
    "waits fall": (
        "wait_states = 2\n",
        "wait_states = 2\nsteps = [{ up_to_hz = 32_000_000, cycles = 2 }, { up_to_hz = 64_000_000, cycles = 2 }]\n",
        "flash.steps[1].cycles: expected 3 to 255, found 2",
    ),
    "unknown role": ('kind = "ram"', 'kind = "ram"\nrole = "tcm"', "region[0].role: expected one of 'sram', 'dtcm'"),
    "not TOML": ("[clock]", "[clock", "is not valid TOML"),
    "duplicate": ("[clock]", "[clock]\nhz = 5", "is not valid TOML"),
    "nested": ("[clock]", "x = " + "[" * 5000 + "\n[clock]", "is not valid TOML"),
    "rule": ("[clock]", '[rules.x]\nvalue = -1\nsource = "s"\n[clock]', "rules.x.value: expected 0 to 1,000"),
}


@pytest.mark.parametrize("old, new, expected", BROKEN_BOARDS.values(), ids=BROKEN_BOARDS)
def test_broken_board_file_names_file_key_and_what_is_expected(tmp_path, old, new, expected):
    assert old in NANO
    path = written(tmp_path, NANO.replace(old, new, 1))
    with pytest.raises(BadInputError) as caught:
        load_board(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert expected in message
    assert "\n" not in message


def test_power_left_out_needs_a_reason(tmp_path):
    text = NANO[: NANO.index("[power]")]
    with pytest.raises(BadInputError, match="power: expected a value, or none and power_reason"):
        load_board(written(tmp_path, text))
    board = load_board(written(tmp_path, 'power_reason = "not measured"\n' + text))
    assert board.power is None and board.power_reason == "not measured"


BROKEN_CORES = {
    "no pipeline": ('pipeline = "in_order"', 'pipeline = "none"', "not_simulated: expected a reason exactly where"),
    "no reason": (
        'pipeline = "in_order"',
        'pipeline = "in_order"\nnot_simulated = "?"',
        "not_simulated: expected a reason",
    ),
    "cause": ('cause = "branch"', 'cause = "bad luck"', "cause: expected one of 'issue'"),
    "twice": ('mnemonics = ["b"]', 'mnemonics = ["mul"]', "each mnemonic once, found 'mul' again"),
    "cycles": ("cycles = 14", "cycles = -14", "cycles: expected 0 to 1,000, found -14"),
    "mnemonics": ('mnemonics = ["b"]', 'mnemonics = "b"', "mnemonics: expected a list, found 'b'"),
    "rule": ("[rules.it_folded]\nvalue = 0", "[rules.it_folded]\nvalue = 9999", "rules.it_folded.value: expected 0"),
    "dsp": ("dsp = true", "dsp = 1", "dsp: expected true or false, found 1"),
}


@pytest.mark.parametrize("old, new, expected", BROKEN_CORES.values(), ids=BROKEN_CORES)
def test_broken_core_file_names_key_and_what_is_expected(tmp_path, old, new, expected):
    assert old in M4
    with pytest.raises(BadInputError) as caught:
        load_core(written(tmp_path, M4.replace(old, new, 1)))
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "content, expected",
    [(b"\xff\xfe\x00", "is not UTF-8"), (b"# " + b"x" * (1 << 20), "is larger than"), (b"", "id is missing")],
    ids=["not UTF-8", "huge", "empty"],
)
def test_files_that_are_no_text_are_refused(tmp_path, content, expected):
    with pytest.raises(BadInputError, match=expected):
        load_board(written(tmp_path, content))


def test_directory_missing_and_endless_files_are_refused(tmp_path):
    with pytest.raises(BadInputError, match="is a directory"):
        load_board(tmp_path)
    with pytest.raises(BadInputError, match="no such file"):
        load_board(tmp_path / "none.toml")
    with pytest.raises(BadInputError, match="no regular file"):
        load_board("/dev/zero")
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(BadInputError, match="no regular file"):
        load_board(tmp_path / "pipe.toml")
    with pytest.raises(BadInputError, match="larger than"):
        load_board(written(tmp_path, "#" * 2_000_000))
    with pytest.raises(BadInputError, match="null byte"):
        load_board("a\0b.toml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_unreadable_file_is_refused(tmp_path):
    path = written(tmp_path, NANO)
    path.chmod(0)
    with pytest.raises(BadInputError, match="permission denied"):
        load_board(path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mutated_board_file_loads_or_is_refused(tmp_path_factory, data):
    """Whatever is cut out of or put into a file, there is a board or a BadInputError, nothing else."""
    begin = data.draw(st.integers(0, len(NANO)))
    end = min(len(NANO), begin + data.draw(st.integers(0, 40)))
    insert = data.draw(st.text(alphabet=" \"'[]{}=#.,-_\n0aeinf\\\x00é", max_size=8))
    path = written(tmp_path_factory.getbasetemp(), NANO[:begin] + insert + NANO[end:], "mutated.toml")
    try:
        assert load_board(path).ram_bytes > 0
    except BadInputError as error:
        assert str(path) in str(error)


def test_causes_of_a_core_file_are_those_of_a_trace():
    cause = get_type_hints(hardware._InstructionRow)["cause"]
    assert get_args(cause) == CAUSES
