// SPDX-License-Identifier: Apache-2.0
//
// Products by the instructions that multiply two rows by two columns, over two
// groups of operands at once: BFMMLA and SMMLA. Zipping two groups of a panel
// gives their operands, so the packed layout is everyone's.

#define CK_BFMMLA __attribute__((target("arch=armv8.2-a+bf16")))
#define CK_SMMLA __attribute__((target("arch=armv8.2-a+i8mm")))

static inline __attribute__((always_inline)) CK_BFMMLA vf v_bfmmla(vf sum, vf a, vf b) {
    return vbfmmlaq_f32(sum, vreinterpretq_bf16_f32(a), vreinterpretq_bf16_f32(b));
}

static inline __attribute__((always_inline)) CK_SMMLA vf v_smmla(vf sum, vf a, vf b) {
    vi total = vmmlaq_s32(vreinterpretq_s32_f32(sum), vreinterpretq_s8_f32(a), vreinterpretq_s8_f32(b));
    return vreinterpretq_f32_s32(total);
}

CK_INLINE vf v_low_halves(vf a, vf b) { return vcombine_f32(vget_low_f32(a), vget_low_f32(b)); }
CK_INLINE vf v_high_halves(vf a, vf b) { return vcombine_f32(vget_high_f32(a), vget_high_f32(b)); }

enum { MMLA_PAIRS = 4 };  // pairs of rows, and pairs of columns, of a register tile

/// `PRODUCT_NAME`(p) and its tile of `pairs` pairs of rows by 8 columns. An odd last row
/// is its own partner.
#define MMLA_PRODUCT(name, target, step) \
    static inline __attribute__((always_inline)) target void name##_tile( \
        int pairs, int rows, const float *a, int64_t lda, const float *b, int32_t groups, float *c, int64_t ldc) { \
        vf sum[MMLA_PAIRS][MMLA_PAIRS], right[MMLA_PAIRS]; \
        CK_UNROLL \
        for (int i = 0; i < pairs; i++) { \
            CK_UNROLL \
            for (int j = 0; j < MMLA_PAIRS; j++) sum[i][j] = v_set(0); \
        } \
        const int64_t partner = rows == 2 * pairs ? lda : 0; \
        for (int32_t k = 0; k < groups; k += 2, b += 2 * CK_PANEL) { \
            CK_UNROLL \
            for (int j = 0; j < MMLA_PAIRS; j += 2) { \
                vf first = v_load(b + 2 * j), second = v_load(b + CK_PANEL + 2 * j); \
                right[j] = vzip1q_f32(first, second); \
                right[j + 1] = vzip2q_f32(first, second); \
            } \
            CK_UNROLL \
            for (int i = 0; i < pairs; i++) { \
                const float *row = a + 2 * i * lda + k; \
                vf left = vcombine_f32(vld1_f32(row), vld1_f32(row + (i + 1 < pairs ? lda : partner))); \
                CK_UNROLL \
                for (int j = 0; j < MMLA_PAIRS; j++) sum[i][j] = step(sum[i][j], left, right[j]); \
            } \
        } \
        CK_UNROLL \
        for (int i = 0; i < pairs; i++) { \
            float *out = c + 2 * i * ldc; \
            CK_UNROLL \
            for (int j = 0; j < MMLA_PAIRS; j += 2) v_store(out + 2 * j, v_low_halves(sum[i][j], sum[i][j + 1])); \
            if (i + 1 == pairs && partner == 0) break; \
            CK_UNROLL \
            for (int j = 0; j < MMLA_PAIRS; j += 2) \
                v_store(out + ldc + 2 * j, v_high_halves(sum[i][j], sum[i][j + 1])); \
        } \
    } \
    static target void name(const ck_product *p) { \
        const int64_t lda = p->lda / (int64_t)sizeof(float); \
        for (int32_t j = 0; j < p->panels * CK_PANEL; j += 2 * MMLA_PAIRS) { \
            const float *b = (const float *)((const char *)p->b + j / CK_PANEL * p->ldb) + j % CK_PANEL; \
            for (int64_t i = 0; i < p->m; i += 2 * MMLA_PAIRS) { \
                const int rows = (int)(p->m - i < 2 * MMLA_PAIRS ? p->m - i : 2 * MMLA_PAIRS); \
                const float *a = (const float *)p->a + i * lda; \
                float *c = (float *)p->c + i * p->ldc + j; \
                switch ((rows + 1) / 2) { \
                    case 1: name##_tile(1, rows, a, lda, b, p->groups, c, p->ldc); break; \
                    case 2: name##_tile(2, rows, a, lda, b, p->groups, c, p->ldc); break; \
                    case 3: name##_tile(3, rows, a, lda, b, p->groups, c, p->ldc); break; \
                    case 4: name##_tile(4, rows, a, lda, b, p->groups, c, p->ldc); break; \
                } \
            } \
        } \
    }

MMLA_PRODUCT(multiply_bf16_bfmmla, CK_BFMMLA, v_bfmmla)
MMLA_PRODUCT(multiply_int8_smmla, CK_SMMLA, v_smmla)
