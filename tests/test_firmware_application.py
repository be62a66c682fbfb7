"""A firmware in place of estimates: sections, stacks, heaps and the arena, each counted once, on the board's banks."""

import dataclasses
import random

import pytest
from application_build import build
from sectioned_elf import ALLOC, EXECUTE, FUNCTION, OBJECT, Piece, elf
from test_firmware_memory import MAP, damaged

import mcusim
from mcusim.app_profile import application_of, load_profile
from mcusim.errors import BadInputError
from mcusim.firmware_application import with_firmware
from mcusim.firmware_memory import load_firmware_memory, parse_firmware_memory
from mcusim.hardware import load_board

BOARD = load_board("nucleo_f446re")
TEXT = Piece(".text", 0x0800_0000, bytes(1000), flags=ALLOC | EXECUTE)
DATA = Piece(".data", 0x2000_0000, bytes(64), load=0x0800_03E8)
RAM = 0x2000_0000


@pytest.fixture(scope="module")
def model():
    from pathlib import Path

    return mcusim.load(Path(__file__).parents[1] / "models" / "digits_cnn.tflite")


def application(model, pieces, symbols=(), board=BOARD, **more):
    return with_firmware(parse_firmware_memory(elf(pieces, symbols), "app.elf"), board, model, **more)


def rows(found):
    return [(one.name, one.kind, one.bytes) for one in found.ram]


@pytest.mark.parametrize("which", [0, 1], ids=["elf", "map"])
def test_a_linked_program(model, which):
    """By hand from application.c and .ld: 100 of .data, 5,000 and 8 of padding of .bss, 512 of heap, 2,048 of stack."""
    path = build()[which]
    found = with_firmware(load_firmware_memory(path), BOARD, model)
    assert rows(found) == [(".data", "runtime", 100), (".bss", "runtime", 5008), ("._user_heap_stack", "heap", 512)]
    assert (found.stack.bytes, found.stack.is_of_kernels) == (2048, True)
    assert (found.arena.name, found.arena.bytes) == ("tensor_arena", 32768)
    assert found.flash[0].bytes == sum(one.bytes for one in load_firmware_memory(path).stretches if one.loaded_from)
    assert found.reserved_ram.bytes == found.reserved_flash.bytes == 0
    assert found.ram[0].source == f"{path.name}, section .data"
    assert "not counted twice" in found.notes[0] and "another model (g_model, 10,000 bytes)" in found.notes[1]


@pytest.mark.parametrize("which", [0, 1], ids=["elf", "map"])
def test_a_program_that_holds_the_model(model, which):
    without = with_firmware(load_firmware_memory(build()[which]), BOARD, model)
    found = with_firmware(load_firmware_memory(build(model=model.file)[which]), BOARD, model)
    assert abs(found.flash[0].bytes - (without.flash[0].bytes - 10_000)) < 8  # alignment behind the two models
    assert f"holds this model's {len(model.file):,} bytes" in found.notes[1]


def test_a_scheduler_runs_kernels_on_other_stacks(model):
    found = with_firmware(load_firmware_memory(build("SCHEDULER")[0]), BOARD, model)
    assert not found.stack.is_of_kernels
    assert ("ucHeap", "heap", 4096) in rows(found)
    plan = mcusim.plan(model, BOARD, application=found)
    stack = [one.bytes for one in plan.ram_owners() if one.name == "rest of the firmware's stack"]
    assert stack == [2048]  # in full: what kernels, interrupts and margin take comes beside it


def test_sections_and_symbols_that_tell_of_stack_and_heap(model):
    bss = Piece(".bss", RAM + 64, size=1000)
    stack = Piece(".stack", RAM + 0x1000, size=0x800)
    heap = Piece(".heap", RAM + 0x2000, size=0x400)
    found = application(model, (TEXT, DATA, bss, stack, heap))
    assert rows(found) == [(".data", "runtime", 64), (".bss", "runtime", 1000), (".heap", "heap", 0x400)]
    assert (found.stack.bytes, found.stack.address) == (0x800, RAM + 0x1000)
    limits = [("__StackLimit", RAM + 0x1F000, 0, None), ("__StackTop", RAM + 0x20000, 0, None)]
    found = application(model, (TEXT, DATA, bss), limits)
    assert found.stack.bytes == 0x1000 and rows(found) == [(".data", "runtime", 64), (".bss", "runtime", 1000)]
    # What lies between .bss and the stack is the heap of no one in particular.
    rest = [("__HeapBase", RAM + 2000, 0, None), ("__HeapLimit", RAM + 0x1F000, 0, None)]
    found = application(model, (TEXT, DATA, bss), limits + rest)
    assert rows(found) == [(".data", "runtime", 64), (".bss", "runtime", 1000)]
    assert "is what other things leave" in found.notes[-1]
    sized = [("__HeapBase", RAM + 2000, 0, None), ("__HeapLimit", RAM + 6000, 0, None)]
    assert ("heap", "heap", 4000) in rows(application(model, (TEXT, DATA, bss), limits + sized))
    found = application(model, (TEXT, DATA, bss), [("_Min_Heap_Size", 512, 0, None), ("Stack_Size", 768, 0, None)])
    assert ("_Min_Heap_Size", "heap", 512) in rows(found) and found.stack.bytes == 768


def test_zephyrs_stack_lies_within_a_section(model):
    noinit = Piece(".noinit", RAM + 64, size=6000)
    found = application(model, (TEXT, DATA, noinit), [("z_main_stack", RAM + 128, 1024, OBJECT)])
    assert rows(found)[1] == (".noinit", "runtime", 6000 - 1024)
    assert found.stack.bytes == 1024 and found.stack.is_of_kernels


@pytest.mark.parametrize(
    ("symbol", "is_arena"),
    [
        *(("tensor_arena", True), ("g_tensor_arena", True), ("tensorArena", True), ("_ZL12tensor_arena", True)),
        *(("_ZN12_GLOBAL__N_112tensor_arenaE", True), ("model_arena", True), ("ei_arena_buffer", True)),
        *(("kTensorArenaSize", False), ("tensor_arena_ptr", False), ("camera_frame", False), ("barenaked", False)),
    ],
)
def test_names_of_an_arena(model, symbol, is_arena):
    bss = Piece(".bss", RAM + 64, size=5000)
    found = application(model, (TEXT, DATA, bss), [(symbol, RAM + 64, 4096, OBJECT)])
    assert (found.arena is not None) == is_arena
    assert rows(found)[1] == (".bss", "runtime", 5000 - 4096 * is_arena)


def test_of_several_arenas_the_largest_does_not_count(model):
    bss = Piece(".bss", RAM + 64, size=9000)
    symbols = [("tensor_arena_a", RAM + 64, 4096, OBJECT), ("tensor_arena_b", RAM + 64 + 4096, 4000, OBJECT)]
    found = application(model, (TEXT, DATA, bss), symbols)
    assert found.arena.name == "tensor_arena_a" and rows(found)[1][2] == 9000 - 4096
    assert "tensor_arena_b of 4,000 bytes count" in found.notes[0]


def test_what_lies_in_front(model):
    """A radio's stack below the firmware's RAM, a boot loader below its code."""
    text = dataclasses.replace(TEXT, address=0x0802_7000)
    bss = Piece(".bss", RAM + 0x2270, size=100)
    found = application(model, (text, bss))
    assert (found.reserved_ram.bytes, found.reserved_flash.bytes) == (0x2270, 0x2_7000)
    plan = mcusim.plan(model, BOARD, application=found)
    assert plan.verdict().ram.reserved_bytes == 0x2270 and plan.verdict().flash.reserved_bytes == 0x2_7000
    assert plan.arena_address == RAM + -(-(0x2270 + 100) // 16) * 16


def test_profiles_tell_what_a_firmware_does_not(model):
    profiles = application_of([load_profile("freertos")])
    bss = Piece(".bss", RAM + 64, size=1000)
    found = application(model, (TEXT, DATA, bss), profiles=profiles)
    assert found.names == ("freertos", "app.elf") and found.interrupts == profiles.interrupts
    assert [row for row in rows(found) if row[0] not in (".data", ".bss")] == [("configTOTAL_HEAP_SIZE", "heap", 4096)]
    heap = Piece(".heap", RAM + 0x2000, size=0x400)
    assert all(
        row[0] != "configTOTAL_HEAP_SIZE" for row in rows(application(model, (TEXT, DATA, heap), profiles=profiles))
    )


def test_the_interpreter_of_a_firmware_counts_there(model):
    invoke = ("_ZN6tflite16MicroInterpreter6InvokeEv", 0x0800_0001, 80, FUNCTION)
    found = application(model, (TEXT, DATA), [invoke])
    assert found.has_interpreter
    assert not application(model, (TEXT, DATA)).has_interpreter
    assert with_firmware(parse_firmware_memory(MAP.encode(), "a.map"), BOARD, model).has_interpreter


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ((TEXT,), "has no sections in RAM (.data, .bss)"),
        ((TEXT, Piece(".bss", 0x1000_0000, size=64)), "has .bss at 0x10000000, where nucleo_f446re has no RAM"),
    ],
)
def test_what_is_refused(model, pieces, message):
    with pytest.raises(BadInputError) as refused:
        application(model, pieces)
    assert message in str(refused.value)


def test_parts_outside_the_board_are_told_of(model):
    found = application(model, (TEXT, DATA, Piece(".dtcm", 0x1000_0000, size=640)))
    assert found.notes == ("640 bytes of it lie outside the board's banks and do not count.",)
    elsewhere = dataclasses.replace(TEXT, address=0x3000)
    found = application(model, (elsewhere, dataclasses.replace(DATA, load=0x4000)))
    assert "is loaded at 0x00003000, where nucleo_f446re has no memory" in found.notes[0]


def test_nothing_of_random_firmware_counts_twice(model):
    """RAM of all rows, stack and arena is what the sections take, whatever symbols say of where they are."""
    rng = random.Random(3)
    for _ in range(300):
        pieces, at = [TEXT], RAM
        for name in rng.sample(
            (".data", ".bss", ".noinit", ".heap", ".stack", "._user_heap_stack"), rng.randrange(1, 7)
        ):
            at += 16 * rng.randrange(0, 20)
            size = 16 * rng.randrange(1, 400)
            pieces.append(Piece(name, at, size=size))
            at += size
        bss = rng.choice(pieces[1:])
        start, room = bss.address, bss.size
        first = 16 * rng.randrange(1, room // 16 + 1)
        symbols = [("tensor_arena", start, first, OBJECT)]
        if room - first >= 64 and rng.random() < 0.5:
            symbols.append(("ucHeap", start + first, room - first, OBJECT))
        if bss.name in (".heap", ".stack", "._user_heap_stack"):
            symbols = []
        found = application(model, pieces, symbols)
        in_sections = any("stack" in one.name for one in pieces)
        counted = sum(one.bytes for one in found.ram)
        counted += found.stack.bytes if in_sections else 0
        counted += found.arena.bytes if found.arena is not None else 0
        stacks = [one.size for one in pieces if "stack" in one.name]
        # A second stack section is RAM like any other.
        assert counted == sum(one.size for one in pieces), (pieces, symbols, stacks, found)


@pytest.mark.parametrize("kind", ["elf", "map"])
def test_damaged_firmware_is_planned_or_refused_in_a_line(model, kind):
    symbols = [("tensor_arena", RAM + 64, 4096, OBJECT), ("__StackLimit", RAM + 0x8000, 0, None)]
    symbols += [("__StackTop", RAM + 0x9000, 0, None), ("ucHeap", RAM + 64 + 4096, 512, OBJECT)]
    whole = elf((TEXT, DATA, Piece(".bss", RAM + 64, size=5000)), symbols) if kind == "elf" else MAP.encode()
    rng = random.Random(13)
    outcomes = set()
    for _ in range(1500):
        try:
            found = with_firmware(parse_firmware_memory(damaged(whole, rng), "app"), BOARD, model)
        except BadInputError as error:
            assert "\n" not in str(error)
            outcomes.add("refused")
            continue
        assert all(one.bytes >= 0 for one in (*found.ram, *found.flash))
        outcomes.add("planned")
        if len(outcomes) == 2 and rng.random() < 0.02:
            plan = mcusim.plan(model, BOARD, application=found)
            missing = max(-plan.verdict().ram.headroom_bytes, 0)
            assert sum(one.bytes for one in plan.ram_owners()) == plan.board.ram_bytes + missing
    assert outcomes == {"refused", "planned"}
