"""Application profiles: those that come along, what several take together, and what is refused."""

import random

import pytest

from mcusim import app_profile
from mcusim.app_profile import application_of, load_profile, profile_names
from mcusim.application import UNKNOWN
from mcusim.errors import BadInputError, McusimError, UnsupportedError

GOOD = """
name = "mine"
summary = "two rows"
replaces_reserved = true
[interrupts]
nesting = 2
handler_bytes = 100
source = "measured"
[margin]
bytes = 256
source = "stated"
[[ram]]
name = "buffer"
kind = "sensor"
bytes = 1000
source = "arithmetic"
[[flash]]
name = "driver"
bytes = 500
source = "its map"
"""


def written(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_those_that_come_along():
    assert profile_names() == (
        *("audio_kws", "bare", "ble_sensor", "camera_ov7675", "freertos", "mbed_arduino", "zephyr"),
    )
    for name in profile_names():
        profile = load_profile(name)
        assert profile.name == name and profile.ram
        rows = (*profile.ram, *profile.flash, profile.interrupts, profile.margin)
        assert all(len(row.source) > 10 for row in rows)


def test_figures_that_are_documented():
    """FreeRTOS: FAQ on memory usage; Zephyr: Kconfig's defaults; a QCIF frame and a second of audio: arithmetic."""
    freertos = {row.name: row.bytes for row in load_profile("freertos").ram}
    assert freertos["FreeRTOS scheduler"] == 236
    assert freertos["idle and timer task"] == 2 * (64 + 128 * 4)
    zephyr = {row.name: row.bytes for row in load_profile("zephyr").ram}
    assert (zephyr["interrupt stack"], zephyr["idle thread's stack"]) == (2048, 320)
    assert load_profile("camera_ov7675").ram[0].bytes == 176 * 144
    audio = {row.name: row.bytes for row in load_profile("audio_kws").ram}
    assert (audio["a second of audio"], audio["features of 49 windows"]) == (16_000 * 2, 49 * 40)


def test_a_file_of_the_users(tmp_path):
    found = application_of([load_profile(written(tmp_path, GOOD))])
    assert found.names == ("mine",)
    assert [(one.name, one.kind, one.bytes) for one in found.ram] == [("buffer", "sensor", 1000)]
    assert [(one.name, one.bytes) for one in found.flash] == [("driver", 500)]
    assert found.reserved_ram is not None and found.reserved_ram.bytes == 0 and found.reserved_flash is None
    assert found.interrupts.bytes_of(None) == 2 * 132 and found.margin.bytes == 256


def test_several_come_on_top_of_a_platform():
    parts = [load_profile(name) for name in ("freertos", "camera_ov7675", "ble_sensor")]
    found = application_of(parts)
    assert sum(one.bytes for one in found.ram) == sum(row.bytes for one in parts for row in one.ram)
    assert found.interrupts.nesting == sum(one.interrupts.nesting for one in parts)
    assert found.interrupts.handler_bytes == max(one.interrupts.handler_bytes for one in parts)
    assert found.margin.bytes == max(one.margin.bytes for one in parts)
    assert application_of(parts[1:]).reserved_ram is None
    assert application_of([]) is UNKNOWN


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("bare", "zephyr"), "bare and zephyr are each a platform of their own"),
        (("camera_ov7675", "camera_ov7675"), "named twice"),
    ],
)
def test_what_cannot_be_together(names, message):
    with pytest.raises(UnsupportedError, match=message):
        application_of([load_profile(name) for name in names])


@pytest.mark.parametrize("name", ["freetros", "nope", "", "a/b", "x.toml", "x\0y", "y" * 5000])
def test_names_of_nothing(name):
    with pytest.raises(McusimError) as refused:
        load_profile(name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("bytes = 1000", "bytes = -1", "ram[0].bytes: expected 0 to 67,108,864, found -1"),
        ("bytes = 1000", "bytes = 1e3", "ram[0].bytes: expected an integer"),
        ("bytes = 1000", f"bytes = {2**70}", "ram[0].bytes: expected an integer of at most 63 bits"),
        ("nesting = 2", "nesting = 257", "interrupts.nesting: expected 0 to 256"),
        ("handler_bytes = 100", "handler_bytes = -4", "interrupts.handler_bytes: expected 0"),
        ("bytes = 256", "bytes = -256", "margin.bytes: expected 0"),
        ('kind = "sensor"', 'kind = "camera"', "ram[0].kind: expected one of 'runtime', 'heap', 'stack', 'sensor'"),
        ('source = "its map"', 'source = " "', "flash[0].source: expected words"),
        ('source = "its map"\n', "", "flash[0]: source is missing"),
        ('name = "buffer"', 'name = " "', "ram[0].name: expected words"),
        ('name = "mine"', 'name = ""', "name: expected words"),
        ("replaces_reserved = true", "replace_reserved = true", "did you mean 'replaces_reserved'?"),
        ("[margin]", "[margin", "is not valid TOML"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path, old, new, message):
    with pytest.raises(BadInputError) as refused:
        load_profile(written(tmp_path, GOOD.replace(old, new)))
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_too_many_rows(tmp_path):
    row = '[[ram]]\nname = "x"\nkind = "heap"\nbytes = 1\nsource = "test"\n'
    with pytest.raises(BadInputError, match="ram rows: expected 0 to 1,000"):
        load_profile(written(tmp_path, GOOD + row * 1000))


def test_damaged_files_are_refused_in_a_line(tmp_path):
    rng = random.Random(5)
    for _ in range(400):
        data = bytearray(GOOD.encode())
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(data))
            if rng.random() < 0.3:
                del data[at : at + rng.randrange(1, 40)]
            else:
                data[at] = rng.choice((rng.randrange(256), ord("9"), ord("-"), ord('"'), ord("[")))
        path = tmp_path / "damaged.toml"
        path.write_bytes(bytes(data))
        try:
            found = application_of([load_profile(str(path))])
        except McusimError as error:
            assert "\n" not in str(error)
        else:
            assert all(0 <= one.bytes <= app_profile.MOST_BYTES for one in found.ram)
