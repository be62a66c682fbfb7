"""What cannot do, in sentences with the bytes that are missing."""

from types import SimpleNamespace

from mcusim.application import Stack
from mcusim.shortages import arena_shortage, runtime_shortage, stack_shortage, tensor_shortage


def arena(smallest=24_576, sizes=(100, 9_216)):
    buffers = [SimpleNamespace(name=f"tensor {size};fused", bytes=size) for size in sizes]
    return SimpleNamespace(smallest_bytes=smallest, buffers=buffers)


def test_an_arena_of_a_given_size():
    assert arena_shortage(arena(), 24_576) is None and arena_shortage(arena(), 24_591) is None
    assert arena_shortage(arena(), 24_560) == (
        "arena: 24,560 bytes are given, 16 fewer than the 24,576 that AllocateTensors needs"
    )
    assert arena_shortage(arena(), 24_575) == (
        "arena: 24,575 bytes are given (of which 24,560 in whole steps of 16 count), 16 fewer than the 24,576 that "
        "AllocateTensors needs"
    )


def test_a_tensor_that_no_bank_holds():
    assert tensor_shortage(arena(), 9_216, "a board") is None
    assert tensor_shortage(arena(), 9_000, "a board") == (
        "RAM: tensor 9216 alone takes 9,216 bytes, 216 more than the largest bank of a board has"
    )
    assert tensor_shortage(arena(sizes=()), 0, "a board") is None


def test_a_stack_that_kernels_overflow():
    stack = Stack(1_024, "app.elf, __StackTop", None, True)
    assert stack_shortage(stack, 1_024) is None
    assert stack_shortage(stack, 1_500) == (
        "stack: 1,024 bytes (app.elf, __StackTop), 476 fewer than the 1,500 of kernels and interrupts"
    )
    assert stack_shortage(Stack(1_024, "app.elf", None, False), 1_500) is None


def test_no_flash_for_the_interpreter():
    assert runtime_shortage(9_732, 9_732, "a board") == ()
    (reason,) = runtime_shortage(9_732, 9_000, "a board")
    assert reason.startswith("interpreter and C library: take at least 9,732 bytes of flash, 732 more than the 9,000")
