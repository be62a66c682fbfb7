"""Thousands of spoiled model files: each is read into a consistent Model or refused with one clear line."""

import math
import random
import signal
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
import tflite_writer

from mcusim import tflite
from mcusim.errors import BadModelError
from mcusim.model import DTYPE_BITS

MODELS = Path(__file__).parents[1] / "models"
HAND_MADE = {"convolution": tflite_writer.convolution, "zoo": tflite_writer.zoo}
BASES = [*HAND_MADE, *sorted(path.name for path in MODELS.glob("*.tflite"))]
FILES_EACH = 300
GUARD_S = 300  # hundreds of times what the files of a base take: only a hang gets there
INTEGERS = (0, 1, 2, 3, 4, 7, 255, 256, 65_535, 2**24, 2**31 - 1, 2**31, 2**32 - 4, 2**32 - 1)


def base(name):
    return tflite_writer.write(HAND_MADE[name]()) if name in HAND_MADE else (MODELS / name).read_bytes()


def structure(data):
    """Positions, four bytes apart, that are no constant's data: where offsets, sizes and indices are."""
    constant = np.zeros(len(data), bool)
    for graph in tflite.parse(data, "base").subgraphs:
        for tensor in graph.tensors:
            if tensor.file_offset is not None:
                constant[tensor.file_offset :][: tensor.data.nbytes] = True
    return [position for position in range(0, len(data) - 3, 4) if not constant[position]]


def flipped(random_, data, positions):
    changed = bytearray(data)
    for _ in range(random_.randint(1, 8)):
        changed[min(random_.choice(positions) + random_.randrange(4), len(data) - 1)] ^= 1 << random_.randrange(8)
    return changed


def byte_set(random_, data, positions):
    changed = bytearray(data)
    for _ in range(random_.randint(1, 4)):
        changed[random_.choice(positions) + random_.randrange(4)] = random_.choice((0, 1, 2, 4, 127, 128, 255))
    return changed


def integer_set(random_, data, positions):
    changed = bytearray(data)
    for _ in range(random_.randint(1, 2)):
        value = random_.choice((*INTEGERS, len(data), len(data) - 1, random_.randrange(len(data))))
        struct.pack_into("<I", changed, random_.choice(positions), value)
    return changed


def integer_moved(random_, data, positions):
    changed = bytearray(data)
    position = random_.choice(positions)
    value = struct.unpack_from("<I", data, position)[0] + random_.choice((-65_536, -256, -8, -4, -1, 1, 4, 8, 256))
    struct.pack_into("<I", changed, position, value % 2**32)
    return changed


def truncated(random_, data, _):
    return data[: random_.randrange(len(data))]


def spliced(random_, data, positions):
    """Part of the file once more at another place, or the file with a part missing or inserted."""
    source, target = random_.choice(positions), random_.choice(positions)
    part = data[source : source + random_.choice((4, 8, 16, 64, 256))]
    removed = random_.choice((len(part), 0, 2 * len(part)))
    return data[:target] + part + data[target + removed :]


MUTATIONS = (flipped, byte_set, integer_set, integer_set, integer_moved, truncated, spliced)


def spoiled(name):
    """The spoiled files of a base, the same in every run."""
    data = base(name)
    positions = structure(data)
    random_ = random.Random(f"mcusim {name}")
    for index in range(FILES_EACH):
        mutate = MUTATIONS[index % len(MUTATIONS)]
        yield f"{mutate.__name__} {index}", bytes(mutate(random_, data, positions))


def check_quantization(tensor):
    quantization = tensor.quantization
    if quantization is None:
        return
    assert len(quantization.scales) == len(quantization.zero_points) > 0
    assert all(0 < scale < math.inf for scale in quantization.scales)
    assert all(-(2**31) <= zero_point < 2**31 for zero_point in quantization.zero_points)
    if tensor.dtype == "int8":
        assert all(-128 <= zero_point <= 127 for zero_point in quantization.zero_points)
    if quantization.per_channel:
        assert tensor.shape[quantization.axis] == len(quantization.scales)


def check_tensor(tensor, file):
    assert tensor.name.isprintable()
    assert all(size >= 0 for size in tensor.shape)
    if tensor.dtype in DTYPE_BITS:
        assert tensor.bytes < 2**32
    check_quantization(tensor)
    if tensor.data is not None and tensor.dtype in DTYPE_BITS:
        assert tensor.data.shape == tensor.shape
        assert tensor.data.nbytes <= 2 * len(file)
        assert np.asarray(tensor.data != tensor.data).shape == tensor.shape  # its memory can be read
    if tensor.file_offset is not None:
        assert 0 < tensor.file_offset < len(file) and not tensor.is_variable


def check_graph(graph):
    count = len(graph.tensors)
    readable = {tensor.index for tensor in graph.tensors if tensor.is_constant or tensor.is_variable}
    assert all(0 <= index < count and not graph.tensors[index].is_constant for index in graph.inputs)
    readable |= set(graph.inputs)
    written = set(graph.inputs)
    for op in graph.ops:
        assert op.name and op.name.isprintable()
        assert all(index == -1 or index in readable for index in op.inputs)
        assert all(0 <= index < count and not graph.tensors[index].is_constant for index in op.outputs)
        assert not written & set(op.outputs) and len(set(op.outputs)) == len(op.outputs)
        written |= set(op.outputs)
        readable |= set(op.outputs)
    assert set(graph.outputs) <= readable


def check(data):
    """Whether a file is accepted; AssertionError unless the model is consistent, or the refusal one clear line."""
    try:
        model = tflite.parse(data, "spoiled")
    except BadModelError as refusal:
        text = str(refusal)
        assert text.startswith("spoiled: ") and text.isprintable() and 20 < len(text) < 300, text
        return False
    assert model.file == data and model.subgraphs
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            check_tensor(tensor, data)
        check_graph(graph)
    return True


@pytest.fixture
def guard():
    """Ends a test that hangs, where the system can."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(*_):
        raise TimeoutError(f"no end after {GUARD_S} s")

    earlier = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, GUARD_S)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, earlier)


def test_there_are_enough_files():
    assert len(BASES) * FILES_EACH >= 2000


@pytest.mark.parametrize("name", BASES)
def test_spoiled_files(name, guard):
    assert check(base(name))
    accepted = 0
    for kind, data in spoiled(name):
        try:
            accepted += check(data)
        except Exception as error:
            error.add_note(f"{name}: {kind}")
            raise
    # Neither is everything refused nor everything taken: the mutations meet structure as well as names and numbers.
    assert 0.05 * FILES_EACH < accepted < 0.95 * FILES_EACH
