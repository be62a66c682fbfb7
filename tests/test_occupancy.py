"""Owners of an arena, a model file and code: complete, and where bytes are shared, counted once."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_layer import M4, REFERENCE, convolution_model

from mcusim.arena import arena
from mcusim.occupancy import arena_owners, code_owners, model_owners, union_bytes
from mcusim.symbols import Symbol
from mcusim.tflite import load


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12))
def test_union_counts_each_byte_once(stretches):
    covered = {byte for offset, size in stretches for byte in range(offset, offset + size)}
    assert union_bytes(stretches) == len(covered)


def of_kind(owners, kind):
    return {owner.name: owner.bytes for owner in owners if owner.kind == kind}


def test_owners_of_an_arena_by_hand():
    model = convolution_model()
    found = arena(model, M4)
    owners = arena_owners(model, found)
    assert sum(owner.bytes for owner in owners) == found.smallest_bytes
    assert of_kind(owners, "tensor") == {"t0": 108, "t2": 180}
    assert of_kind(owners, "scratch") == {"scratch 0 of layer 0": 112}
    assert of_kind(owners, "persistent")["kernel data of layer 0 (CONV_2D)"] == 28 + 60 + 20 + 20
    assert of_kind(owners, "persistent")["interpreter"] == 132
    # 108 and 180 bytes are placed as 112 and 192.
    assert of_kind(owners, "alignment")["alignment in the arena's head"] == 4 + 12


@pytest.mark.parametrize("runtime", [M4, REFERENCE])
@pytest.mark.parametrize("name", ["ad01_int8", "kws_ref_model", "person_detect", "pretrainedResnet_quant"])
def test_owners_of_public_arenas_sum_up(reference_data, name, runtime):
    model = load(reference_data / "models" / f"{name}.tflite")
    found = arena(model, runtime)
    owners = arena_owners(model, found)
    assert sum(owner.bytes for owner in owners) == found.smallest_bytes
    assert min(owner.bytes for owner in owners) > 0
    in_head = sum(owner.bytes for owner in owners if owner.kind in ("tensor", "scratch"))
    assert in_head <= found.head_bytes


def test_tensors_of_other_layers_are_one_owner(reference_data):
    """ResNet-8's head is higher than its peak: other tensors and holes own the rest."""
    model = load(reference_data / "models" / "pretrainedResnet_quant.tflite")
    found = arena(model, M4)
    owners = arena_owners(model, found)
    rest = found.head_bytes - found.live_lower_bound_bytes
    others = of_kind(owners, "tensor").get("tensors of other layers", 0)
    assert others + of_kind(owners, "hole").get("holes in the arena's head", 0) == rest


def test_owners_of_a_model_file():
    model = convolution_model()
    owners = model_owners(model)
    assert of_kind(owners, "weights") == {"t1": 135}
    assert sum(owner.bytes for owner in owners) == len(model.file)


def test_shared_weights_are_owned_once():
    model = convolution_model()
    graph = model.subgraphs[0]
    twin = dataclasses.replace(graph.tensors[1], index=3, name="twin")
    longer = dataclasses.replace(twin, index=4, name="longer", file_offset=twin.file_offset + 100)
    tensors = (*graph.tensors, twin, longer)
    shared = dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, tensors=tensors),))
    owners = model_owners(shared)
    assert of_kind(owners, "weights") == {"t1": 135, "longer": 100}
    assert sum(owner.bytes for owner in owners) == len(model.file)


def test_code_is_aligned():
    owners = code_owners([Symbol("a", 0, 10), Symbol("b", 12, 8)])
    assert of_kind(owners, "code") == {"a": 10, "b": 8}
    assert of_kind(owners, "alignment") == {"padding between functions": 2}
