"""Chains of calls in the exchange formats of flame graphs."""

import json

from mcusim import flame_graphs

STACKS = ((("a;b", "c d"), 3), (("a;b",), 4), (("\x1b[2J",), 0))


def test_collapsed_lines_have_a_blank_before_the_count_alone():
    assert flame_graphs.collapsed(STACKS) == "a:b;c_d 3\na:b 4\n"


def test_speedscope_keeps_order_and_sums():
    document = json.loads(flame_graphs.speedscope("n", "p", STACKS))
    [profile] = document["profiles"]
    names = [frame["name"] for frame in document["shared"]["frames"]]
    assert [[names[frame] for frame in sample] for sample in profile["samples"]] == [["a;b", "c d"], ["a;b"]]
    assert profile["weights"] == [3, 4] and profile["endValue"] == 7
    assert "\x1b" not in "".join(names)
