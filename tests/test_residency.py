"""What of the arena is in a data cache, on chains of layers that are counted by hand."""

from itertools import pairwise

import numpy as np

from mcusim.hardware import load_board
from mcusim.residency import cold_bytes, layer_bytes
from mcusim.sketch import Sketch
from mcusim.streams import data_cache


def chain(*sizes, constant=0):
    """Layers one behind the other; the first is given to the model, each may read a constant of so many bytes."""
    sketch = Sketch()
    tensors = [sketch.activation((1, size)) for size in sizes]
    for source, output in pairwise(tensors):
        constants = (sketch.constant(np.zeros(constant, np.int8)),) if constant else ()
        sketch.op("RELU", (source, *constants), (output,))
    return sketch.model()


def test_what_was_just_written_is_there():
    """The input comes from outside; the first output takes new memory, the third layer's lies where the input was."""
    assert cold_bytes(chain(100, 60, 100, 60), 1000) == [160, 0, 0]


def test_memory_that_is_used_for_the_first_time_is_not_there():
    """Layer 1 needs 60 + 200 bytes at once, 100 more than layer 0 did: these are new."""
    assert cold_bytes(chain(100, 60, 200), 1000) == [160, 100]


def test_what_went_through_the_cache_since_evicts():
    assert cold_bytes(chain(100, 60, 100, 60, constant=5000), 1000) == [160, 160, 160]


def test_a_tensor_that_is_read_again_later():
    """Read by the first and the third layer: what lies between decides."""
    for size, expected in ((100, 0), (600, 400)):
        sketch = Sketch()
        source, first = sketch.activation((1, 400)), sketch.activation((1, size))
        second, third = sketch.activation((1, 8)), sketch.activation((1, 8))
        sketch.op("RELU", (source,), (first,))
        sketch.op("RELU", (first,), (second,))
        sketch.op("ADD", (source, second), (third,))
        assert cold_bytes(sketch.model(), 1200)[2] == expected


def test_bytes_of_a_layer():
    model = chain(100, 60, constant=30)
    assert layer_bytes(model, model.ops[0]) == (160, 190)


def test_the_size_of_a_data_cache():
    cache = data_cache(load_board("nucleo_h743zi"))
    assert cache is not None and cache.of_arena and cache.bytes == 16 << 10
