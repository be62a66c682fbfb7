"""The images of the kernels: which there are in how many link orders, which one a core gets, and damaged manifests."""

import hashlib

import pytest

from mcusim import manifest
from mcusim.elf import load_firmware
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.manifest import choose_image, firmware_path, layouts, load_manifest

IMAGES = ("armv6m", "armv7em", "armv7em_m7", "armv7em_soft", "armv7m", "armv8m_main")


@pytest.mark.parametrize("image", IMAGES)
def test_every_image_has_its_link_orders(image):
    assert layouts(image) == (0, 1, 2, 3)
    for layout in layouts(image):
        said = load_manifest(image, layout)
        firmware = load_firmware(firmware_path(image, layout))
        assert (
            said.elf_sha256 == firmware.sha256 == hashlib.sha256(firmware_path(image, layout).read_bytes()).hexdigest()
        )
        assert (said.isa, said.float_abi) == (firmware.isa, firmware.float_abi)
        assert (said.fpu is None) == (said.float_abi == "soft")
        assert "arm-none-eabi-gcc" in said.compiler and "-mcpu=cortex-m" in said.flags


@pytest.mark.parametrize(
    "isa, cpu, fpu, image",
    [
        ("armv6m", "cortex-m0", None, "armv6m"),
        ("armv7m", "cortex-m3", None, "armv7m"),
        ("armv7em", "cortex-m4", "fpv4-sp-d16", "armv7em"),
        ("armv7em", "cortex-m4", None, "armv7em_soft"),
        ("armv7em", "cortex-m7", "fpv5-d16", "armv7em_m7"),
        ("armv7em", "cortex-m7", None, "armv7em_soft"),
        ("armv8m_main", "cortex-m33", "fpv5-sp-d16", "armv8m_main"),
        ("armv7m", "cortex-m3", "none such, but soft code runs there too", "armv7m"),
    ],
)
def test_a_core_gets_the_image_built_for_it(isa, cpu, fpu, image):
    assert choose_image(isa, cpu, fpu) == image


def test_a_core_without_an_image():
    with pytest.raises(UnsupportedError, match=r"^no kernels are built for armv81m_main$"):
        choose_image("armv81m_main", "cortex-m55", "fpv5-d16")
    with pytest.raises(UnsupportedError, match="no kernels are built for armv8m_main without a floating-point unit"):
        choose_image("armv8m_main", "cortex-m33", None)


def test_what_does_not_exist_is_named():
    with pytest.raises(BadInputError, match=r"no firmware for armv9z; there is armv6m, armv7em, armv7em_m7, "):
        load_manifest("armv9z")
    with pytest.raises(BadInputError, match="no firmware for armv9z"):
        layouts("armv9z")
    with pytest.raises(BadInputError, match="no link order 9 of armv6m; there are 0, 1, 2, 3"):
        load_manifest("armv6m", 9)


def test_manifest_of_another_file_is_refused(tmp_path, monkeypatch):
    for name in ("armv7em.elf", "MANIFEST.toml"):
        (tmp_path / name).write_bytes(firmware_path("armv7em").with_name(name).read_bytes())
    monkeypatch.setattr(manifest, "firmware_path", lambda image, layout=0: tmp_path / f"{image}.elf")
    load_manifest("armv7em")
    with (tmp_path / "armv7em.elf").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BadInputError, match=r"armv7em.elf is not the file that MANIFEST.toml describes"):
        load_manifest("armv7em")
    (tmp_path / "armv7em.elf").unlink()
    with pytest.raises(BadInputError, match=r"cannot read armv7em.elf: no such file"):
        load_manifest("armv7em")
    (tmp_path / "MANIFEST.toml").write_text("= 3")
    with pytest.raises(BadInputError, match=r"MANIFEST.toml is no TOML"):
        load_manifest("armv7em")
