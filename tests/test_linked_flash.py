"""Flash as linked: parts that sum, what each operator's code costs against the call graph, firmware that has a part."""

import dataclasses
from pathlib import Path

import pytest

import mcusim
from mcusim.application import UNKNOWN, Taken
from mcusim.hardware import load_board
from mcusim.linked_flash import linked_flash

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module", params=["nano33ble", "pico", "nucleo_h743zi"])
def plan(request):
    return mcusim.plan(mcusim.load(MODELS / "kws_ds_cnn.tflite"), load_board(request.param))


def by_name(linked):
    return {part.name: part for part in linked.parts}


def test_parts_are_the_owners_of_flash(plan):
    linked, owners = linked_flash(plan), plan.flash_owners()
    code = sum(one.bytes for one in owners if one.kind == "code")
    code += next((one.bytes for one in owners if one.name == "padding between functions"), 0)
    parts = by_name(linked)
    assert parts["kernels"].least_bytes == parts["kernels"].most_bytes == code
    assert parts["weights"].least_bytes == plan.flash().weights_bytes
    assert parts["weights"].least_bytes + parts["rest of the flatbuffer"].least_bytes == len(plan.model.file)
    assert linked.least_bytes == sum(part.least_bytes or 0 for part in linked.parts)
    assert linked.most_bytes == sum(part.most_bytes or 0 for part in linked.parts)
    reserved = plan.board.reserved_flash
    assert (parts[reserved.what].least_bytes if reserved.bytes else 0) == reserved.bytes


def test_without_an_operator(plan):
    """Code that only SOFTMAX reaches, by walking the call graph here: reachable from its kernels and from no other."""
    names = [
        {
            call.symbol
            for op, one in zip(plan.model.ops, plan.invocations, strict=True)
            if (op.name == "SOFTMAX") == own
            for call in one.calls
        }
        for own in (True, False)
    ]
    of_softmax, of_others = (set(plan.firmware.reachable(each)) for each in names)
    savings = {one.op: one for one in linked_flash(plan).without}
    assert savings["SOFTMAX"].saved_bytes == sum(-(-one.bytes // 4) * 4 for one in of_softmax - of_others) > 300
    assert {one.op: one.count for one in savings.values()} == {
        name: sum(op.name == name for op in plan.model.ops) for name in {op.name for op in plan.model.ops}
    }
    assert sum(one.saved_bytes for one in savings.values()) <= by_name(linked_flash(plan))["kernels"].least_bytes


def test_a_model_of_one_operator_saves_all_of_it():
    plan = mcusim.plan(mcusim.load(MODELS / "ad_autoencoder.tflite"), load_board("nano33ble"))
    linked = linked_flash(plan)
    if len(linked.without) == 1:
        assert linked.without[0].saved_bytes == by_name(linked)["kernels"].least_bytes


def test_a_firmware_with_the_interpreter(plan):
    code = (Taken("code and data of app.elf", "runtime", 50_000, "app.elf"),)
    own = dataclasses.replace(plan, application=dataclasses.replace(UNKNOWN, flash=code, has_interpreter=True))
    linked, before = linked_flash(own), linked_flash(plan)
    assert linked.least_bytes == linked.most_bytes == before.least_bytes - 9_732 + 50_000
    assert "TensorFlow Lite Micro's framework" not in by_name(linked)


def test_flash_too_small_for_the_interpreter():
    board = load_board("nano33ble")
    model = mcusim.load(MODELS / "digits_cnn.tflite")
    plan = mcusim.plan(model, board)
    flash = next(one for one in board.regions if one.kind == "flash")
    used = plan.verdict().flash.used_bytes + board.reserved_flash.bytes
    regions = tuple(
        dataclasses.replace(one, bytes=-(-(used + 9_000) // 4) * 4) if one is flash else one for one in board.regions
    )
    small = mcusim.plan(model, dataclasses.replace(board, regions=regions))
    (reason,) = small.verdict().reasons
    assert reason.startswith("interpreter and C library: take at least 9,732 bytes of flash") and not small.fits
