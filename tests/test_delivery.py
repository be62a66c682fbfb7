"""What the output options mean, before any work is done."""

import pytest

from mcusim import delivery
from mcusim.errors import BadInputError, McusimError, UnsupportedError

FORMATS = ("text", "json")
NOTHING = {"json_path": None, "format_name": None, "output": None, "quiet": False}


@pytest.mark.parametrize(
    "options, writes",
    [
        ({}, [("text", "-")]),
        ({"format_name": "json"}, [("json", "-")]),
        ({"json_path": "-"}, [("json", "-")]),
        ({"json_path": "-", "quiet": True}, [("json", "-")]),
        ({"json_path": "a.json"}, [("json", "a.json"), ("text", "-")]),
        ({"json_path": "a.json", "quiet": True}, [("json", "a.json")]),
        ({"json_path": "-", "output": "a.txt"}, [("json", "-"), ("text", "a.txt")]),
        ({"output": "a.txt"}, [("text", "a.txt")]),
        ({"output": "a.txt", "quiet": True}, [("text", "a.txt")]),
        ({"output": "a.json"}, [("json", "a.json")]),
        ({"output": "a.JSON", "format_name": "text"}, [("text", "a.JSON")]),
        ({"output": "b.json", "json_path": "a.json"}, [("json", "a.json"), ("json", "b.json")]),
        ({"output": "svg"}, [("text", "svg")]),
        ({"quiet": True}, []),
        ({"quiet": True, "format_name": "text"}, [("text", "-")]),
    ],
)
def test_options_mean(options, writes):
    assert list(delivery.arrange(FORMATS, [], **{**NOTHING, **options}).writes) == writes


@pytest.mark.parametrize(
    "options, kind, message",
    [
        ({"json_path": "-", "format_name": "text"}, UnsupportedError, "two texts for one output"),
        ({"json_path": "-", "output": "-"}, UnsupportedError, "two texts for one output"),
        ({"json_path": "a", "output": "./a"}, UnsupportedError, "two texts for one output"),
        ({"format_name": "jsno"}, UnsupportedError, "unknown format 'jsno'; did you mean 'json'"),
        ({"output": "a.MD"}, UnsupportedError, "a.MD would be markdown, which is not among text, json; name one"),
        ({"output": "in.tflite"}, BadInputError, "is an input and would be overwritten"),
        ({"json_path": "link"}, BadInputError, "is an input and would be overwritten"),
        ({"output": "none/a.txt"}, BadInputError, "there is no folder none"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, monkeypatch, options, kind, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.tflite").touch()
    (tmp_path / "link").symlink_to("in.tflite")
    with pytest.raises(McusimError, match=message) as caught:
        delivery.arrange(FORMATS, ["in.tflite"], **{**NOTHING, **options})
    assert type(caught.value) is kind


def test_endings_mean_formats():
    """A verb whose report is not the text takes its own for .txt."""
    formats = ("validation", "text", "html", "csv", "markdown", "svg")
    meant = {
        "a.txt": "validation",
        "a.csv": "csv",
        "a.b.md": "markdown",
        "a.svg": "svg",
        "a.htm": "html",
        "a": "validation",
    }
    for path, name in meant.items():
        assert delivery.arrange(formats, [], None, None, path, False).writes == ((name, path),)


def test_a_pipe_gets_eighty_columns_without_colour(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    render = {"text": lambda columns, colour: f"{columns} {colour}\n"}
    delivery.Delivery((("text", "-"), ("text", str(tmp_path / "x")))).deliver(render)
    assert capsys.readouterr().out == (tmp_path / "x").read_text() == "80 False\n"


@pytest.mark.parametrize(
    "environment, colour", [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]
)
def test_colour_is_asked_of_the_environment(monkeypatch, environment, colour):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert delivery.wants_colour() is colour
