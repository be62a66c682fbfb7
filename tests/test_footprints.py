"""Footprints: halfwords of code go with the count that says when they are executed."""

import numpy as np

from mcusim.footprints import NONE, Executed, active, footprint


def executed(rows, columns, *blocks):
    """A layer of so many rows and columns; blocks are (offset, bytes, visits), reached in passing."""
    counts = {"calls": 1.0, "rows": float(rows), "columns": float(columns)}
    return Executed(
        counts, np.array([(*one, 0) for one in blocks], np.int64).reshape(-1, 4), np.zeros((0, 2), np.int64)
    )


def layers():
    """Code at 0 always, at 16 for rows, at 32 from the second column on, at 48 for want of rows, at 64 by chance."""
    found = []
    for number in range(60):
        rows, columns = number % 3, number % 5
        blocks = [(0, 8, 1)]
        blocks += [(16, 6, rows)] if rows else [(48, 4, 1)]
        blocks += [(32, 4, columns - 1)] if columns > 1 else []
        blocks += [(64, 4, 1)] if number % 17 == 0 else []
        found.append(executed(rows, columns, *blocks))
    return found


def test_halfwords_by_their_condition():
    assert footprint(layers()).code == {
        ("calls", 0, 0): ((0, 4),),
        ("columns", 0, 1): ((16, 2),),
        ("rows", 0, NONE): ((24, 2),),
        ("rows", 0, 0): ((8, 3),),
    }


def test_what_a_layer_executes():
    code = footprint(layers()).code
    assert active(code, {"calls": 1, "rows": 7, "columns": 1}) == {0, 1, 2, 3, 8, 9, 10}
    assert active(code, {"calls": 1, "rows": 0, "columns": 3}) == {0, 1, 2, 3, 16, 17, 24, 25}


def test_the_count_that_comes_nearest_to_the_visits():
    """Both are above 0 everywhere: rows tell how often the code is executed."""
    found = footprint([executed(rows, 100 + rows, (8, 4, rows)) for rows in range(1, 20)])
    assert found.code == {("rows", 0, 0): ((4, 2),)}


def test_literals_are_apart():
    one = Executed({"calls": 1.0}, np.array([[0, 4, 1, 0]], np.int64), np.array([[8, 4]], np.int64))
    assert footprint([one] * 3).literals == {("calls", 0, 0): ((4, 2),)}


def test_halfwords_that_are_jumped_to():
    """A loop's head that a longer block runs through is reached in passing, whatever jumps back there."""
    visits = np.array([[0, 16, 1, 1], [8, 8, 9, 1], [32, 4, 1, 1], [36, 4, 2, 0]], np.int64)
    found = footprint([Executed({"calls": 1.0}, visits, np.zeros((0, 2), np.int64))] * 3)
    assert found.jumps == ((0, 1), (16, 1))
