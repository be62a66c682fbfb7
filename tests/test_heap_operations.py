import math
import zlib

import numpy as np
import pytest

from mcusim import heap_operations
from mcusim.heap_operations import BLOCK_MASK, BYTES_SHIFT, OWNER_MASK, OWNER_SHIFT, SECOND_US, stream
from mcusim.workload import load_workload, parse_workload, workload_names

HEAD = 'name = "w"\ntitle = "a test"\nheap = "heap_4"\nheap_bytes = 4096\n'
HEAP_BYTES = 1 << 20


def made(text, seconds, seed=1, heap_bytes=HEAP_BYTES):
    """(time, owner, block, size) of every operation, size 0 for a free; those of the start at time 0."""
    workload = parse_workload(HEAD + text, "w.toml") if "\n" in text else load_workload(text)
    return operations(stream(workload, seed, heap_bytes), seconds)


def operations(made, seconds):
    return [(0.0, *split(word)) for word in made.started.tolist()] + following(made, seconds)


def following(made, seconds):
    rows, is_all = [], False
    while not is_all:
        chunk = made.fill(int(seconds * SECOND_US))
        is_all = chunk.is_all
        for word, time in zip(chunk.operations.tolist(), chunk.times_us.tolist(), strict=True):
            rows.append((time / SECOND_US, *split(word)))
    return rows


def split(word):
    return word >> OWNER_SHIFT & OWNER_MASK, word & BLOCK_MASK, word >> BYTES_SHIFT


def source(rate, size="{ bytes = 32 }", lifetime="{ seconds = 0.05 }", more="", what="a"):
    return f'[[sources]]\nwhat = "{what}"\n{rate}\nsize = {size}\nlifetime = {lifetime}\n{more}\n'


def lives(rows):
    """(owner, size, born, died or None) of every block; refuses frees of what is not alive."""
    alive, found = {}, []
    for time, owner, block, size in rows:
        if size:
            assert block not in alive
            alive[block] = (owner, size, time)
        else:
            found.append((*alive.pop(block), time))
    return found, list(alive.values())


@pytest.mark.parametrize("name", workload_names())
def test_every_free_is_of_a_live_block_and_time_does_not_go_back(name):
    rows = made(name, 900)
    lives(rows)
    times = [row[0] for row in rows]
    assert times == sorted(times)
    assert all(time < 900 for time in times)


@pytest.mark.parametrize("name", ["ble_sensor", "audio_kws"])
def test_pieces_are_the_whole(name):
    """However the time is cut into calls of `fill`, the operations are the same."""
    workload = load_workload(name)
    one = operations(stream(workload, 5, HEAP_BYTES), 600)
    other = stream(workload, 5, HEAP_BYTES)
    rows = [(0.0, *split(word)) for word in other.started.tolist()]
    for until in range(7, 607, 7):
        rows += following(other, min(until, 600))
    assert rows == one


def test_seeds():
    assert made("ble_sensor", 60, seed=7) == made("ble_sensor", 60, seed=7)
    assert made("ble_sensor", 60, seed=7) != made("ble_sensor", 60, seed=8)
    assert made("ble_sensor", 60, seed=-1) == made("ble_sensor", 60, seed=2**64 - 1)


def test_the_same_on_every_machine():
    """What a seed gives is fixed: a checksum from x86-64 Linux over every kind of random number."""
    text = (
        source("per_second = 5", '{ least_bytes = 8, most_bytes = 999, spread = "log_uniform" }', what="a")
        + source(
            "per_second = 5", lifetime='{ seconds = 1, spread = "exponential" }', more='timing = "random"', what="b"
        )
        + source("every_s = 0.3", lifetime='{ events = 9, order = "random" }', more="jitter_s = 0.1", what="c")
        + source("every_s = 0.7", "{ choices = [{ bytes = 8, weight = 2 }, { bytes = 9 }, { bytes = 10 }] }", what="d")
    )
    made = stream(parse_workload(HEAD + text, "w.toml"), 1, HEAP_BYTES)
    operations = made.fill(1000 * SECOND_US).operations
    assert zlib.crc32(operations[:10_000].astype("<i8").tobytes()) == 253196684


def test_random_bits():
    """SplitMix64 from the state 1234567: the first outputs as Rosetta Code lists them."""
    state = np.array([1234567], np.uint64)
    got = [int(_bits(state)) for _ in range(3)]
    assert got == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def _bits(state):
    with np.errstate(over="ignore"):
        return heap_operations._random.function(state)


def test_regular_events():
    rows = made(source("every_s = 0.5", lifetime="{ seconds = 0.2 }"), 100.3)
    born = [time for time, _, _, size in rows if size]
    died = [time for time, _, _, size in rows if not size]
    assert born == pytest.approx([0.5 * n for n in range(1, 201)])
    assert died == pytest.approx([0.5 * n + 0.2 for n in range(1, 201)])


def test_jitter():
    rows = made(source("every_s = 1", more="jitter_s = 0.25"), 20_000)
    born = np.array([time for time, _, _, size in rows if size])
    gaps = np.diff(born)
    assert 0.75 <= gaps.min() < 0.751
    assert 1.249 < gaps.max() <= 1.25
    assert gaps.mean() == pytest.approx(1, abs=0.005)


def test_poisson():
    """Intervals are exponential: mean, deviation, and the largest distance of the distributions (Kolmogorov)."""
    rows = made(source("per_second = 5", more='timing = "random"'), 20_000)
    gaps = np.sort(np.diff([time for time, _, _, size in rows if size]))
    assert gaps.mean() == pytest.approx(0.2, rel=0.02)
    assert gaps.std() == pytest.approx(0.2, rel=0.02)
    ranks = (np.arange(len(gaps)) + 0.5) / len(gaps)
    assert np.abs(1 - np.exp(-gaps / gaps.mean()) - ranks).max() < 1.63 / math.sqrt(len(gaps))  # 1 %


@pytest.mark.parametrize(
    ("size", "low", "high", "mean"),
    [
        ("{ bytes = 77 }", 77, 77, 77),
        ("{ least_bytes = 10, most_bytes = 19 }", 10, 19, 14.5),
        # The mean of a logarithmic spread is (b − a) / ln(b / a).
        ('{ least_bytes = 16, most_bytes = 1024, spread = "log_uniform" }', 16, 1024, 1008 / math.log(64)),
        ("{ choices = [{ bytes = 8, weight = 3 }, { bytes = 40, weight = 1 }] }", 8, 40, 16),
    ],
)
def test_sizes(size, low, high, mean):
    rows = made(source("per_second = 100", size), 1000)
    sizes = np.array([size for _, _, _, size in rows if size])
    assert (sizes.min(), sizes.max()) == (low, high)
    assert sizes.mean() == pytest.approx(mean, rel=0.02)


def test_weights():
    choices = ", ".join(f"{{ bytes = {n}, weight = {n} }}" for n in (1, 2, 3, 5, 7))
    rows = made(source("per_second = 100", f"{{ choices = [{choices}] }}"), 2000)
    sizes = np.array([size for _, _, _, size in rows if size])
    for number in (1, 2, 3, 5, 7):
        assert (sizes == number).mean() == pytest.approx(number / 18, abs=0.004)


@pytest.mark.parametrize(
    ("lifetime", "low", "high", "mean"),
    [
        ("{ least_s = 0.1, most_s = 0.3 }", 0.1, 0.3, 0.2),
        ('{ least_s = 0.01, most_s = 1, spread = "log_uniform" }', 0.01, 1.0, 0.99 / math.log(100)),
        ('{ seconds = 0.5, spread = "exponential" }', 0.0, 20.0, 0.5),
    ],
)
def test_lifetimes(lifetime, low, high, mean):
    found, _ = lives(made(source("per_second = 50", lifetime=lifetime), 2000))
    times = np.array([died - born for _, _, born, died in found])
    assert times.min() >= low - 1e-6
    assert times.max() <= high + 1e-6
    assert times.mean() == pytest.approx(mean, rel=0.02)


def test_a_lifetime_of_a_century():
    found, alive = lives(
        made(source("per_second = 1", lifetime="{ least_s = 1, most_s = 3e9 }", more="most_in_flight = 200"), 100)
    )
    assert (len(found), len(alive)) == (0, 99)


def test_forever():
    found, alive = lives(made(source("every_s = 1", lifetime="{ forever = true }"), 50.5))
    assert (len(found), len(alive)) == (0, 50)


def test_forever_in_flight():
    text = source("every_s = 1", lifetime="{ forever = true }", more="most_in_flight = 3")
    made = stream(parse_workload(HEAD + text, "w.toml"), 1, HEAP_BYTES)
    assert len(operations(made, 10.5)) == 3
    assert made.skipped_events == 7


def test_in_flight():
    text = source("every_s = 1", lifetime="{ seconds = 2.5 }", more="most_in_flight = 2")
    born = [time for time, _, _, size in made(text, 12.4) if size]
    assert born == [1, 2, 4, 5, 7, 8, 10, 11]


def test_blocks_of_an_event_go_together():
    for order, expected in (("first", [0, 1, 2]), ("last", [2, 1, 0])):
        more = f'blocks = 3\nfree_order = "{order}"'
        rows = made(source("every_s = 1", lifetime="{ seconds = 0.5 }", more=more), 1.9)
        born = [block for _, _, block, size in rows if size]
        assert [born.index(block) for _, _, block, size in rows if not size] == expected


def test_numbers_of_blocks():
    rows = made(source("every_s = 1", more="blocks = 2\nmost_blocks = 4"), 5000)
    counts = np.bincount([int(time) for time, _, _, size in rows if size])[1:]
    assert {int(count) for count in counts} == {2, 3, 4}
    assert counts.mean() == pytest.approx(3, abs=0.05)


def kept(order, more=""):
    rows = made(source("every_s = 1", lifetime=f'{{ events = 3, order = "{order}" }}', more=more), 9.5)
    found, _ = lives(rows)
    return [(int(born), int(died)) for _, _, born, died in found]


def test_events_keep_the_last():
    assert kept("oldest") == [(n, n + 3) for n in range(1, 7)]
    assert kept("newest") == [(n, n + 1) for n in range(3, 9)]
    assert all(died > max(born, 3) for born, died in kept("random"))


def test_allocate_first():
    text = source("every_s = 1", lifetime="{ events = 1 }")
    assert [size > 0 for *_, size in made(text, 3.5)] == [True, False, True, False, True]
    assert [size > 0 for *_, size in made(text + "allocate_first = true", 3.5)] == [True, True, False, True, False]


def test_inferences():
    text = "inferences_per_second = 4\n" + source("per_inference = 0.5")
    assert len([1 for *_, size in made(text, 10.01) if size]) == 20


def test_start_and_owners():
    text = '[[start]]\nwhat = "s"\nbytes = 8\ncount = 2\n' + source("every_s = 1") + source("every_s = 2", what="b")
    rows = made(text, 2.01)
    assert sorted((owner, size) for _, owner, _, size in rows if size) == [(0, 8), (0, 8), (1, 32), (1, 32), (2, 32)]
    assert stream(parse_workload(HEAD + text, "w.toml"), 1, 4096).owners == ("s", "a", "b", "recorded log")


LOG = """
[[trace]]
at_s = 0.25
malloc = "x"
bytes = 100
[[trace]]
at_s = 0.5
malloc = "y"
bytes = 200
[[trace]]
at_s = 0.5
free = "x"
[[trace]]
at_s = 0.75
malloc = "x"
bytes = 50
[[trace]]
at_s = 1
free = "x"
[[trace]]
at_s = 1.5
free = "y"
"""


def test_a_log_once():
    rows = made(LOG, 100)
    assert [(time, size) for time, _, _, size in rows] == [
        (0.25, 100),
        (0.5, 200),
        (0.5, 0),
        (0.75, 50),
        (1.0, 0),
        (1.5, 0),
    ]
    found, alive = lives(rows)
    assert not alive
    assert [(size, died - born) for _, size, born, died in found] == [(100, 0.25), (50, 0.25), (200, 1.0)]


def test_a_log_that_repeats():
    once = made(LOG, 100)
    rows = made("trace_every_s = 2\n" + LOG, 6)
    assert [(time, size) for time, _, _, size in rows] == [
        (time + 2 * turn, size) for turn in range(3) for time, _, _, size in once
    ]


def test_it_ends_where_no_heap_has_room_for_more():
    made = stream(parse_workload(HEAD + source("per_second = 1000", lifetime="{ forever = true }"), "w"), 1, 4096)
    chunks = [made.fill(10_000 * SECOND_US) for _ in range(10)]
    total = sum(len(chunk.operations) for chunk in chunks)
    assert (len(chunks[-1].operations), chunks[-1].is_all) == (0, False)
    assert 4096 // 8 <= total < made.block_count
