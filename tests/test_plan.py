"""Plans on boards: addresses, conservation of bytes, what does not fit, and what is refused."""

import dataclasses
from itertools import pairwise
from pathlib import Path

import pytest
from one_layer import convolution_model

import mcusim
from mcusim.errors import BadInputError, BadModelError, DoesNotFitError, UnsupportedError
from mcusim.hardware import Region, Reserve, Rule, board_names, load_board
from mcusim.model import Op
from mcusim.plan import largest_bank, lay_out, plan
from mcusim.tflite import load

FRAME, MARGIN = 104, 1024  # an interrupt's frame with floating-point state; the margin where no application is named
PUBLIC = ("ad01_int8", "kws_ref_model", "person_detect", "pretrainedResnet_quant")


def board(ram=(("RAM", 0x2000_0000, 0x8000),), flash=(("flash", 0x0800_0000, 0x40000),), reserved=(0, 0)):
    """A Cortex-M4 board with these banks: (name, address, bytes)."""
    regions = [Region(name, "ram", address, size, "test") for name, address, size in ram]
    regions += [Region(name, "flash", address, size, "test") for name, address, size in flash]
    return dataclasses.replace(
        load_board("nucleo_f446re"),
        id="test board",
        regions=tuple(regions),
        reserved_ram=Reserve(reserved[0], "a scheduler", "test"),
        reserved_flash=Reserve(reserved[1], "a bootloader", "test"),
    )


@pytest.fixture(scope="module")
def public_models(reference_data):
    return [load(reference_data / "models" / f"{name}.tflite") for name in PUBLIC]


def of_kind(owners, kind):
    return sum(owner.bytes for owner in owners if owner.kind == kind)


def assert_every_byte_has_one_owner(found):
    """Owners of both memories sum to what the board has of them, with external memory where it is used."""
    for stack_bytes in (None, 560):
        complete = dataclasses.replace(found, stack_bytes=stack_bytes)
        verdict = complete.verdict()
        assert complete.fits == (not verdict.reasons)
        for owners, kind, one in (
            (complete.ram_owners(), "ram", verdict.ram),
            (complete.flash_owners(), "flash", verdict.flash),
        ):
            main = complete.board.main_regions(kind)
            total = sum(region.bytes for region in main)
            for bank in complete.banks.of_kind(kind):
                if all(region.address != bank.address for region in main):
                    total += bank.bytes
            excess = sum(owner.bytes for owner in owners) - total
            assert excess >= max(-one.headroom_bytes, 0)
            assert (excess > 0) == any(reason.lower().startswith(kind) for reason in verdict.reasons)
            if len(complete.banks.of_kind(kind)) == 1:
                assert excess == max(-one.headroom_bytes, 0)
            assert min(owner.bytes for owner in owners) > 0
            assert of_kind(owners, "reserved") == one.reserved_bytes
            assert one.used_bytes == sum(o.bytes for o in owners if o.kind not in ("reserved", "free", "apart"))
            assert one.headroom_bytes == one.available_bytes - one.used_bytes


@pytest.mark.parametrize("board_name", board_names())
def test_every_byte_has_one_owner(public_models, board_name):
    for model in public_models:
        assert_every_byte_has_one_owner(plan(model, load_board(board_name)))


def test_places_in_ram_and_flash():
    found = plan(convolution_model(), board(reserved=(100, 1000)))
    assert found.arena_address == 0x2000_0000 + 112
    assert found.stack_top == 0x2000_8000
    assert found.stack_bottom == found.arena_address + found.arena.smallest_bytes
    assert found.model_address == 0x0800_0000 + 1008
    assert found.code_address % 16 == 0
    assert 0 <= found.code_address - found.model_address - len(found.model.file) < 16
    ram, flash = found.ram_owners(), found.flash_owners()
    assert of_kind(ram, "reserved") == 100 and of_kind(flash, "reserved") == 1000
    assert {owner.name: owner.bytes for owner in ram}["alignment of the arena"] == 12
    assert {owner.name: owner.bytes for owner in flash}["alignment of the model"] == 8


def test_addresses_of_an_operators_memory():
    model = convolution_model()
    found = plan(model, board())
    end = found.arena_address + found.arena.smallest_bytes
    weights = model.tensors[1]
    assert found.address_of(1) == found.model_address + weights.file_offset
    assert model.file[weights.file_offset : weights.file_offset + 135] == b"\x01" * 135
    spans = [
        (found.address_of(0), 108),
        (found.address_of(2), 180),
        (found.scratch_address(0, 0), 112),
        (found.prepared_address(0, 0), 20),
        (found.prepared_address(0, 1), 20),
    ]
    assert all(address % 16 == 0 for address, _ in spans)
    ordered = sorted(spans)
    assert ordered[0][0] == found.arena_address and ordered[-1][0] + ordered[-1][1] <= end
    assert all(one + size <= other for (one, size), (other, _) in pairwise(ordered))
    with pytest.raises(KeyError, match="scratch request 1"):
        found.scratch_address(0, 1)
    with pytest.raises(KeyError):
        found.prepared_address(0, 2)


def test_neighbouring_banks_serve_as_one():
    split = board(ram=(("high", 0x2000_1000, 0x1000), ("low", 0x2000_0000, 0x1000), ("far", 0x1000_0000, 0x1800)))
    bank = largest_bank(split, "ram")
    assert (bank.name, bank.address, bank.bytes, bank.reserved_bytes) == ("low + high", 0x2000_0000, 0x2000, 0)
    owners = plan(convolution_model(), split).ram_owners()
    assert {owner.name: owner.bytes for owner in owners}["banks apart from low + high"] == 0x1800
    assert sum(owner.bytes for owner in owners) == 0x3800


def placed_board():
    """A board with four kinds of RAM and flash inside and outside; banks of the same name's start are neighbours."""
    of_ram = [("DTCM", "dtcm", 0x2000_0000, 0x8000), ("SRAM1", "sram", 0x2000_8000, 0x8000)]
    of_ram += [("SRAM2", "sram", 0x2001_0000, 0x4000), ("CCM", "ccm", 0x1000_0000, 0x4000)]
    regions = [Region(name, "ram", address, size, "test", role) for name, role, address, size in of_ram]
    regions.append(Region("SDRAM", "ram", 0xC000_0000, 0x10_0000, "test", "sdram"))
    regions.append(Region("flash", "flash", 0x0800_0000, 0x4_0000, "test"))
    regions.append(Region("QSPI", "flash", 0x9000_0000, 0x40_0000, "test", "qspi"))
    return dataclasses.replace(board(reserved=(100, 1000)), regions=tuple(regions))


PLACES = {
    "default": ("flash", None, "flash", 0x0800_0000, "DTCM + SRAM1 + SRAM2", 0x2000_0000),
    "weights in QSPI": ("qspi", None, "QSPI", 0x9000_0000, "DTCM + SRAM1 + SRAM2", 0x2000_0000),
    "weights in DTCM, without the arena": (
        "dtcm",
        None,
        "DTCM",
        0x2000_0000,
        "SRAM1 + SRAM2",
        0x2000_8000,
    ),
    "weights in a named bank": ("SRAM2", None, "SRAM2", 0x2001_0000, "DTCM + SRAM1", 0x2000_0000),
    "both in the same banks": ("sram", "sram", "SRAM1 + SRAM2", 0x2000_8000, "SRAM1 + SRAM2", 0x2000_8000),
    "arena in CCM": ("flash", "ccm", "flash", 0x0800_0000, "CCM", 0x1000_0000),
    "arena in one of the weights' banks": ("sram", "SRAM2", "SRAM1", 0x2000_8000, "SRAM2", 0x2001_0000),
    "both outside": ("QSPI", "sdram", "QSPI", 0x9000_0000, "SDRAM", 0xC000_0000),
}


@pytest.mark.parametrize("weights, arena, weights_bank, weights_from, ram_bank, ram_from", PLACES.values(), ids=PLACES)
def test_weights_and_arena_lie_where_asked(weights, arena, weights_bank, weights_from, ram_bank, ram_from):
    model = convolution_model()
    where = placed_board()
    found = plan(model, where, weights=weights, arena=arena)
    banks = found.banks
    assert (banks.weights.name, banks.weights.address) == (weights_bank, weights_from)
    assert (banks.ram.name, banks.ram.address) == (ram_bank, ram_from)
    assert banks.weights.start <= found.model_address and found.model_address + len(model.file) <= banks.weights.end
    assert banks.ram.start <= found.arena_address and found.stack_top <= banks.ram.end
    assert found.address_of(1) == found.model_address + model.tensors[1].file_offset
    assert found.shares_ram == (weights_bank == ram_bank)
    if found.shares_ram:
        assert found.ram_address == found.model_address
        assert found.arena_address >= found.model_address + len(model.file)
    assert found.placement().is_default == ((weights, arena) == ("flash", None))
    assert (found.placement().weights, found.placement().arena) == (weights_bank, ram_bank)
    assert found.fits
    assert_every_byte_has_one_owner(found)


def test_weights_in_ram_take_ram_and_stay_in_flash():
    model, where = convolution_model(), placed_board()
    default, copied = plan(model, where), plan(model, where, weights="dtcm")
    assert copied.verdict().flash == default.verdict().flash
    assert copied.code_address == default.code_address
    more = copied.verdict().ram.used_bytes - default.verdict().ram.used_bytes
    assert len(model.file) <= more < len(model.file) + 16
    assert of_kind(copied.ram_owners(), "weights") == of_kind(default.flash_owners(), "weights") > 0
    outside = plan(model, where, weights="qspi")
    assert outside.verdict().ram == default.verdict().ram
    assert outside.code_address == 0x0800_0000 + 1008
    assert outside.verdict().flash.used_bytes - default.verdict().flash.used_bytes < 16


def test_the_reserve_stays_where_it_is_by_default():
    apart = plan(convolution_model(), placed_board(), arena="ccm")
    assert apart.arena_address == 0x1000_0000
    assert of_kind(apart.ram_owners(), "reserved") == apart.verdict().ram.reserved_bytes == 0
    inside = plan(convolution_model(), placed_board(), arena="dtcm")
    assert inside.arena_address == 0x2000_0000 + 112
    assert inside.verdict().ram.reserved_bytes == 100


def test_a_bank_that_falls_short_is_named():
    where = placed_board()
    tiny = tuple(dataclasses.replace(one, bytes=0x100) if one.name == "CCM" else one for one in where.regions)
    found = plan(convolution_model(), dataclasses.replace(where, regions=tiny), weights="ccm")
    short = len(found.model.file) - 0x100
    assert found.verdict().ram.headroom_bytes > 0
    assert found.verdict().reasons == (
        f"RAM (CCM): needs {len(found.model.file):,} bytes, {short:,} more than test board leaves",
    )
    assert not found.fits
    assert_every_byte_has_one_owner(found)


def test_memory_that_a_board_does_not_have():
    with pytest.raises(UnsupportedError) as caught:
        plan(convolution_model(), placed_board(), weights="dctm")
    assert "test board has no memory 'dctm' for the weights; did you mean 'dtcm'? it has DTCM (dtcm, 32 KB)" in str(
        caught.value
    )
    assert "QSPI (qspi, 4,096 KB)" in str(caught.value)
    with pytest.raises(UnsupportedError, match="has no memory 'flash' for the arena"):
        plan(convolution_model(), placed_board(), arena="flash")


def test_a_core_that_is_not_simulated_still_gets_its_plan():
    model = convolution_model()
    found = plan(model, load_board("alif_e7_hp"))
    assert found.runtime.mve and found.core.not_simulated
    assert found.fits
    assert found.firmware.isa == "armv8m_main" and found.code
    assert found.arena.memory[0].scratch_bytes != plan(model, board()).arena.memory[0].scratch_bytes


def test_a_board_that_is_too_small():
    small = board(ram=(("RAM", 0x2000_0000, 0x300),), flash=(("flash", 0, 0x800),), reserved=(64, 16))
    found = plan(convolution_model(), small)
    assert not found.fits
    ram, flash = found.verdict().ram, found.verdict().flash
    needed = found.arena.smallest_bytes + MARGIN + FRAME
    assert (ram.used_bytes, ram.available_bytes, ram.headroom_bytes) == (needed, 0x300 - 64, 0x300 - 64 - needed)
    assert found.verdict().reasons == (
        f"RAM: needs {needed:,} bytes, {needed - 704:,} more than test board leaves",
        f"flash: needs {flash.used_bytes:,} bytes, {flash.used_bytes - 2032:,} more than test board leaves",
    )
    assert of_kind(found.ram_owners(), "free") == 0
    assert sum(owner.bytes for owner in found.ram_owners()) == 0x300 - ram.headroom_bytes
    assert sum(owner.bytes for owner in found.flash_owners()) == 0x800 - flash.headroom_bytes
    # It can be simulated all the same: the stack lies beyond the bank's end.
    assert found.stack_top > found.stack_bottom >= found.prepared_address(0, 0)


def test_the_stack_may_be_what_does_not_fit():
    found = plan(convolution_model(), board(ram=(("RAM", 0x2000_0000, 0xA80),)))
    assert found.fits
    left = found.verdict().ram.headroom_bytes
    assert dataclasses.replace(found, stack_bytes=left).fits
    full = dataclasses.replace(found, stack_bytes=left + 8)
    assert full.verdict().ram.headroom_bytes == -8
    assert full.verdict().reasons[0].endswith("8 more than test board leaves")


def test_figures_of_both_kernel_libraries(reference_data):
    found = plan(load(reference_data / "models" / "kws_ref_model.tflite"), load_board("nano33ble"))
    figures = found.memory().by_kernels
    assert dataclasses.astuple(figures["cmsis_nn"]) == (22820, 22832, 16000, 6820, 416)
    assert dataclasses.astuple(figures["reference"]) == (22772, 22784, 16000, 6772, 0)
    assert found.memory().holes.wasted_bytes == 0
    flash = found.flash()
    assert flash.model_bytes == 53936
    assert flash.weights_bytes == of_kind(flash.owners, "weights") < flash.model_bytes
    assert flash.code_bytes == of_kind(flash.owners, "code") > 0
    names = {owner.name for owner in flash.owners if owner.kind == "code"}
    assert "arm_convolve_wrapper_s8" in names and "arm_max_pool_s8" not in names


def test_all_unsupported_layers_are_named_at_once():
    model = convolution_model()
    graph = model.subgraphs[0]
    strange = Op(1, "ATAN2", 1, (0,), (2,), {})
    real = dataclasses.replace(graph.tensors[0], dtype="float32")
    tensors = (real, *graph.tensors[1:])
    broken = dataclasses.replace(
        model, subgraphs=(dataclasses.replace(graph, tensors=tensors, ops=(*graph.ops, strange)),)
    )
    with pytest.raises(UnsupportedError) as refusal:
        plan(broken, board())
    text = str(refusal.value)
    assert "layer 0 (CONV_2D): float32 activations are not supported; layer 1 (ATAN2): unknown operator" in text
    assert "Known operators: ABS, " in text
    assert "\n" not in text


def test_shapes_that_disagree_are_no_model():
    model = convolution_model()
    graph = model.subgraphs[0]
    tensors = (*graph.tensors[:2], dataclasses.replace(graph.tensors[2], shape=(1, 6, 6, 4)))
    with pytest.raises(BadModelError, match=r"layer 0 \(CONV_2D\)"):
        plan(dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, tensors=tensors),)), board())


def test_other_refusals():
    model = convolution_model()
    with pytest.raises(UnsupportedError, match="'reference' kernels are not built"):
        plan(model, board(), kernels="reference")
    with pytest.raises(UnsupportedError, match="2 subgraphs"):
        plan(dataclasses.replace(model, subgraphs=model.subgraphs * 2), board())
    with pytest.raises(UnsupportedError, match="unknown core"):
        plan(model, dataclasses.replace(board(), core="cortex_m99"))
    misspelt = {"conditional_branch_refil": Rule(50, "test")}
    with pytest.raises(BadInputError, match="no such rule; did you mean 'conditional_branch_refill'"):
        plan(model, dataclasses.replace(board(), rules=misspelt))
    long = dataclasses.replace(model.subgraphs[0], ops=model.ops * 2_001)
    with pytest.raises(UnsupportedError, match="2,001 operators"):
        plan(dataclasses.replace(model, subgraphs=(long,)), board())


def test_a_board_without_floating_point_unit_gets_soft_float_kernels():
    found = plan(convolution_model(), dataclasses.replace(board(), fpu=None))
    assert (found.image, found.core.fpu) == ("armv7em_soft", None)


def test_core_without_kernels(tmp_path):
    known = Path(mcusim.__file__).parent / "cores" / "cortex_m4.toml"
    core = tmp_path / "core.toml"
    core.write_text(known.read_text(encoding="utf-8").replace('isa = "armv7em"', 'isa = "armv9"'), encoding="utf-8")
    with pytest.raises(UnsupportedError, match="no kernels are built for armv9"):
        plan(convolution_model(), dataclasses.replace(board(), core=str(core)))


def test_what_is_beyond_simulation():
    found = plan(convolution_model(), board())
    near = board(ram=(("RAM", 0x0800_1000, 0x8000),), flash=(("flash", 0x0800_0000, 0x1000),))
    with pytest.raises(DoesNotFitError, match="cannot be simulated"):
        lay_out(found.model, near, found.core, found.firmware)
    with pytest.raises(DoesNotFitError, match="simulates up to 268,435,456"):
        plan(convolution_model(side=6000), board())
