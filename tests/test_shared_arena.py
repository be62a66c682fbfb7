"""The oracle is TensorFlow Lite Micro's allocator as a machine: SingleArenaBufferAllocator's head, tail and temporary
part in an arena of a given size, and what MicroAllocator and MicroInterpreter do with it step by step
(micro_allocator.cc, single_arena_buffer_allocator.cc, read at tflite-micro 6eac102 and 25b10cd)."""

import itertools
from pathlib import Path

import pytest

from mcusim.arena import arena
from mcusim.runtime import Runtime
from mcusim.shared_arena import share
from mcusim.tflite import load

MODELS = Path(__file__).parents[1] / "models"
NAMES = ("ad_autoencoder", "kws_ds_cnn", "vww_mobilenet_v1_025")
RUNTIMES = (Runtime("cmsis_nn", dsp=True, mve=False), Runtime("reference", dsp=False, mve=False))
FOUR_ALIGNED = ("interpreter", "tensor structs", "node structs", "scratch handles")
REQUEST_BYTES, REQUESTS_OF_OP = 12, 12


class FullError(Exception):
    pass


class Machine:
    """An arena of a size, its start at an address that is a multiple of 16."""

    def __init__(self, size):
        self.head, self.temp, self.tail = 0, 0, size
        self.size, self.largest_plan = size, 0

    def keep(self, size, alignment):
        place = (self.tail - size) // alignment * alignment
        if place < self.head:
            raise FullError
        self.tail = place

    def resize(self, size):
        if size > self.tail:
            raise FullError
        self.head = self.temp = size

    def temporary(self, size, alignment):
        place = -(-self.temp // alignment) * alignment
        if size > self.tail - place:
            raise FullError
        self.temp = place + size

    def interpret(self, model, runtime, first):
        """MicroAllocator::Create for the first, then AllocateTensors."""
        alone = arena(model, runtime)
        rows = [row for row in alone.allocations if row.kind != "input and output tensors"]
        created = [row for row in rows if row.kind == "interpreter"][:3]
        for row in created if first else ():
            self.keep(row.bytes, 4)
        started = False
        for row in rows[3:]:
            self.keep(row.bytes, self.alignment(row, alone))
            if not started:
                started = True  # MicroBuiltinDataAllocator is made before the head is taken for scratch requests
                self.resize(REQUEST_BYTES * REQUESTS_OF_OP)
        scratch = sum(len(each.scratch_bytes) for each in alone.memory)
        for requests in range(scratch + 1):
            self.resize(REQUEST_BYTES * (requests + REQUESTS_OF_OP))
        self.plan(model, alone, scratch)
        for row in alone.allocations:
            if row.kind == "input and output tensors":
                self.keep(row.bytes, 16 if row.name.startswith("pointers") else 4)

    @staticmethod
    def alignment(row, alone):
        if row.kind == "builtin options":
            return alone.memory[row.op].builtin_data_alignment
        return 4 if row.kind in FOUR_ALIGNED else 16

    def plan(self, model, alone, scratch):
        """CommitStaticMemoryPlan: records, the planner's own in all the rest, and the head for the largest plan."""
        self.temporary(24 * (len(model.tensors) + scratch) + 4 * len(model.subgraphs), 4)
        start = -(-self.temp // 16) * 16
        there = self.tail // 16 * 16 - start
        if there < 40 * len(alone.buffers):
            raise FullError
        self.largest_plan = max(self.largest_plan, alone.head_bytes)
        self.resize(self.largest_plan)


def fits(models, runtime, size):
    machine = Machine(size)
    try:
        for number, model in enumerate(models):
            machine.interpret(model, runtime, number == 0)
    except FullError:
        return False
    return True


@pytest.fixture(scope="module")
def models():
    return [load(MODELS / f"{name}.tflite") for name in NAMES]


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.kernels)
@pytest.mark.parametrize("order", [*itertools.permutations(range(3)), (0, 0), (1, 0, 0, 0), (0,)])
def test_the_smallest_arena_is_the_smallest_that_the_machine_accepts(models, runtime, order):
    chosen = [models[index] for index in order]
    found = share(chosen, runtime).smallest_bytes
    assert fits(chosen, runtime, found)
    assert not fits(chosen, runtime, found - 16)


def test_one_model_shares_with_nobody(models):
    alone, shared = arena(models[1], RUNTIMES[0]), share(models[1:2], RUNTIMES[0])
    assert shared.smallest_bytes == shared.apart_bytes == alone.smallest_bytes
    assert (shared.head_bytes, shared.kept_bytes) == (alone.head_bytes, alone.tail_bytes)
    assert shared.saved_bytes == 0


def test_what_is_kept_adds_up_and_the_head_is_the_largest(models):
    shared = share(models, RUNTIMES[0])
    alone = [arena(model, RUNTIMES[0]) for model in models]
    assert shared.head_bytes == max(one.head_bytes for one in alone)
    # All but the three objects that are made once an arena (116 bytes); alignment may move some bytes.
    assert shared.kept_bytes == pytest.approx(sum(one.tail_bytes for one in alone) - 2 * 116, abs=3 * 16)
    assert shared.kept_bytes == sum(row.kept_bytes for row in shared.models)
    assert shared.smallest_bytes == sum(row.growth_bytes for row in shared.models) < shared.apart_bytes
    assert shared.used_bytes == shared.head_bytes + shared.kept_bytes


def test_the_best_order_needs_least(models):
    shared = share(models, RUNTIMES[0])
    needed = {
        order: share([models[index] for index in order], RUNTIMES[0]).smallest_bytes
        for order in itertools.permutations(range(3))
    }
    assert shared.best_bytes == min(needed.values()) == needed[shared.best_order]


def test_no_models():
    with pytest.raises(ValueError, match="no models"):
        share([], RUNTIMES[0])
