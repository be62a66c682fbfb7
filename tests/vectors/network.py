"""A network: the layers of one case of the test vectors, each fed with the one before, through Numba and through C."""

import dataclasses
import zlib

import numpy as np

import vectors

INPUT_RANKS = {"fully_connected": 2, "softmax": 2}  # the others take their input as it comes


def _through(case, run):
    """The last layer's output; each layer's is checked against its CRC-32."""
    value = case.arrays["input"]
    for number, layer in enumerate(case.params["layers"], 1):
        prefix = f"l{number:02}_"
        if INPUT_RANKS.get(layer["op"]) == 2:
            value = value.reshape(len(value), -1)
        arrays = {name: case.arrays[prefix + name] for name in layer.get("arrays", [])} | {"input": value}
        output = np.zeros(layer["output_shape"], case.expected.dtype)
        one = dataclasses.replace(case, op=layer["op"], params=layer["params"], arrays=arrays, expected=output)
        value = run(vectors.OPERATORS[layer["op"]], one)
        assert zlib.crc32(value.tobytes()) == layer["output_crc32"], f"layer {number} ({layer['op']})"
    return value.reshape(case.expected.shape)


def reference(case):
    return _through(case, lambda operator, layer: operator.reference(layer))


def target(case, kernels):
    return _through(case, lambda operator, layer: operator.target(layer, kernels))
