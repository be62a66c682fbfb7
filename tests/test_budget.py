"""The arena from both sides: hand-checked figures, the verdict's own, all banks, and arenas that just fit or do not."""

import dataclasses
import random
from pathlib import Path

import pytest
from one_layer import convolution_model
from test_plan import board

import mcusim
from mcusim.app_profile import application_of, load_profile
from mcusim.application import UNKNOWN, Margin, Stack, Taken
from mcusim.budget import budget
from mcusim.hardware import board_names, load_board

MODELS = Path(__file__).parents[1] / "models"
FRAME, MARGIN = 104, 1024


@pytest.fixture(scope="module")
def model():
    return mcusim.load(MODELS / "digits_cnn.tflite")


def test_figures_by_hand():
    """32 KB less a reserve of 112, a stack of 512, a frame and the margin: 31,016, of which 31,008 in steps of 16."""
    plan = dataclasses.replace(mcusim.plan(convolution_model(), board(reserved=(112, 0))), stack_bytes=512)
    found = budget(plan)
    assert found.most_arena_bytes == (0x8000 - 112 - 512 - FRAME - MARGIN) // 16 * 16 == 31_008
    assert found.least_arena_bytes == plan.arena.smallest_bytes
    assert found.headroom_bytes == 31_008 - plan.arena.smallest_bytes
    assert [(one.kind, one.bytes) for one in found.items] == [
        ("reserved", 112),
        ("stack", 512),
        ("interrupts", FRAME),
        ("margin", MARGIN),
    ]
    assert found.banks[0].taken_bytes == 112 + 512 + FRAME + MARGIN
    assert found.application is None and found.given_arena_bytes is None


def test_before_a_run_the_stack_is_unknown():
    found = budget(mcusim.plan(convolution_model(), board()))
    stack = next(one for one in found.items if one.kind == "stack")
    assert (stack.bytes, stack.bytes_reason) == (None, "the kernels were not executed")


@pytest.mark.parametrize("name", board_names())
def test_the_most_just_fits_and_sixteen_more_do_not(model, name):
    """Whatever the application: the verdict on an arena of a given size agrees with the most that the budget says."""
    rng = random.Random(name)
    profiles = [load_profile(each) for each in rng.sample(("camera_ov7675", "audio_kws", "ble_sensor"), 1)]
    for application in (UNKNOWN, application_of([load_profile("bare")]), application_of(profiles)):
        plan = mcusim.plan(model, load_board(name), application=application)
        found = budget(plan)
        assert found.least_arena_bytes == plan.arena.smallest_bytes
        assert (found.headroom_bytes >= 0) == (plan.verdict().ram.headroom_bytes >= 0)
        if found.headroom_bytes < 0:
            continue
        most = mcusim.plan(model, load_board(name), application=application, arena_bytes=found.most_arena_bytes)
        assert most.verdict().ram.headroom_bytes in range(16)
        assert budget(most).most_arena_bytes == found.most_arena_bytes
        more = mcusim.plan(model, load_board(name), application=application, arena_bytes=found.most_arena_bytes + 16)
        assert more.verdict().ram.headroom_bytes < 0 and any("more than" in one for one in more.verdict().reasons)


@pytest.mark.parametrize("name", board_names())
def test_every_bank_says_what_a_plan_there_says(model, name):
    chosen = load_board(name)
    found = budget(mcusim.plan(model, chosen))
    assert len({one.name for one in found.banks}) == len(found.banks)
    assert found.banks[0].name == found.bank and found.banks[0].most_arena_bytes == found.most_arena_bytes
    for bank in found.banks[1:]:
        if " + " not in bank.name:
            there = budget(mcusim.plan(model, chosen, arena=bank.name))
            assert (there.bank, there.most_arena_bytes) == (bank.name, bank.most_arena_bytes)
            assert bank.holds == (there.headroom_bytes >= 0)


def test_an_arena_of_a_given_size(model):
    chosen = load_board("nucleo_f446re")
    least = mcusim.plan(model, chosen).arena.smallest_bytes
    enough, short = (mcusim.plan(model, chosen, arena_bytes=size) for size in (least, least - 16))
    assert enough.fits and not short.fits
    assert short.verdict().reasons == (
        f"arena: {least - 16:,} bytes are given, 16 fewer than the {least:,} that AllocateTensors needs",
    )
    large = mcusim.plan(model, chosen, arena_bytes=least + 1000)
    spare = sum(owner.bytes for owner in large.ram_owners() if owner.kind == "spare")
    assert spare == (least + 1000) // 16 * 16 - least and large.arena_end == large.arena_address + least + spare
    assert sum(owner.bytes for owner in large.ram_owners()) == chosen.ram_bytes
    # Persistent data moves with the end of the arena, as the tail does.
    assert large.prepared_address(0, 0) - enough.prepared_address(0, 0) == spare
    assert budget(large).given_arena_source == "given by hand"


def test_a_given_arena_runs_where_it_ends(model):
    chosen = load_board("nucleo_f446re")
    run = mcusim.run(mcusim.plan(model, chosen, arena_bytes=20_000), link_orders=False)
    assert run.fits and all(layer.bit_exact for layer in run.layers)
    assert run.budget.items[1].bytes == run.memory.stack_bytes > 0


def test_a_tensor_larger_than_the_largest_bank():
    small = board(ram=(("RAM", 0x2000_0000, 0x80), ("other", 0x3000_0000, 0x40)))
    plan = mcusim.plan(convolution_model(), small)
    largest = max(buffer.bytes for buffer in plan.arena.buffers)
    assert f"alone takes {largest:,} bytes, {largest - 0x80:,} more than the largest bank" in plan.verdict().reasons[0]


def test_a_firmwares_stack_that_is_too_small(model):
    stack = Stack(300, "app.elf, _Min_Stack_Size", None, True)
    small = dataclasses.replace(UNKNOWN, names=("app.elf",), stack=stack)
    plan = dataclasses.replace(mcusim.plan(model, load_board("nucleo_f446re"), application=small), stack_bytes=280)
    assert plan.verdict().reasons == (
        "stack: 300 bytes (app.elf, _Min_Stack_Size), 84 fewer than the 384 of kernels and interrupts",
    )
    assert dataclasses.replace(plan, stack_bytes=196).fits


def test_what_has_an_address_counts_in_its_bank(model):
    h7 = load_board("nucleo_h743zi")
    dtcm = next(region for region in h7.regions if region.place == "dtcm")
    own = dataclasses.replace(
        UNKNOWN,
        names=("app.elf",),
        ram=(Taken(".dtcm_data", "runtime", 5000, "test", dtcm.address + 64), Taken("rest", "heap", 1000, "test")),
        stack=Stack(4096, "test", dtcm.address + dtcm.bytes - 4096, True),
        margin=Margin(0, "test"),
    )
    plan = mcusim.plan(model, h7, application=own)
    found = {one.name: one for one in budget(plan).banks}
    default = {one.name: one for one in budget(mcusim.plan(model, h7)).banks}
    main = budget(plan).bank
    assert [one.name for one in budget(plan).items] == [h7.reserved_ram.what, "rest"]
    assert found[main].most_arena_bytes - default[main].most_arena_bytes == (FRAME + MARGIN - 1000) // 16 * 16
    assert found[dtcm.name].most_arena_bytes == (dtcm.bytes - 5000 - 4096) // 16 * 16
    assert sum(owner.bytes for owner in plan.ram_owners()) == h7.ram_bytes


def test_bytes_of_the_board_have_one_owner_whatever_runs_beside(model):
    rng = random.Random(11)
    names = ("bare", "freertos", "zephyr", "mbed_arduino")
    for name in board_names():
        platform = rng.choice(names)
        profiles = [load_profile(one) for one in (platform, rng.choice(("audio_kws", "camera_ov7675", "ble_sensor")))]
        application = application_of(profiles)
        plan = mcusim.plan(model, load_board(name), application=application)
        assert sum(one.bytes for one in plan.ram_owners()) - plan.board.ram_bytes == max(
            -plan.verdict().ram.headroom_bytes, 0
        )
        beside = {(one.name, one.bytes) for one in application.ram}
        assert beside <= {(one.name, one.bytes) for one in plan.ram_owners()}
