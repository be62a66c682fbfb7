"""The ways through the kernels → draws.json: small layers of each, drawn by a seed (python choose_draws.py).

Only for new kernels or ways: other draws are other arguments, and budgets begin anew.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from drawn_calls import drawn, path_of

from mcusim.costs import COSTS
from mcusim.hardware import load_core
from mcusim.ops import OPERATORS
from mcusim.runtime import Runtime

SEEDS = 150
# Cores whose kernels take all ways that there are: with the DSP extension, without, and without unaligned accesses.
CORES = tuple(load_core(name) for name in ("cortex_m4", "cortex_m3", "cortex_m0plus"))
WORK = 2_000  # about the cycles of the layers that are chosen
# Of these the matrix kernels go different ways for different rests of rows and columns: several layers.
MATRICES = ("BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
MATRIX_WORK = (2_000, 12_000)
CASTS = ("int8 to", "to int8", "bool to int16", "int32 to float32")  # of twenty pairs of types
NO_LAYER_ALONE = ("ASSIGN_VARIABLE", "CALL_ONCE", "READ_VARIABLE", "VAR_HANDLE")  # they call what RESHAPE calls


def work(model):
    """About how many cycles a model's last layer takes."""
    op = model.ops[-1]
    elements = sum(int(np.prod(model.tensors[index].shape)) for index in op.outputs)
    return 3 * OPERATORS[op.name].macs(model, op) + 10 * elements


def symbols(model):
    """The C functions that a model's last layer calls before the one that its way is named after."""
    op = model.ops[-1]
    invocation = OPERATORS[op.name].invocation(model, op, Runtime("cmsis_nn", dsp=True, mve=False))
    return {call.symbol for call in invocation.calls[:-1]} - {call.symbol for call in invocation.calls[-1:]}


def main():
    """Write draws.json: of each way the layers nearest to WORK, as [operator, seed]."""
    found = {}
    for name in COSTS:
        for seed in range(0 if name in NO_LAYER_ALONE else SEEDS):
            model = drawn(name, seed)
            for path in {path_of(model, core) for core in CORES} - {None} | symbols(model):
                found.setdefault(path, []).append((work(model), name, seed))
    chosen = {}
    for path, layers in sorted(found.items()):
        if path.startswith("mcusim_cast") and not any(one in path for one in CASTS):
            continue
        is_matrix = any(name in MATRICES and path_of(drawn(name, seed), CORES[0]) == path for _, name, seed in layers)
        sizes = MATRIX_WORK if is_matrix else (WORK,)
        nearest = [min(layers, key=lambda one: (abs(math.log(one[0] / size)), one[1:])) for size in sizes]
        chosen[path] = [list(one) for one in dict.fromkeys((name, seed) for _, name, seed in nearest)]
    lines = ",\n".join(f"{json.dumps(path)}: {json.dumps(layers)}" for path, layers in chosen.items())
    (Path(__file__).parent / "draws.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
