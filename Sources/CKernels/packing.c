// SPDX-License-Identifier: Apache-2.0
//
// Weights into the layout that kernels.h describes. Done once a model, so in
// plain C.

#include <math.h>
#include <string.h>

#include "kernels.h"

static int64_t panels_size(ck_precision precision, int32_t rows, int32_t columns) {
    return ck_round_up(rows, CK_PANEL) * ck_round_up(columns, ck_depth(precision)) * ck_operand_size(precision);
}

size_t ck_packed_size(ck_precision precision, int32_t rows, int32_t columns) {
    int64_t size = panels_size(precision, rows, columns);
    if (precision == CK_INT8) size += ck_round_up(rows, CK_PANEL) * (int64_t)(sizeof(float) + sizeof(int32_t));
    return (size_t)ck_round_up(size, 64);
}

/// To the nearest bfloat16, ties to even; NaN stays NaN.
static uint16_t bf16(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    if (x != x) return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static float largest(const float *x, int32_t count) {
    float m = 0;
    for (int32_t i = 0; i < count; i++) m = fmaxf(m, fabsf(x[i]));
    return m;
}

void ck_pack(ck_precision precision, const float *weights, int64_t ld, int32_t rows, int32_t columns, void *packed) {
    memset(packed, 0, ck_packed_size(precision, rows, columns));
    const int32_t group = ck_group(precision);
    const int64_t depth = ck_round_up(columns, ck_depth(precision));
    float *scales = (float *)((char *)packed + panels_size(precision, rows, columns));
    int32_t *sums = (int32_t *)(scales + ck_round_up(rows, CK_PANEL));

    for (int32_t n = 0; n < rows; n++) {
        const float *row = weights + n * ld;
        // Element k of this column is at operand `first + (k / group · 32) · group + k % group`.
        const int64_t first = (n / CK_PANEL * depth * CK_PANEL) + (n % CK_PANEL) * group;
        const float limit = precision == CK_INT8 ? largest(row, columns) : 0;
        const float inverse = limit > 1e-30f ? 127 / limit : 0;
        int32_t sum = 0;
        for (int32_t k = 0; k < columns; k++) {
            const int64_t at = first + (int64_t)(k / group) * CK_PANEL * group + k % group;
            switch (precision) {
                case CK_F32: ((float *)packed)[at] = row[k]; break;
                case CK_BF16: ((uint16_t *)packed)[at] = bf16(row[k]); break;
                case CK_INT8: {
                    const float scaled = fminf(fmaxf(rintf(row[k] * inverse), -127), 127);
                    ((int8_t *)packed)[at] = (int8_t)scaled;
                    sum += (int32_t)scaled;
                    break;
                }
            }
        }
        if (precision == CK_INT8) {
            scales[n] = limit / 127;
            sums[n] = sum;
        }
    }
}
