"""The JSON is the run's document, and plain ASCII."""

import dataclasses
import json

from mcusim import record
from mcusim.renderers import RENDERERS


def test_json_is_the_document(example_run):
    rendered = RENDERERS["json"](example_run)
    assert json.loads(rendered) == record.to_json(example_run)
    assert rendered.endswith("}\n")


def test_names_cannot_act_on_a_terminal(example_run):
    run = dataclasses.replace(example_run, notes=("\x1b[2J\x9b模型",))
    rendered = RENDERERS["json"](run)
    assert rendered.isascii() and "\x1b" not in rendered
    assert record.from_json(json.loads(rendered)) == run
