"""Pages of target memory on the host: rounding, sharing, and what cannot be."""

import numpy as np
import pytest

from mcusim.address_space import PAGE_BYTES, Region, canary, check_apart, flash_regions, free_page, ram_region
from mcusim.errors import EmulationError

FLASH = 0x08000000


def test_ram_is_rounded_outwards_to_pages_of_unknown_content():
    region = ram_region(0x20000010, 2000)
    assert (region.address, region.end) == (0x20000000, 0x20000800)
    assert region.memory.min() < 50 and region.memory.max() > 200


@pytest.mark.parametrize("address, size", [(0x20000000, 0), (-1024, 1024), (0xFFFFFC00, 1025)])
def test_ram_outside_the_address_space_is_refused(address, size):
    with pytest.raises(EmulationError, match="not in a 32-bit address space"):
        ram_region(address, size)


def test_contents_on_neighbouring_pages_share_a_region_and_others_do_not():
    far = FLASH + 10 * PAGE_BYTES
    regions = flash_regions((FLASH + 4, b"code"), [(far, b"x" * 3000), (FLASH + 1500, b"model"), (FLASH + 8, b"")])
    assert [(one.address, one.end, one.is_code) for one in regions] == [
        (FLASH, FLASH + 2 * PAGE_BYTES, True),
        (far, far + 3 * PAGE_BYTES, False),
    ]
    part = regions[0].slice(FLASH + 1500, 5)
    assert part is not None and regions[0].memory[part].tobytes() == b"model"
    assert regions[1].memory[:3000].tobytes() == b"x" * 3000


def test_what_no_content_fills_is_unknown():
    (region,) = flash_regions((FLASH, b"code"), [])
    assert np.array_equal(region.memory[4:], canary(PAGE_BYTES)[4:])


def test_contents_that_overlap_are_refused():
    with pytest.raises(EmulationError, match="overlap at 0x08000003"):
        flash_regions((FLASH, b"code"), [(FLASH + 3, b"model")])


def test_slices():
    region = Region(0x1000, np.zeros(PAGE_BYTES, np.uint8), is_code=False)
    assert region.slice(0x1010, 4) == slice(16, 20)
    assert region.slice(0x1000, PAGE_BYTES) == slice(0, PAGE_BYTES)
    assert region.slice(0x0FFF, 2) is None and region.slice(0x1000, PAGE_BYTES + 1) is None
    assert region.slice(0x1000, -1) is None


def test_free_page_is_apart_from_all_regions():
    top = Region(0x1FFFF800, np.zeros(2 * PAGE_BYTES, np.uint8), is_code=True)
    page = free_page([top])
    assert page == 0x1FFFF400
    check_apart([top, Region(page, np.zeros(PAGE_BYTES, np.uint8), is_code=False)])
    with pytest.raises(EmulationError, match="overlap at 0x1ffffc00"):
        check_apart([top, ram_region(0x1FFFFC00, 4096)])
