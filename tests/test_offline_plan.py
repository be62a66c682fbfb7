"""OfflineMemoryAllocation metadata: what is read, what is refused, and what the arena makes of it."""

import struct

import numpy as np
import pytest
import tflite_writer
from one_layer import M4
from tflite_writer import Table, buffer

from mcusim.arena import arena
from mcusim.errors import BadModelError, UnsupportedError
from mcusim.offline_plan import NAME, ONLINE, encode, read
from mcusim.tflite import parse


def unplanned():
    """A convolution and a reshape: tensors 0, 3 and 5 lie in the head, of 32, 48 and 48 bytes."""
    root = tflite_writer.convolution()
    root["Subgraphs"][0]["Operators"][0]["BuiltinOptions"]["StrideH"] = 1
    return root


def planned(*numbers, extra=b""):
    """The same with such metadata."""
    root = unplanned()
    data = struct.pack(f"<{len(numbers)}i", *numbers) + extra
    root["Buffers"] = [*root["Buffers"], buffer(np.frombuffer(data, np.uint8))]
    root["Metadata"] = [*root["Metadata"], Table("Metadata", Name=NAME, Buffer=5)]
    return parse(tflite_writer.write(root), "planned")


def test_none_without_metadata():
    assert read(parse(tflite_writer.write(unplanned()), "plain")) is None


def test_an_offset_for_each_tensor_whatever_version_and_subgraphs():
    for head in ((1, 1), (0, 0), (7, -3)):
        model = planned(*head, 6, 0, -1, -1, 32, -1, 80)
        assert read(model) == (0, -1, -1, 32, -1, 80)
    assert read(planned(1, 1, 6, 0, -1, -1, 32, -1, 80, 99, extra=b"x")) == (0, -1, -1, 32, -1, 80)


def test_offsets_of_tensors_without_a_place_count_for_nothing():
    assert read(planned(1, 1, 6, 0, -77, 3, 32, -1, 80))[1:3] == (-77, 3)


@pytest.mark.parametrize(
    "numbers, extra, error, message",
    [
        ((1, 1), b"", BadModelError, r"^planned: its OfflineMemoryAllocation metadata is 8 bytes; it begins with 3"),
        ((1, 1), b"abc", BadModelError, r"is 11 bytes"),
        ((1, 1, 5, 0, 0, 0, 0, 0), b"", BadModelError, r"has offsets of 5 tensors and the model 6: .* refuses that"),
        ((1, 1, -6), b"", BadModelError, r"has offsets of -6 tensors"),
        (
            (1, 1, 6, 0, 0),
            b"",
            BadModelError,
            r"is 20 bytes; 6 offsets take 36, and TensorFlow Lite Micro would read on",
        ),
        ((1, 1, 6, -2, -1, -1, -1, -1, -1), b"", BadModelError, r"puts tensor 0 2 bytes below the arena"),
        ((1, 1, 6, 2**31 - 16, -1, -1, -1, -1, -1), b"", BadModelError, r"ends behind 2 GB"),
        ((1, 1, 6, -1, -1, -1, 34, -1, -1), b"", UnsupportedError, r"tensor 3 at offset 34; .* multiples of 4"),
    ],
)
def test_malformed_plans_are_refused_in_one_sentence(numbers, extra, error, message):
    model = planned(*numbers, extra=extra)
    with pytest.raises(error, match=message) as refusal:
        arena(model, M4)
    assert "\n" not in str(refusal.value)


def test_overlapping_tensors_are_named():
    with pytest.raises(UnsupportedError, match=r"puts input and conv in the same bytes while both are needed"):
        arena(planned(1, 1, 6, 0, -1, -1, 16, -1, 80), M4)
    # 0 and 5 never live together.
    assert arena(planned(1, 1, 6, 0, -1, -1, 48, -1, 0), M4).head_bytes == 96


def test_the_arena_is_laid_out_as_planned_and_scratch_around_it():
    free = arena(parse(tflite_writer.write(unplanned()), "plain"), M4)
    found = arena(planned(1, 1, 6, 1600, -1, -1, 64, -1, 0), M4)
    assert [one.offset for one in found.buffers if one.tensor is not None] == [1600, 64, 0]
    (scratch,) = [one for one in found.buffers if one.scratch is not None]
    assert (scratch.offset, scratch.planned_bytes) == (0, 16)  # below the convolution's output, before tensor 5 lives
    assert found.head_bytes == 1632
    assert found.tail_bytes == free.tail_bytes
    assert found.smallest_bytes == -(-(1632 + free.tail_bytes) // 16) * 16


def test_the_linear_planner_takes_none():
    with pytest.raises(UnsupportedError, match=r"planned has an offline plan, which .* LinearMemoryPlanner refuses"):
        arena(planned(1, 1, 6, 0, -1, -1, 32, -1, 80), M4, planner="linear")


def test_encoding():
    model = planned(1, 1, 6, 0, -1, -1, 32, -1, 80)
    assert encode(model, (0, ONLINE, ONLINE, 32, ONLINE, 80)) == model.metadata[NAME]
