"""FirmwareMemory + board + model → Application: the real sections, stack and heap in place of estimates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from mcusim.application import UNKNOWN, Application, Memory, OwnArena, Stack, Taken
from mcusim.errors import BadInputError
from mcusim.firmware_memory import FirmwareMemory, NamedObject, Stretch
from mcusim.hardware import Board, Reserve
from mcusim.model import Model
from mcusim.regions import Region, runs

# How firmware names its arena: TFLM's examples have tensor_arena, g_tensor_arena; C++ puts lengths and namespaces in
# front (_ZN12_GLOBAL__N_112tensor_arenaE), Arduino's examples an underscore behind.
_ARENA = re.compile(r"tensor_?arena|(^|[_0-9a-z])arena(_?(buf(fer)?|mem(ory)?|data))?_?(E\w*)?$", re.IGNORECASE)
_NO_ARENA = re.compile(r"size|ptr|pointer|used|bytes|len", re.IGNORECASE)
SMALLEST_ARENA_BYTES = 256  # the interpreter's own structs alone take about half of that
_MODEL = re.compile(r"model|tflite", re.IGNORECASE)
SMALLEST_MODEL_BYTES = 256
_STACK_SECTION, _HEAP_SECTION = re.compile(r"\.?_*stack\w*", re.IGNORECASE), re.compile(r"\.?_*heap\w*", re.IGNORECASE)
_BOTH_SECTION = re.compile(r"\.?_*(user_)?heap_stack", re.IGNORECASE)
_HEAP_OBJECT = re.compile(r"ucHeap|kheap_\w+|z_malloc_heap_mem|tlsf_heap")
_MAIN_STACK_OBJECT = re.compile(r"z_main_stack")  # Zephyr's, on which main() runs
_SCHEDULERS = ("vTaskStartScheduler", "osKernelStart", "tx_kernel_enter", "_tx_initialize_kernel_enter", "rt_schedule")
_NEAR_BYTES = 64  # alignment between what ends and what begins there
_STACK_LIMITS = (("__StackLimit", "__StackTop"), ("_sstack", "_estack"))
_STACK_SIZES = ("_Min_Stack_Size", "__STACK_SIZE", "__stack_size__", "Stack_Size")
_HEAP_SIZES = ("_Min_Heap_Size", "__HEAP_SIZE", "__heap_size__", "Heap_Size")
_HEAP_LIMITS = (("__HeapBase", "__HeapLimit"), ("__heap_start__", "__heap_end__"), ("_heap_start", "_heap_end"))


def with_firmware(firmware: FirmwareMemory, board: Board, model: Model, profiles: Application = UNKNOWN) -> Application:
    """What a firmware takes on a board beside the model, with what only `profiles` tell of.

    Its sections stand for runtime, buffers and task stacks of the profiles, its heap for theirs where it has one; the
    depth of interrupts and the margin stay theirs. Its tensor arena and this very model do not count, being planned.
    Raises BadInputError for a firmware without RAM, or with none of it in the board's.
    """
    inside = _in_ram(firmware, board)
    arena, arena_note = _arena(firmware, inside)
    stack = _stack(firmware, inside, board)
    ram = _ram_rows(firmware, inside, arena, stack)
    heap, heap_note = _heap(firmware, inside, stack, board)
    ram += heap
    knows_heap = heap_note is not None or any(one.kind == "heap" for one in ram)
    ram += [one for one in profiles.ram if one.kind == "heap" and not knows_heap]
    flash, model_note = _flash(firmware, model)
    outside = sum(one.bytes for one in firmware.stretches if one.is_written and one not in inside)
    outside -= sum(one.bytes for one in firmware.stretches if one.is_written and _region(board, "flash", one.address))
    out_note = f"{outside:,} bytes of it lie outside the board's banks and do not count." if outside > 0 else None
    return replace(
        profiles,
        names=(*profiles.names, firmware.name),
        ram=tuple(ram),
        flash=(flash,),
        reserved_ram=_front(firmware, board, "ram", [one.address for one in inside]),
        reserved_flash=_front(
            firmware, board, "flash", [one.loaded_from for one in firmware.stretches if one.loaded_from is not None]
        ),
        stack=stack,
        arena=arena,
        has_interpreter=any("MicroInterpreter" in name for name in firmware.functions),
        functions=firmware.functions,
        notes=tuple(
            note
            for note in (arena_note, model_note, heap_note, out_note, _linked_elsewhere(firmware, board))
            if note is not None
        ),
    )


def _ram_rows(
    firmware: FirmwareMemory, inside: Sequence[Stretch], arena: OwnArena | None, stack: Stack | None
) -> list[Taken]:
    """A row a section, without what counts elsewhere: arena and stack; heaps in it have rows of their own."""
    heaps = [one for one in firmware.objects if _HEAP_OBJECT.fullmatch(one.name)]
    elsewhere = [] if arena is None else [NamedObject(arena.name, arena.address, arena.bytes)]
    if stack is not None and stack.address is not None:
        elsewhere.append(NamedObject("stack", stack.address, stack.bytes))
    rows = []
    for one in inside:
        own_heaps = [heap for heap in heaps if _holds(one, heap)]
        rest = one.bytes - sum(thing.bytes for thing in (*own_heaps, *elsewhere) if _holds(one, thing))
        kind = "heap" if _HEAP_SECTION.fullmatch(one.name) or _BOTH_SECTION.fullmatch(one.name) else "runtime"
        if rest > 0:
            rows.append(Taken(one.name, kind, rest, f"{firmware.name}, section {one.name}", one.address))
        rows += [
            Taken(heap.name, "heap", heap.bytes, f"{firmware.name}, {heap.name}", heap.address) for heap in own_heaps
        ]
    return rows


def _holds(stretch: Stretch, one: NamedObject) -> bool:
    return stretch.address <= one.address and _end(one) <= stretch.end


def _end(one: NamedObject) -> int:
    return one.address + one.bytes


def _region(board: Board, memory: Memory, address: int) -> Region | None:
    return next((r for r in board.regions if r.kind == memory and r.address <= address < r.address + r.bytes), None)


def _ram_runs(board: Board) -> list[tuple[int, int]]:
    """First address and end of RAM without a gap."""
    found = runs(region for region in board.regions if region.kind == "ram")
    return [(run[0].address, run[-1].address + run[-1].bytes) for run in found]


def _in_ram(firmware: FirmwareMemory, board: Board) -> tuple[Stretch, ...]:
    """The sections that lie in the board's RAM."""
    inside = tuple(one for one in firmware.stretches if _region(board, "ram", one.address))
    if inside:
        return inside
    written = [one for one in firmware.stretches if one.is_written and not _region(board, "flash", one.address)]
    if not written:
        raise BadInputError(f"{firmware.name} has no sections in RAM (.data, .bss); a firmware as it is flashed has")
    banks = ", ".join(f"{r.name} {r.address:#010x} to {r.address + r.bytes:#010x}" for r in board.regions)
    first = written[0]
    raise BadInputError(
        f"{firmware.name} has {first.name} at {first.address:#010x}, where {board.id} has no RAM; it has {banks}"
    )


def _arena(firmware: FirmwareMemory, inside: Sequence[Stretch]) -> tuple[OwnArena | None, str | None]:
    """The firmware's tensor arena by name and size: of several the largest."""
    found = [
        one
        for one in firmware.objects
        if _ARENA.search(one.name)
        and not _NO_ARENA.search(one.name)
        and one.bytes >= SMALLEST_ARENA_BYTES
        and any(_holds(stretch, one) for stretch in inside)
    ]
    if not found:
        return None, None
    largest = max(found, key=lambda one: one.bytes)
    note = (
        f"{firmware.name} has the arena itself ({largest.name}, {largest.bytes:,} bytes at {largest.address:#010x}): "
        "not counted twice."
    )
    if others := [one for one in found if one is not largest]:
        note += f" {', '.join(one.name for one in others)} of {sum(one.bytes for one in others):,} bytes count."
    return OwnArena(largest.name, largest.bytes, largest.address), note


def _value(firmware: FirmwareMemory, names: Sequence[str]) -> tuple[str, int] | None:
    return next(((name, firmware.symbols[name]) for name in names if firmware.symbols.get(name)), None)


def _span(firmware: FirmwareMemory, limits: Sequence[tuple[str, str]], board: Board) -> tuple[str, int, int] | None:
    """Words, address and bytes of what lies between two symbols in RAM."""
    for low, high in limits:
        if low in firmware.symbols and high in firmware.symbols:
            start, size = firmware.symbols[low], firmware.symbols[high] - firmware.symbols[low]
            if any(run_start <= start and 0 < size <= end - start for run_start, end in _ram_runs(board)):
                return f"{low} to {high}", start, size
    return None


def _stack(firmware: FirmwareMemory, inside: Sequence[Stretch], board: Board) -> Stack | None:
    """The stack, as an object, a section or symbols tell of it; under a scheduler kernels run on another."""
    on_it = not any(name in firmware.functions for name in _SCHEDULERS)
    main = next((one for one in firmware.objects if _MAIN_STACK_OBJECT.fullmatch(one.name)), None)
    if main is not None:
        return Stack(main.bytes, f"{firmware.name}, {main.name}", main.address, True)
    size = _value(firmware, _STACK_SIZES)
    for one in inside:
        if _BOTH_SECTION.fullmatch(one.name) and size is not None and size[1] <= one.bytes:
            return Stack(size[1], f"{firmware.name}, {size[0]}", one.address, on_it)
        if _STACK_SECTION.fullmatch(one.name) or _BOTH_SECTION.fullmatch(one.name):
            return Stack(one.bytes, f"{firmware.name}, section {one.name}", one.address, on_it)
    if span := _span(firmware, _STACK_LIMITS, board):
        return Stack(span[2], f"{firmware.name}, {span[0]}", span[1], on_it)
    if size is not None and size[1] <= board.ram_bytes:
        return Stack(size[1], f"{firmware.name}, {size[0]}", None, on_it)
    return None


def _heap(
    firmware: FirmwareMemory, inside: Sequence[Stretch], stack: Stack | None, board: Board
) -> tuple[list[Taken], str | None]:
    """The heap that symbols tell of and no section holds, and a note where it is only what other things leave."""
    if any(_HEAP_SECTION.fullmatch(one.name) or _BOTH_SECTION.fullmatch(one.name) for one in inside):
        return [], None
    if size := _value(firmware, _HEAP_SIZES):
        if size[1] <= board.ram_bytes:
            return [Taken(size[0], "heap", size[1], f"{firmware.name}, {size[0]}")], None
        return [], None
    span = _span(firmware, _HEAP_LIMITS, board)
    if span is None or any(one.address <= span[1] < one.end for one in inside):
        return [], None
    words, start, length = span
    ends = [end for _, end in _ram_runs(board)]
    if stack is not None and stack.address is not None:
        ends.append(stack.address)
    if any(0 <= end - (start + length) <= _NEAR_BYTES for end in ends):
        return [], (
            f"The heap of {firmware.name} is what other things leave ({words}, {length:,} bytes) and does not count: "
            "what the arena takes it loses."
        )
    return [Taken("heap", "heap", length, f"{firmware.name}, {words}", start)], None


def _flash(firmware: FirmwareMemory, model: Model) -> tuple[Taken, str | None]:
    """All that is loaded, without this very model, which is planned."""
    size = sum(one.bytes for one in firmware.stretches if one.loaded_from is not None)
    models = [one for one in firmware.objects if _MODEL.search(one.name) and one.bytes >= SMALLEST_MODEL_BYTES]
    same = next((one for one in models if 0 <= one.bytes - len(model.file) < 16), None)
    holds = any(model.file in content for _, content in firmware.loaded) if firmware.kind == "elf" else same is not None
    note = None
    if holds:
        size -= len(model.file)
        note = f"{firmware.name} holds this model's {len(model.file):,} bytes: not counted twice."
    elif models:
        largest = max(models, key=lambda one: one.bytes)
        note = (
            f"{firmware.name} has another model ({largest.name}, {largest.bytes:,} bytes), which counts beside "
            f"{model.name}."
        )
    taken = Taken(f"code and data of {firmware.name}", "runtime", max(size, 0), f"{firmware.name}, what is loaded")
    return taken, note


def _linked_elsewhere(firmware: FirmwareMemory, board: Board) -> str | None:
    """A note on code that is loaded where the board has no memory at all."""
    starts = [one.loaded_from for one in firmware.stretches if one.loaded_from is not None]
    if not starts or any(_region(board, "flash", at) or _region(board, "ram", at) for at in starts):
        return None
    return f"{firmware.name} is loaded at {min(starts):#010x}, where {board.id} has no memory; its size counts anyway."


def _front(firmware: FirmwareMemory, board: Board, memory: Memory, starts: Sequence[int]) -> Reserve:
    """What lies in the main bank in front of the firmware: a boot loader, a radio's stack, or nothing."""
    main = max(runs(board.main_regions(memory)), key=lambda run: (sum(r.bytes for r in run), -run[0].address))
    first, end = main[0].address, main[-1].address + main[-1].bytes
    inside = [start for start in starts if first <= start < end]
    size = min(inside, default=first) - first
    return Reserve(size, f"in front of {firmware.name}", f"{firmware.name}, lowest address in {main[0].name}")
