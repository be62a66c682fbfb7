"""Distinct values, zeros, entropy and compressed sizes of constants: by hand, and against what compresses them."""

import math
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import mcusim
from mcusim.model import Quantization
from mcusim.weight_statistics import MOST_BYTES, compressibility

MODELS = Path(__file__).parents[1] / "models"


class Model(SimpleNamespace):
    """What of a model is looked into; like one it is told from others by its identity."""

    __hash__ = object.__hash__


def model(*tensors, op="FULLY_CONNECTED"):
    """A model of constants (array, quantization), each at a place of its own in the file, all read by one operator."""
    file, found = bytearray(b"TFL3"), []
    for index, (values, quantization) in enumerate(tensors):
        found.append(
            SimpleNamespace(
                name=f"tensor {index}",
                dtype=str(values.dtype),
                data=values,
                elements=values.size,
                quantization=quantization,
                file_offset=len(file),
            )
        )
        file += values.tobytes()
    ops = [SimpleNamespace(name=op, inputs=(*range(len(found)), -1))]
    return Model(file=bytes(file), subgraphs=(SimpleNamespace(tensors=found, ops=ops),))


def per_tensor(zero_point=0):
    return Quantization((0.1,), (zero_point,), 0)


def test_by_hand():
    """Half zeros and two values of a quarter each: 1.5 bits; four values in all would need 2, three need 2 as well."""
    values = np.array([0, 0, 5, -7] * 64, np.int8)
    found = compressibility(model((values, per_tensor())))
    (one,) = found.tensors
    assert (one.bytes, one.elements, one.unique_values, one.zero_share) == (256, 256, 3, 0.5)
    assert one.entropy_bits == 1.5 and found.entropy_bytes == 256 * 1.5 / 8
    assert one.lookup_bytes == 256 * 2 // 8 + 3
    assert one.zlib_bytes == len(zlib.compress(values.tobytes(), 9)) < 40
    assert (found.bytes, found.zero_share, found.entropy_bits, found.lookup_bytes) == (256, 0.5, 1.5, one.lookup_bytes)


def test_a_single_value_takes_no_bits():
    found = compressibility(model((np.zeros(100, np.int8), per_tensor())))
    assert (found.entropy_bits, found.entropy_bytes, found.tensors[0].unique_values) == (0.0, 0, 1)
    assert math.copysign(1, found.entropy_bits) == 1


def test_zero_is_the_real_one():
    values = np.array([128, 128, 0, 3], np.uint8)
    assert compressibility(model((values, per_tensor(128)))).zero_share == 0.5
    assert compressibility(model((values, None))).zero_share == 0.25


def test_noise_does_not_compress():
    values = np.random.default_rng(1).integers(-128, 128, 40_000, np.int8)
    found = compressibility(model((values, per_tensor())))
    assert found.zlib_bytes == found.lookup_bytes == found.bytes == 40_000
    assert 7.98 < found.entropy_bits <= 8
    assert found.tensors[0].lookup_bytes is None and "256 values in a channel" in found.tensors[0].lookup_bytes_reason


def test_tables_by_channel():
    """tflite-micro's example: two channels of 4 and 5 values, tables of 5 int16 each, indices of 3 bits."""
    values = np.array([[2, 4, 4, 10, 1], [7, 99, 10, 2, 4]], np.int16)
    channels = Quantization((0.1, 0.2), (0, 0), 0)
    (one,) = compressibility(model((values, channels))).tensors
    assert one.lookup_bytes == math.ceil(10 * 3 / 8) + 2 * 5 * 2
    # 1, 2, 4, 7, 10 and 99 in one table for all of them.
    (one,) = compressibility(model((values, per_tensor()))).tensors
    assert one.lookup_bytes == math.ceil(10 * 3 / 8) + 6 * 2


def test_an_operator_that_cannot_decompress():
    (one,) = compressibility(model((np.zeros(64, np.int8), per_tensor()), op="ADD")).tensors
    assert one.lookup_bytes is None and one.lookup_bytes_reason == "read by ADD, which cannot decompress"


def test_bytes_that_tensors_share_count_once():
    shared = model((np.arange(64, dtype=np.int8), per_tensor()))
    shared.subgraphs[0].tensors.append(shared.subgraphs[0].tensors[0])
    assert compressibility(shared).bytes == 64 and len(compressibility(shared).tensors) == 1


def test_nothing_and_too_much():
    nothing = compressibility(model())
    assert nothing.zlib_bytes is None and nothing.unknown_reason == "the model has no weights"
    large = model((np.zeros(MOST_BYTES // 8 + 1, np.int64), None))
    found = compressibility(large)
    assert found.zlib_bytes is None and found.tensors == () and "more than the 33,554,432" in found.unknown_reason


@pytest.mark.parametrize("name", ["digits_cnn", "kws_ds_cnn", "ad_autoencoder"])
def test_real_models(name):
    loaded = mcusim.load(MODELS / f"{name}.tflite")
    found = compressibility(loaded)
    plan = mcusim.plan(loaded, mcusim.load_board("nano33ble"))
    assert found.bytes == plan.flash().weights_bytes == sum(one.bytes for one in found.tensors)
    for one in found.tensors:
        assert 1 <= one.unique_values <= one.elements and 0 <= one.zero_share <= 1
        assert 0 <= one.entropy_bits <= math.log2(one.unique_values) + 1e-9
    assert found.entropy_bytes <= found.bytes and found.zlib_bytes <= found.bytes


def test_a_pruned_and_clustered_model_shows():
    rng = np.random.default_rng(2)
    weights = rng.choice(np.array([-90, -40, -10, 15, 45, 90], np.int8), 20_000)
    weights[rng.random(20_000) < 0.8] = 0
    found = compressibility(model((weights, per_tensor())))
    assert found.zero_share > 0.79 and found.entropy_bytes < 0.2 * found.bytes
    assert found.lookup_bytes == 20_000 * 3 // 8 + 7 and found.zlib_bytes < 0.3 * found.bytes
