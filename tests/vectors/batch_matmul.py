"""BATCH_MATMUL: one case of the test vectors through the Numba kernel and through C."""

import numpy as np
from emulated import Output

from mcusim import abi
from mcusim.nn.batch_matmul import batch_matmul_s8, batch_matmul_s16


def reference(case):
    output = np.zeros_like(case.expected)
    operands = case.arrays["kernel_lhs"], case.arrays["kernel_rhs"], *case.numbers("multiplier", "shift")
    if case.dtype == "s16":
        batch_matmul_s16(*operands, *case.activation, output)
    else:
        offsets = case.numbers("lhs_offset", "rhs_offset", "output_offset")
        batch_matmul_s8(*operands, *offsets, *case.activation, output)
    return output


def target(case, kernels):
    """The operands are transposed by the C function that BATCH_MATMUL of a model calls first."""
    output = Output(np.zeros_like(case.expected))
    lhs = _transposed(case, "lhs", kernels) if case.params["adj_x"] else case.arrays["lhs"]
    rhs = case.arrays["rhs"] if case.params["adj_y"] else _transposed(case, "rhs", kernels)
    kernels.call(
        f"arm_batch_matmul_{case.dtype}",
        abi.context(None, 0),
        abi.bmm_params(
            case.params["adj_x"],
            case.params["adj_y"],
            abi.fc_params(*case.numbers("lhs_offset", "rhs_offset", "output_offset"), case.activation),
        ),
        abi.per_tensor_quant_params(*case.numbers("multiplier", "shift")),
        abi.dims(*lhs.shape),
        lhs,
        abi.dims(*rhs.shape),
        rhs,
        abi.dims(*case.expected.shape),
        output,
    )
    return output.array


def _transposed(case, side, kernels):
    before, expected = case.arrays[side], case.arrays[f"kernel_{side}"]
    *batches, rows, columns = before.shape
    output = Output(np.zeros((*batches, columns, rows), before.dtype))
    symbol = f"mcusim_transpose_matrices_{case.dtype}"
    kernels.call(symbol, before, int(np.prod(batches)), rows, columns, output, checks_status=False)
    np.testing.assert_array_equal(output.array, expected)
    return output.array
