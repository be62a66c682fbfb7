"""Loops: told by their code, and said in what they differ."""

import dataclasses

from run_variants import with_longer_loop

from mcusim.loop_changes import loop_changes, loop_words, named_changes


def changes(before, after, index):
    return loop_changes(before.layers[index].loops, after.layers[index].loops, before.hot_code, after.hot_code)


def test_the_same_loops_do_not_differ(example_run):
    assert changes(example_run, example_run, 0) == ()


def test_an_instruction_more(example_run):
    (change,) = changes(example_run, with_longer_loop(example_run, 1), 1)
    iterations = example_run.layers[1].loops[0].iterations
    assert change.function == "arm_depthwise_conv_inner_s8"
    assert (change.iterations_before, change.iterations_after, change.change) == (iterations,) * 3
    assert (change.added, change.removed) == (("mov r8, r8",), ())
    assert [(one.name, one.change) for one in change.causes] == [("issue", iterations)]
    assert loop_words(change) == (
        "the loop at +0x78 of arm_depthwise_conv_inner_s8: 48,227 iterations as before, 7 → 8 cycles each "
        "(+ mov r8, r8)"
    )


def test_code_that_only_moved_is_the_same(example_run):
    """Branch targets count from the function's beginning."""
    code = example_run.hot_code[0]
    moved = tuple(
        dataclasses.replace(line, offset=line.offset + 8, text=line.text.replace("+0x40", "+0x48"))
        for line in code.lines
    )
    codes = (dataclasses.replace(code, offset=code.offset + 8, lines=moved), *example_run.hot_code[1:])
    assert changes(example_run, dataclasses.replace(example_run, hot_code=codes), 0) == ()


def test_loops_are_told_by_their_code_not_by_their_rank(example_run):
    """The second loop becomes the hottest: both are the same, one with more iterations."""
    layer = example_run.layers[0]
    first, second = layer.loops
    more = dataclasses.replace(second, iterations=second.iterations * 20, cycles=second.cycles * 20)
    after = (more, first)
    (change,) = loop_changes(layer.loops, after, example_run.hot_code, example_run.hot_code)
    assert (change.offset_before, change.offset_after) == (48, 48)
    assert loop_words(change).endswith(
        f"{second.iterations:,} → {more.iterations:,} iterations, 6 cycles each as before"
    )


def test_loops_of_other_functions_are_others(example_run):
    layers = example_run.layers
    assert loop_changes(layers[0].loops, layers[1].loops, example_run.hot_code, example_run.hot_code) == ()


def test_many_instructions_are_counted(example_run):
    longer = with_longer_loop(example_run, 1)
    (change,) = changes(example_run, longer, 1)
    many = dataclasses.replace(change, added=("a", "b", "c"), removed=("d",))
    assert loop_words(many).endswith("(+ 3 instructions; − d)")


def test_names_that_differ():
    changes = named_changes({"a": 5, "b": 7, "same": 1}, {"b": 3, "new": 2, "same": 1})
    assert [(one.name, one.change) for one in changes] == [("new", 2), ("b", -4), ("a", -5)]
