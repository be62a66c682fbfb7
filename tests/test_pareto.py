"""The front: what no other point beats, by a search through all pairs."""

from hypothesis import given
from hypothesis import strategies as st

from mcusim.pareto import front, fronts_of

POINT = st.tuples(st.integers(0, 6), st.integers(0, 6))


def beats(one, other):
    return one[0] >= other[0] and one[1] <= other[1] and one != other


@given(st.lists(POINT, max_size=12))
def test_a_front_is_what_no_point_beats(points):
    found = front(points)
    assert sorted(found) == [i for i, one in enumerate(points) if not any(beats(other, one) for other in points)]
    assert [points[place][1] for place in found] == sorted(points[place][1] for place in found)


def test_axes_without_two_known_points_have_none():
    costs = {"latency": 1.0, "ram": None, "flash": None, "file": 5, "macs": 2}
    points = [(0.9, costs), (0.8, {**costs, "latency": None, "file": 4}), (None, costs)]
    assert fronts_of(points) == {"file": (1, 0), "macs": (0,)}
