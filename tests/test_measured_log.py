"""Logs of measurements: what is read, and every way in which one can be wrong."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcusim.errors import BadInputError
from mcusim.measured_log import read_log


@pytest.fixture
def write(tmp_path):
    def written(content):
        path = tmp_path / "log.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def test_rows_are_read(write):
    path = write('\ufeffModel, cycles,latency_us ,layer\r\nkws.tflite,100,2.5,\r\n\r\n"a,b.tflite", ,1e3,3\n')
    first, second = read_log(path)
    assert (first.line, first.model, first.layer, first.cycles, first.latency_us) == (
        2,
        str(path.parent / "kws.tflite"),
        None,
        100.0,
        2.5,
    )
    assert first.clock_hz == 40e6
    assert (second.line, second.layer, second.cycles, second.latency_us, second.clock_hz) == (4, 3, None, 1000.0, None)
    assert second.model.endswith("a,b.tflite")


def test_an_absolute_path_stays(write):
    (row,) = read_log(write("model,cycles\n/models/kws.tflite,5\n"))
    assert row.model == "/models/kws.tflite"


@pytest.mark.parametrize(
    "content, expected",
    [
        ("", "columns model"),
        ("model,cycles\n", "at least one measurement"),
        ("cycles\n5\n", "columns model"),
        ("model,layer\nx,1\n", "columns model"),
        ("model,cycels\nx,1\n", "did you mean 'cycles'?"),
        ("model,cycles,cycles\nx,1,1\n", "each column once"),
        ("model,cycles\nx\n", "line 2: expected 2 values, found 1"),
        ("model,cycles\nx,1,2\n", "expected 2 values, found 3"),
        ("model,cycles\n,1\n", "line 2: model"),
        ("model,cycles\nx,\n", "neither"),
        ("model,cycles\nx,0\n", "above 0"),
        ("model,cycles\nx,-5\n", "above 0"),
        ("model,cycles\nx,nan\n", "above 0"),
        ("model,cycles\nx,inf\n", "above 0"),
        ("model,cycles\nx,1e300\n", "above 0"),
        ("model,cycles\nx,five\n", "above 0"),
        ("model,cycles,layer\nx,1,-1\n", "operator's index"),
        ("model,cycles,layer\nx,1,²\n", "operator's index"),
        ("model,cycles,layer\nx,1,123456\n", "operator's index"),
        ("model,cycles\nx,1\nx,2\n", "line 3: expected each model and layer once"),
        ('model,cycles\n"x,1\n', "is not CSV"),
        ("model,cycles\n" + "".join(f"m{i},1\n" for i in range(17)), "up to 16 models"),
        ("model,layer,cycles\n" + "".join(f"m,{i},1\n" for i in range(1001)), "up to 16 models"),
        (b"model,cycles\nx,\xff\n", "not UTF-8"),
        (b"model,cycles\n" + b"x" * (1 << 20), "larger than"),
    ],
)
def test_a_wrong_log_is_refused(write, content, expected):
    with pytest.raises(BadInputError, match=re.escape(expected)) as caught:
        read_log(write(content))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@given(
    st.binary(max_size=80) | st.text(max_size=80).map(lambda text: f"model,cycles\n{text}".encode("utf-8", "replace"))
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_else_is_refused_in_a_sentence(write, content):
    try:
        rows = read_log(write(content))
    except BadInputError as error:
        assert "\n" not in str(error)
    else:
        assert rows
