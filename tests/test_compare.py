"""Differences of runs: nothing is lost or counted twice, the policy judges, and what explains a change is named."""

import dataclasses

import pytest
from conftest import make_run
from hypothesis import given, settings
from hypothesis import strategies as st
from run_variants import estimated, slower, with_buffer, with_changes, with_layers, with_longer_loop, with_slower_layer

import mcusim
from mcusim import delta, record
from mcusim.compare import compare
from mcusim.policy import BaselinePolicy, ComparePolicy, Policy, Tolerance
from mcusim.trace import CAUSES

RUN = make_run()


def policy(**changes):
    return Policy(compare=dataclasses.replace(ComparePolicy(), **changes))


def sentences(found):
    return [one.sentence for one in found.failures]


def test_it_is_public():
    assert mcusim.compare is compare


def test_a_run_does_not_differ_from_itself(example_run):
    found = compare(example_run, example_run)
    assert found.is_same and not found.findings and not found.attribution


def test_a_slower_layer_fails_with_its_loop(example_run):
    found = compare(example_run, with_longer_loop(example_run, 3))
    (layer,) = [one for one in found.failures if one.metric == "layer_cycles"]
    assert layer.layer == 3 and (layer.allowed_percent, layer.allowed_absolute) == (2, 100)
    assert layer.sentence == (
        "layer 3 DEPTHWISE_CONV_2D layer_3/depthwise_conv_2d: 450,123 → 498,350 cycles (+48,227, +10.7%; 2% or 100 "
        "cycles allowed): the loop at +0x78 of arm_depthwise_conv_inner_s8: 48,227 iterations as before, 7 → 8 cycles "
        "each (+ mov r8, r8); issue +48,227"
    )


def test_the_whole_fails_with_its_layers(example_run):
    found = compare(example_run, with_slower_layer(with_slower_layer(example_run, 2, 90_000), 4, 10_000))
    (cycles,) = [one for one in found.failures if one.metric == "cycles"]
    assert cycles.sentence.startswith("cycles 6,330,118 → 6,430,118 (+100,000, +1.6%; 1% allowed): layer 2 CONV_2D ")
    assert "layer 4 CONV_2D layer_4/conv_2d +10,000; by cause load_store +100,000" in cycles.sentence
    assert [one.metric for one in found.failures] == ["cycles", "latency_s", "layer_cycles"]


def test_within_the_tolerance(example_run):
    after = with_slower_layer(example_run, 2, 9_000)
    assert not compare(example_run, after).findings
    assert compare(example_run, after, policy(layer_cycles=Tolerance())).failures


def test_less_is_an_improvement_unless_nothing_may_change(example_run):
    before = with_slower_layer(example_run, 2, 90_000)
    found = compare(before, example_run)
    assert not found.failures and [one.metric for one in found.findings] == ["cycles", "latency_s", "layer_cycles"]
    assert "allowed" not in found.findings[0].sentence and "(-90,000, -1.4%)" in found.findings[0].sentence
    assert len(compare(before, example_run, policy(fails="any change")).failures) == 3


def test_a_new_buffer_is_named(example_run):
    found = compare(example_run, with_buffer(example_run, "skip/add", 1_024, (1, 3)))
    assert sentences(found) == [
        "arena_bytes 23,760 → 24,784 (+1,024, +4.3%; none allowed): new intermediate skip/add, 1,024 bytes",
        "ram_bytes 34,208 → 35,232 (+1,024, +3.0%; none allowed): new intermediate skip/add, 1,024 bytes",
    ]
    (buffer,) = found.buffers
    assert (buffer.name, buffer.change, buffer.at_peak) == ("skip/add", 1_024, True)


def test_what_is_wrong_now_fails_whatever_the_tolerances(bad_run, example_run):
    found = compare(example_run, bad_run, policy(ram_bytes=Tolerance(percent=1e6)))
    assert sentences(found) == [
        "does not fit nano33ble any more: RAM: 230,000 bytes are needed, 217,088 are there",
        "layer 3 DEPTHWISE_CONV_2D layer_3/depthwise_conv_2d is not bit-exact any more",
    ]
    assert not compare(bad_run, bad_run).findings


def test_a_changed_timing_table_is_refused_and_nothing_else_is_said_of_cycles(example_run):
    after = with_changes(with_slower_layer(example_run, 2, 90_000), core_table_sha256="1" * 64)
    found = compare(example_run, after)
    assert [one.metric for one in found.failures] == ["timing"]
    assert "cores/cortex_m4.toml" in found.failures[0].sentence and "changed_timing" in found.failures[0].sentence
    assert found.attribution[0].startswith("Only mcusim's model of time changed")
    assert not compare(example_run, after, policy(changed_timing="tell")).failures
    judged = compare(example_run, after, policy(changed_timing="judge"))
    assert [one.metric for one in judged.failures] == ["cycles", "latency_s", "layer_cycles"]


def test_bytes_are_judged_also_where_cycles_are_not(example_run):
    after = with_changes(with_buffer(example_run, "x", 64, (1, 3)), board_file_sha256="1" * 64)
    metrics = [one.metric for one in compare(example_run, after, policy(changed_board="tell")).failures]
    assert metrics == ["arena_bytes", "ram_bytes"]


def test_an_estimate_is_not_compared_silently(example_run):
    found = compare(example_run, estimated(example_run))
    assert [one.metric for one in found.failures] == ["engine"]
    assert "not the same kind of figure" in " ".join(found.attribution)
    assert not compare(estimated(example_run), estimated(example_run)).basis
    metrics = {
        one.metric for one in compare(example_run, estimated(example_run), policy(changed_engine="judge")).failures
    }
    assert metrics == {"instructions", "stack_bytes"}, "not known any more"


def test_a_layer_that_is_estimated_only(example_run):
    after = estimated(example_run)
    found = compare(example_run, after)
    assert {one.change for one in found.layers} == {0} and {one.causes for one in found.layers} == {()}


def test_the_deepest_stack_is_named(example_run):
    deeper = [dataclasses.replace(one, stack_bytes=900) if one.index == 5 else one for one in example_run.layers]
    memory = dataclasses.replace(example_run.memory, stack_bytes=900)
    found = compare(example_run, dataclasses.replace(with_layers(example_run, deeper), memory=memory))
    assert sentences(found)[0] == (
        "stack_bytes 512 → 900 (+388, +75.8%; none allowed): the deepest is layer 5 DEPTHWISE_CONV_2D "
        "layer_5/depthwise_conv_2d, arm_depthwise_conv_s8"
    )


layer_sets = st.lists(
    st.tuples(
        st.integers(0, len(RUN.layers) - 1),
        st.integers(-5_000, 5_000),
        st.sampled_from([cause for cause in CAUSES if cause in ("issue", "load_store")]),
    ),
    max_size=9,
)


def random_run(rows):
    """Layers of the example in any order and number, with any changes of cycles."""
    layers = [RUN.layers[index] for index, _, _ in rows]
    changes = [max(change, -layer.cycles_by_cause[cause], -layer.functions[0].cycles)
               for layer, (_, change, cause) in zip(layers, rows, strict=True)]  # fmt: skip
    rows = zip(layers, changes, rows, strict=True)
    return with_layers(RUN, [slower(layer, change, row[2]) for layer, change, row in rows])


owners = st.lists(
    st.builds(record.Owner, st.sampled_from("ab"), st.integers(0, 99), st.sampled_from(["tensor", "code", "reserved"])),
    max_size=5,
)


def with_owners(run, ram, flash):
    """The run with these owners of RAM and flash, and what they use."""

    def used(rows, verdict):
        total = sum(one.bytes for one in rows if one.kind not in delta.NOT_USED)
        return dataclasses.replace(verdict, used_bytes=total, headroom_bytes=verdict.available_bytes - total)

    verdict = dataclasses.replace(run.verdict, ram=used(ram, run.verdict.ram), flash=used(flash, run.verdict.flash))
    memory = dataclasses.replace(run.memory, owners=tuple(ram))
    return dataclasses.replace(
        run, verdict=verdict, memory=memory, flash=dataclasses.replace(run.flash, owners=tuple(flash))
    )


@settings(max_examples=40)
@given(layer_sets, layer_sets, owners, owners)
def test_changes_sum_to_those_of_the_whole(before, after, ram, flash):
    one = with_owners(random_run(before), ram, flash)
    other = with_owners(random_run(after), flash, ram)
    found = compare(one, other)
    for key, parts, whole in delta.sums(found):
        assert parts == whole, key
    assert sum(layer.change for layer in found.layers) == other.totals.cycles - one.totals.cycles
    assert sum(change.change for change in found.causes) == other.totals.cycles - one.totals.cycles
    assert sum(change.change for change in found.functions) == other.totals.cycles - one.totals.cycles
    for layer in found.layers:
        assert sum(change.change for change in layer.causes) == layer.change
        assert sum(change.change for change in layer.functions) == layer.change
    if one == other:
        assert found.is_same
    if found.is_same:
        assert (one.totals, one.verdict, len(one.layers)) == (other.totals, other.verdict, len(other.layers))


@settings(max_examples=40)
@given(layer_sets)
def test_the_other_way_round_everything_is_the_opposite(rows):
    one, other = RUN, random_run(rows)
    there, back = compare(one, other), compare(other, one)
    assert {(change.name, change.change) for change in there.causes} == {
        (change.name, -change.change) for change in back.causes
    }
    assert sum(layer.change for layer in there.layers) == -sum(layer.change for layer in back.layers)


def test_a_model_of_many_layers(example_run):
    """A thousand layers with one more in front: all are found again."""
    many = [dataclasses.replace(example_run.layers[index % 9], name=f"l{index}") for index in range(1_000)]
    new = dataclasses.replace(example_run.layers[0], name="new")
    found = compare(with_layers(example_run, many), with_layers(example_run, [new, *many]))
    assert [one.state for one in found.layers] == ["added"] + ["unchanged"] * 1_000


@pytest.mark.parametrize("file", [None, "mcusim.toml"])
def test_a_policy_is_a_value(example_run, file):
    assert compare(example_run, example_run, Policy(ComparePolicy(), BaselinePolicy(), file)).is_same
