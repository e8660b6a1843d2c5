// SPDX-License-Identifier: Apache-2.0
//
// Activations into the operands of a product, on the vectors of whichever
// vector/*.h was included before.

#include <string.h>

#if !defined(CK_HAS_JOIN)
/// LANES bfloat16 of `first`, then those of `second`.
CK_INLINE vf v_join_bf16(vf first, vf second) {
    uint16_t both[2 * LANES];
    v_store_bf16(both, first);
    v_store_bf16(both + LANES, second);
    return v_load(both);
}
#endif

static CK_TARGET void convert_bf16(
    const float *x, int64_t ldx, int64_t m, int32_t k, void *a, int64_t lda, ck_quantization *rows) {
    (void)rows;
    for (int64_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        uint16_t *out = (uint16_t *)((char *)a + i * lda);
        int32_t p = 0;
        for (; p + 2 * LANES <= k; p += 2 * LANES)
            v_store(out + p, v_join_bf16(v_load(row + p), v_load(row + p + LANES)));
        for (; p + LANES <= k; p += LANES) v_store_bf16(out + p, v_load(row + p));
        if (p < k) {
            uint16_t rest[LANES];
            v_store_bf16(rest, v_load_part(row + p, k - p, v_set(0)));
            memcpy(out + p, rest, (size_t)(k - p) * sizeof *out);
            p = k;
        }
        const int64_t end = p * (int64_t)sizeof *out;
        if (end < lda) memset(out + p, 0, (size_t)(lda - end));
    }
}

/// What a row's values span, by lanes: four of each, as one would wait for itself.
typedef struct value_span {
    vf largest[4], least[4], poison[4];
} value_span;

CK_INLINE void widen_span(value_span *s, int i, vf v) {
    const vf nothing = v_set(0);
    s->largest[i] = v_max(s->largest[i], v);
    s->least[i] = v_min(s->least[i], v);
    s->poison[i] = v_fma(v, nothing, s->poison[i]);
}

/// Bytes with (byte + offset) · scale ≈ x, over what the row's values span: those
/// behind a GELU lie nearly all on one side of zero. A row with a value that is
/// not finite gets a scale that is not: its results are NaN, nobody else's. A row
/// of nothing above 1e-30 is taken as zeros. `lowest` is the least byte, 0 or -128.
CK_INLINE void quantize(
    int32_t lowest, const float *x, int64_t ldx, int64_t m, int32_t k, void *a, int64_t lda, ck_quantization *rows) {
    const vf nothing = v_set(0);
    for (int64_t i = 0; i < m; i++) {
        const float *row = x + i * ldx;
        uint8_t *out = (uint8_t *)a + i * lda;
        value_span s;
        CK_UNROLL
        for (int u = 0; u < 4; u++) s.largest[u] = s.least[u] = s.poison[u] = nothing;
        int32_t p = 0;
        for (; p + 4 * LANES <= k; p += 4 * LANES) {
            CK_UNROLL
            for (int u = 0; u < 4; u++) widen_span(&s, u, v_load(row + p + u * LANES));
        }
        for (; p + LANES <= k; p += LANES) widen_span(&s, 0, v_load(row + p));
        if (p < k) widen_span(&s, 0, v_load_part(row + p, k - p, nothing));
        const vf most = v_max(v_max(s.largest[0], s.largest[1]), v_max(s.largest[2], s.largest[3]));
        const vf least = v_min(v_min(s.least[0], s.least[1]), v_min(s.least[2], s.least[3]));
        const float poison = v_sum((s.poison[0] + s.poison[1]) + (s.poison[2] + s.poison[3]));
        // 254 steps: with 255, rounding both ends away from zero would leave the byte.
        const float below = v_largest(nothing - least), span = v_largest(most) + below;
        const float inverse = span > 1e-30f ? 254 / span : 0;
        const float steps_below = below * inverse;
        const int32_t zero = lowest + (steps_below < 255 ? (int32_t)(steps_below + 0.5f) : 0);
        rows[i] = (ck_quantization){.scale = span / 254 + poison, .offset = (float)-zero};

        const vf factor = v_set(inverse), shift = v_set(0x1.8p23f + (float)zero);  // adding it rounds
        p = 0;
        for (; p + 4 * LANES <= k; p += 4 * LANES) {
            CK_UNROLL
            for (int u = 0; u < 4 * LANES; u += LANES) {
                vf scaled = v_load(row + p + u) * factor;
                v_store_low_bytes(out + p + u, scaled + shift);
            }
        }
        for (; p + LANES <= k; p += LANES) {
            vf scaled = v_load(row + p) * factor;
            v_store_low_bytes(out + p, scaled + shift);
        }
        if (p < k) {
            uint8_t rest[LANES];
            vf scaled = v_load_part(row + p, k - p, nothing) * factor;
            v_store_low_bytes(rest, scaled + shift);
            memcpy(out + p, rest, (size_t)(k - p));
            p = k;
        }
        if (p < lda) memset(out + p, 0, (size_t)(lda - p));
    }
}

static inline CK_TARGET void quantize_signed(
    const float *x, int64_t ldx, int64_t m, int32_t k, void *a, int64_t lda, ck_quantization *rows) {
    quantize(-128, x, ldx, m, k, a, lda, rows);
}

/// For the instructions that multiply unsigned by signed bytes.
static inline CK_TARGET void quantize_unsigned(
    const float *x, int64_t ldx, int64_t m, int32_t k, void *a, int64_t lda, ck_quantization *rows) {
    quantize(0, x, ldx, m, k, a, lda, rows);
}
