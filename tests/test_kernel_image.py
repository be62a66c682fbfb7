"""Two linked files as one image: each as it is alone, the first's functions before the second's."""

import pytest

from mcusim.elf import firmware_path, load_firmware
from mcusim.errors import BadInputError
from mcusim.kernel_image import joined

ADDRESS = 0x0801_0000


@pytest.fixture(scope="module")
def both():
    return load_firmware(firmware_path("armv7em_soft")), load_firmware(firmware_path("armv7em"))


@pytest.fixture(scope="module")
def image(both):
    return joined(*both)


def test_each_part_reads_as_it_does_alone(both, image):
    first, second = both
    start = image.parts[1].start
    assert start % 16 == 0 and start >= len(first.linked_image)
    found = image.image(ADDRESS)
    assert found[: len(first.linked_image)] == first.image(ADDRESS)
    assert found[start:] == second.image(ADDRESS + start)


def test_the_firsts_functions_take_precedence(both, image):
    first, second = both
    assert image.symbols["arm_convolve_s8"] == first.symbols["arm_convolve_s8"]
    assert {name for one in both for name in one.symbols} == set(image.symbols)
    assert [part.name for part in image.parts] == ["armv7em_soft.elf", "armv7em.elf"]
    assert (image.float_abi, image.isa, image.sha256) == ("soft", "armv7em", first.sha256)
    assert image.content_at(image.parts[1].start).name == second.content_at(0).name


def test_calls_stay_within_a_part(both, image):
    first, second = both
    start = image.parts[1].start
    names = ["arm_convolve_wrapper_s8"]
    assert image.reachable(names) == first.reachable(names)
    for address, targets in second.references.items():
        assert image.references[address + start] == tuple(target + start for target in targets)


def test_functions_and_lines_of_the_second(both, image):
    _, second = both
    start = image.parts[1].start
    for symbol in (second.symbols["arm_softmax_s8"], second.symbols["mcusim_relu_s8"]):
        assert image.function_at(symbol.address + start).name == symbol.name
        assert image.source_line(symbol.address + start) == second.source_line(symbol.address) is not None


def test_unknown_functions(image):
    for ask in (image.float_abi_of, lambda name: image.reachable([name])):
        with pytest.raises(BadInputError, match=r"armv7em_soft\.elf has no function missing"):
            ask("missing")
