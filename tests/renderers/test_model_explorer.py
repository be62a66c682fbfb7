"""Node data for Model Explorer, in the form of its own node_data_builder.py (Apache-2.0, google-ai-edge)."""

import dataclasses
import json

import pytest

from mcusim.errors import UnsupportedError
from mcusim.renderers import RENDERERS


def test_nodes_are_numbered_as_the_operators(example_run):
    """Its adapter for .tflite files numbers the nodes 0, 1, … by operator; constants and inputs come behind these."""
    document = json.loads(RENDERERS["model-explorer"](example_run))
    values = {key: node["value"] for key, node in document["results"].items()}
    assert values == {str(layer.index): layer.cycles for layer in example_run.layers}
    assert "not validated" in document["name"] and "estimated" not in document["name"]
    stops = [one["stop"] for one in document["gradient"]]
    assert stops[0] == 0 and stops[-1] == 1 and stops == sorted(stops)


def test_unknown_layers_are_left_out(estimated_run, planned_run):
    known = dataclasses.replace(estimated_run.layers[0], cycles=None)
    run = dataclasses.replace(estimated_run, layers=(known, *estimated_run.layers[1:]))
    document = json.loads(RENDERERS["model-explorer"](run))
    assert "0" not in document["results"] and document["name"].startswith("estimated cycles")
    assert document["results"]["1"]["cycles_by_cause"] is None
    with pytest.raises(UnsupportedError, match="node data needs cycles"):
        RENDERERS["model-explorer"](planned_run)
