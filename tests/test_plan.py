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


def of_kind(owners, kind):
    return sum(owner.bytes for owner in owners if owner.kind == kind)


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("board_name", board_names())
def test_every_byte_has_one_owner(reference_data, name, board_name):
    found = plan(load(reference_data / "models" / f"{name}.tflite"), load_board(board_name))
    for stack_bytes in (None, 560):
        complete = dataclasses.replace(found, stack_bytes=stack_bytes)
        for owners, total, one in (
            (complete.ram_owners(), complete.board.ram_bytes, complete.verdict().ram),
            (complete.flash_owners(), complete.board.flash_bytes, complete.verdict().flash),
        ):
            assert sum(owner.bytes for owner in owners) == total + max(-one.headroom_bytes, 0)
            assert min(owner.bytes for owner in owners) > 0
            assert of_kind(owners, "reserved") == one.reserved_bytes
            assert one.used_bytes == sum(o.bytes for o in owners if o.kind not in ("reserved", "free", "apart"))


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
    assert (bank.name, bank.address, bank.bytes, bank.elsewhere_bytes) == ("low + high", 0x2000_0000, 0x2000, 0x1800)
    owners = plan(convolution_model(), split).ram_owners()
    assert {owner.name: owner.bytes for owner in owners}["banks apart from low + high"] == 0x1800
    assert sum(owner.bytes for owner in owners) == 0x3800


def test_a_board_that_is_too_small():
    small = board(ram=(("RAM", 0x2000_0000, 0x300),), flash=(("flash", 0, 0x800),), reserved=(64, 16))
    found = plan(convolution_model(), small)
    assert not found.fits
    ram, flash = found.verdict().ram, found.verdict().flash
    needed = found.arena.smallest_bytes
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
    found = plan(convolution_model(), board(ram=(("RAM", 0x2000_0000, 0x600),)))
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
    strange = Op(1, "TANH", 1, (0,), (2,), {})
    wide = dataclasses.replace(graph.tensors[0], dtype="int16")
    tensors = (wide, *graph.tensors[1:])
    broken = dataclasses.replace(
        model, subgraphs=(dataclasses.replace(graph, tensors=tensors, ops=(*graph.ops, strange)),)
    )
    with pytest.raises(UnsupportedError) as refusal:
        plan(broken, board())
    text = str(refusal.value)
    assert "layer 0 (CONV_2D): int16 activations are not supported; layer 1 (TANH): unknown operator" in text
    assert "Known operators: ADD, " in text
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
    with pytest.raises(UnsupportedError, match="test board has no floating-point unit"):
        plan(model, dataclasses.replace(board(), fpu=None))


def test_core_without_kernels(tmp_path):
    known = Path(mcusim.__file__).parent / "cores" / "cortex_m4.toml"
    core = tmp_path / "core.toml"
    core.write_text(known.read_text(encoding="utf-8").replace('isa = "armv7em"', 'isa = "armv9"'), encoding="utf-8")
    with pytest.raises(UnsupportedError, match=r"test board has a .*, for which no kernels are built \(armv9\)"):
        plan(convolution_model(), dataclasses.replace(board(), core=str(core)))


def test_what_is_beyond_simulation():
    found = plan(convolution_model(), board())
    near = board(ram=(("RAM", 0x0800_1000, 0x8000),), flash=(("flash", 0x0800_0000, 0x1000),))
    with pytest.raises(DoesNotFitError, match="cannot be simulated"):
        lay_out(found.model, near, found.core, found.firmware)
    with pytest.raises(DoesNotFitError, match="simulates up to 268,435,456"):
        plan(convolution_model(side=6000), board())
