// SPDX-License-Identifier: Apache-2.0
//
// Activations into the operands of a product, on the vectors of whichever
// vector/*.h was included before.

#include <string.h>

static CK_TARGET void convert_bf16(
    const float *x, int64_t ldx, int64_t m, int32_t k, void *a, int64_t lda, float *scales) {
    (void)scales;
    for (int64_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        uint16_t *out = (uint16_t *)((char *)a + i * lda);
        int32_t p = 0;
        for (; p + LANES <= k; p += LANES) v_store_bf16(out + p, v_load(row + p));
        if (p < k) {
            uint16_t rest[LANES];
            v_store_bf16(rest, v_load_part(row + p, k - p, v_set(0)));
            memcpy(out + p, rest, (size_t)(k - p) * sizeof *out);
            p = k;
        }
        memset(out + p, 0, (size_t)(lda - p * (int64_t)sizeof *out));
    }
}

/// Bytes q + offset with x ≈ q · scale, |q| ≤ 127. A row with a value that is
/// not finite gets a scale that is not: its results are NaN, nobody else's. A
/// row of nothing above 1e-30 is taken as zeros.
CK_INLINE void quantize(
    int offset, const float *x, int64_t ldx, int64_t m, int32_t k, void *a, int64_t lda, float *scales) {
    const vf zero = v_set(0), shift = v_set(0x1.8p23f + (float)offset);  // adding it rounds to the nearest integer
    for (int64_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        uint8_t *out = (uint8_t *)a + i * lda;
        vf largest = zero, poison = zero;
        int32_t p = 0;
        for (; p + LANES <= k; p += LANES) {
            vf v = v_load(row + p);
            largest = v_max(largest, v_abs(v));
            poison = v_fma(v, zero, poison);
        }
        if (p < k) {
            vf v = v_load_part(row + p, k - p, zero);
            largest = v_max(largest, v_abs(v));
            poison = v_fma(v, zero, poison);
        }
        const float limit = v_largest(largest);
        scales[i] = limit / 127 + v_sum(poison);

        const vf factor = v_set(limit > 1e-30f ? 127 / limit : 0);
        for (p = 0; p + LANES <= k; p += LANES) {
            vf scaled = v_load(row + p) * factor;
            v_store_low_bytes(out + p, scaled + shift);
        }
        if (p < k) {
            uint8_t rest[LANES];
            vf scaled = v_load_part(row + p, k - p, zero) * factor;
            v_store_low_bytes(rest, scaled + shift);
            memcpy(out + p, rest, (size_t)(k - p));
            p = k;
        }
        memset(out + p, 0, (size_t)(lda - p));
    }
}

static inline CK_TARGET void quantize_signed(
    const float *x, int64_t ldx, int64_t m, int32_t k, void *a, int64_t lda, float *scales) {
    quantize(0, x, ldx, m, k, a, lda, scales);
}

/// For the instructions that multiply unsigned by signed bytes.
static inline CK_TARGET void quantize_unsigned(
    const float *x, int64_t ldx, int64_t m, int32_t k, void *a, int64_t lda, float *scales) {
    quantize(128, x, ldx, m, k, a, lda, scales);
}
