"""Chip files: what comes with mcusim is sound, and anything else is refused with file and key."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.chips import GENERIC, chip_names, chip_of, load_chip, parse_chip
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.hardware import board_names, load_board

HEAD = 'id = "x"\nname = "X"\nmcus = ["X1"]\nsource = "a test"\n'
SETTING = '[[setting]]\nwhat = "wait_states"\nname = "S"\naddress = 0x4000_0000\nbits = {}\nsource = "a test"\n'
REGISTER = '[[register]]\nname = "R"\naddress = {}\nsource = "a test"\n'


@pytest.mark.parametrize("name", chip_names())
def test_bundled_files(name):
    chip = load_chip(name)
    assert chip.id == name and (chip.mcus or name == GENERIC)
    devices = sorted((one.address, one.name) for one in (*chip.uart, *chip.timer))
    assert len({address for address, _ in devices}) == len(devices)
    registers = [one.address for one in chip.register]
    assert len(set(registers)) == len(registers)
    for one in chip.register:
        assert one.reset or one.follow or one.ones, f"{one.name} says nothing"


@pytest.mark.parametrize(
    "mcu, chip",
    [
        ("STM32L4R5ZIT6", "stm32l4plus"),
        ("STM32L475VG", "stm32l4"),
        ("STM32H7A3ZIT6Q", "stm32h7a3"),
        ("STM32H743ZI", "stm32h7"),
        ("nRF52840", "nrf52"),
        ("unheard-of", GENERIC),
    ],
)
def test_the_longest_beginning_counts(mcu, chip):
    assert chip_of(mcu).id == chip


def test_every_stm32_board_has_a_chip_with_a_serial_port():
    for name in board_names():
        mcu = load_board(name).mcu
        if mcu.startswith("STM32"):
            assert chip_of(mcu).uart, f"{name}: nothing is known of {mcu}"


@pytest.mark.parametrize(
    "text, words",
    [
        ("id = ", "is not valid TOML"),
        ("", "id is missing"),
        (HEAD + "speed = 1\n", "unknown key 'speed'"),
        (HEAD.replace('"a test"', '" "'), "source: expected words"),
        (HEAD + "priority_bits = 9\n", "priority_bits: expected 0x1 to 0x8"),
        (HEAD + "systick_divider = 0\n", "systick_divider"),
        (
            HEAD + SETTING.format("0x0000_3FF0"),
            r"setting\[0\].bits without the zeros behind them: expected 0x1 to 0xff",
        ),
        (HEAD + REGISTER.format("0x2000_0000"), r"register\[0\].address: expected 0x40000000"),
        (HEAD + REGISTER.format("0x4000_0002"), "multiple of 4"),
        (HEAD + REGISTER.format("0x4000_0000") + "reset = -1\n", "reset: expected 0x0"),
        (HEAD + REGISTER.format("0x4000_0000") + "follow = [{ bits = 1, shift = 40 }]\n", "follow.shift"),
        (
            HEAD + '[[uart]]\nname = "U"\nkind = "8250"\naddress = 0x4000_0000\nirq = 1\nsource = "x"\n',
            "kind: expected",
        ),
        (HEAD + '[[zeros]]\nname = "Z"\naddress = 0xFFFF_FFFF\nbytes = 8\nsource = "x"\n', r"zeros\[0\].address"),
        (HEAD + '[[alias]]\nname = "A"\naddress = 0\nof = 0\nbytes = 0x1000_0000\nsource = "x"\n', r"alias\[0\].bytes"),
    ],
)
def test_refusals_name_file_and_key(text, words):
    with pytest.raises(BadInputError, match=words) as caught:
        parse_chip(text, "my.toml")
    assert str(caught.value).startswith("my.toml")


def test_an_unknown_name(tmp_path):
    with pytest.raises(UnsupportedError, match=r"did you mean 'stm32l4'\?"):
        load_chip("stm32l44")
    path = tmp_path / "mine.toml"
    path.write_text(HEAD)
    assert load_chip(path).id == "x"
    with pytest.raises(BadInputError, match="cannot read"):
        load_chip(tmp_path / "none.toml")


VALUE = st.one_of(st.integers(-(2**70), 2**70), st.text(max_size=5), st.booleans(), st.floats(allow_nan=False))


@given(st.dictionaries(st.sampled_from(["id", "name", "mcus", "register", "uart", "alias", "bit_band"]), VALUE))
@settings(max_examples=100)
def test_any_values_are_a_chip_or_a_sentence(values):
    text = "\n".join(
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}" for key, value in values.items()
    )
    try:
        parse_chip(text, "x.toml")
    except BadInputError as error:
        assert str(error).startswith("x.toml")
