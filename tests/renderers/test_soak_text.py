import csv
import io
import json

import pytest

from mcusim.renderers.soak import FORMATS, FREE, PIECES, PLOT_ROWS, USED, plot, text
from mcusim.soak import Sample, soak
from mcusim.workload import load_workload


def sample(time_s, used, free, contiguous):
    return Sample(time_s, free, 0, contiguous, 3, 1 - contiguous / free, 1, 1, used, used, 0, 1)


@pytest.fixture(scope="module")
def failed():
    return soak(load_workload("camera_ov7675"), 3600.0, (1, 2))


@pytest.fixture(scope="module")
def good():
    return soak(load_workload("freertos"), 600.0)


@pytest.mark.parametrize("width", [80, 132])
def test_it_stays_within_the_width(failed, good, width):
    for run in (failed, good):
        assert all(len(line) <= width for line in text(run, width).splitlines())


def test_the_failure_in_words(failed):
    failure = failed.failures[0]
    words = " ".join(text(failed).split())
    free = failure.heap.free_bytes + failure.heap.untouched_bytes
    assert f"malloc(19,200) for 'frames' failed although {free:,} bytes were free" in words
    assert f"the largest request that could be granted was {failure.heap.largest_request_bytes:,}" in words
    assert "Alive when malloc failed" in words
    assert "events of persons seen" in words


def test_without_failure_it_claims_no_proof(good):
    words = " ".join(text(good).split())
    assert "ran 10.0 minutes without a failure (seed 1)" in words
    assert "no proof" in words
    assert "A static arena cannot fragment" in words


def test_bare_says_why():
    words = " ".join(text(soak(load_workload("bare"), 3600.0)).split())
    assert "there is no heap to fragment" in words
    assert "A static arena cannot fragment" in words
    assert USED not in words


def test_plot_shows_used_pieces_and_the_largest_piece():
    """Of 1200 bytes: 400 used, 400 in pieces, 400 in one; then all in one."""
    lines = plot(1200, [sample(0.0, 400, 800, 400), sample(10.0, 0, 1200, 1200)], 80).splitlines()
    columns = [line.split("┤")[1] for line in lines[:PLOT_ROWS]]
    assert [column[0] for column in columns] == [FREE] * 4 + [PIECES] * 4 + [USED] * 4
    assert {column[1] for column in columns} == {FREE}
    assert lines[0].startswith("1,200 ┤")
    assert lines[PLOT_ROWS + 1].split() == ["0", "10.0", "s"]


def test_a_column_shows_its_worst_sample_and_the_last_one_the_end():
    samples = [sample(float(number), 0, 1200, 1200) for number in range(400)]
    samples[3] = sample(3.0, 600, 600, 600)
    samples[-1] = sample(400.0, 1200, 1, 1)
    lines = plot(1200, samples, 80).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[PLOT_ROWS - 1].split("┤")[1].count(USED) == 2


def test_json_and_csv(failed):
    document = json.loads(FORMATS["json"](failed))
    assert document["schema"] == "mcusim.soak/1"
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](failed))))
    assert len(rows) == sum(len(run.samples) for run in failed.runs)
    assert {row["seed"] for row in rows} == {"1", "2"}
    assert float(rows[0]["fragmentation"]) == failed.runs[0].samples[0].fragmentation
