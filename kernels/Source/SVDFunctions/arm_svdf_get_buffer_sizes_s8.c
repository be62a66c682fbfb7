/* SPDX-License-Identifier: MIT */
/* Sums of the feature weights that SVDF needs: none without MVE. */

#include "arm_nnfunctions.h"

int32_t arm_svdf_s8_get_buffer_size(const cmsis_nn_dims *weights_feature_dims)
{
    (void)weights_feature_dims;
    return 0;
}
