"""Boards and cores: what ships is true to the reference data, and a user's file is refused for anything wrong."""

import csv
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


def test_the_promised_boards_ship():
    promised = {"nano33ble", "nucleo_l4r5zi", "stm32f407_disco", "nucleo_f446re", "feather_m4", "sparkfun_edge"}
    assert promised <= set(board_names())


@pytest.mark.parametrize("folder", ["boards", "cores"])
def test_every_fact_has_a_source(folder):
    """Each table that holds a value, not only other tables, says where it is from."""
    for path in sorted((PACKAGE / folder).glob("*.toml")):
        for key, table in tables_of(tomllib.loads(path.read_text(encoding="utf-8"))):
            if any(not isinstance(value, dict) for value in table.values()):
                assert len(table.get("source", "")) > 10, f"{path.name}: {key} has no source"


@pytest.mark.parametrize("name", board_names())
def test_boards_agree_with_the_reference_data(name, reference_data):
    with (reference_data / "facts" / "boards.csv").open(encoding="utf-8") as file:
        facts = next(row for row in csv.DictReader(file) if row["board_id"] == name)
    board = load_board(name)
    assert board.clock_hz == int(facts["max_clock_hz"])
    assert board.ram_bytes == int(facts["sram_total_bytes"])
    assert board.largest_ram_bytes == int(facts["sram_largest_contiguous_bytes"])
    assert board.flash_bytes == int(facts["flash_bytes"])
    assert board.reserved_ram.bytes == int(facts["reserved_ram_bytes"])
    assert board.reserved_flash.bytes == int(facts["reserved_flash_bytes"])
    waits = facts["flash_ws_at_max"]
    assert board.flash_timing.wait_states == (None if waits == "unknown" else int(waits))
    if board.power and not board.power.measured:
        assert board.power.current_a * 1e3 == pytest.approx(float(facts["run_ma"]))
        assert board.power.voltage_v == float(facts["run_v"])
        assert board.power.clock_hz == int(facts["run_clock_hz"])


def test_measured_power_is_that_of_mlperf_tiny():
    power = load_board("nucleo_l4r5zi").power
    watts = [0.0428, 0.0350, 0.0450, 0.0473]
    assert power.measured
    assert power.current_a * power.voltage_v == pytest.approx(sum(watts) / 4, rel=0.002)


def test_l4r5_takes_the_refill_of_its_clock():
    rule = load_board("nucleo_l4r5zi").rules["conditional_branch_refill"]
    assert rule.value == 2
    assert "1 + 2" in rule.source and "1 + 3" in rule.source


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
