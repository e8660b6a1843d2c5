// SPDX-License-Identifier: Apache-2.0
//
// One product, by register tiles. Included once for each, with these defined
// (and undefined again here):
//
//     PRODUCT_NAME      the function
//     PRODUCT_LINKAGE   its linkage, static unless defined
//     PRODUCT_TARGET    its target attribute
//     PRODUCT_ROWS      rows of a register tile, at most 14
//     PRODUCT_VECTORS   vectors of one of its rows
//     PRODUCT_STEP(sum, a, b)  sum + a · b, lane by lane, for one group of operands
//
// A lane is 32 bits: a float, two bfloat16 or four bytes on the operands' side,
// a float or an int32 on the sums'. All pass as vf; only PRODUCT_STEP knows.

#if !defined(PRODUCT_LINKAGE)
#define PRODUCT_LINKAGE static
#endif

#if !defined(PREFETCH_DISTANCE)
// Bytes ahead in b. Weights come from the outer caches: with it 5 % (f32) to 20 %
// (int8) faster on Zen 5, and flat between 6 and 24 KiB.
#define PREFETCH_DISTANCE 8192
#endif

#define PRODUCT_JOIN_(a, b) a##b
#define PRODUCT_JOIN(a, b) PRODUCT_JOIN_(a, b)
#define PRODUCT_TILE PRODUCT_JOIN(PRODUCT_NAME, _tile)

/// c[rows × PRODUCT_VECTORS · LANES] = a · b with all sums in registers. Inlined
/// once for each number of rows; the order of summation is the same in all.
static inline __attribute__((always_inline)) PRODUCT_TARGET void PRODUCT_TILE(
    int rows, const float *a, int64_t lda, const float *b, int32_t groups, float *c, int64_t ldc) {
    vf sum[PRODUCT_ROWS][PRODUCT_VECTORS];
    CK_UNROLL
    for (int i = 0; i < rows; i++) {
        CK_UNROLL
        for (int j = 0; j < PRODUCT_VECTORS; j++) sum[i][j] = v_set(0);
    }
    for (int32_t k = 0; k < groups; k++, b += CK_PANEL) {
        vf right[PRODUCT_VECTORS];
        CK_UNROLL
        for (int j = 0; j < PRODUCT_VECTORS; j++) right[j] = v_load(b + j * LANES);
        CK_UNROLL
        for (int j = 0; j < PRODUCT_VECTORS * LANES; j += 16)
            __builtin_prefetch((const char *)(b + j) + PREFETCH_DISTANCE);
        CK_UNROLL
        for (int i = 0; i < rows; i++) {
            vf left = v_set(a[i * lda + k]);
            CK_UNROLL
            for (int j = 0; j < PRODUCT_VECTORS; j++) sum[i][j] = PRODUCT_STEP(sum[i][j], left, right[j]);
        }
    }
    CK_UNROLL
    for (int i = 0; i < rows; i++) {
        CK_UNROLL
        for (int j = 0; j < PRODUCT_VECTORS; j++) v_store(c + i * ldc + j * LANES, sum[i][j]);
    }
}

PRODUCT_LINKAGE PRODUCT_TARGET void PRODUCT_NAME(const ck_product *p) {
    const int64_t lda = p->lda / (int64_t)sizeof(float), ldc = p->ldc;
    const int32_t groups = p->groups;
    for (int32_t j = 0; j < p->panels * CK_PANEL; j += PRODUCT_VECTORS * LANES) {
        const float *b = (const float *)((const char *)p->b + j / CK_PANEL * p->ldb) + j % CK_PANEL;
        const float *a = p->a;
        float *c = (float *)p->c + j;
        // Tiles of nearly equal height: a short last one would leave the multipliers waiting for loads.
        int64_t m = p->m;
        for (int64_t tiles = (m + PRODUCT_ROWS - 1) / PRODUCT_ROWS; tiles > 0; tiles--) {
            const int rows = (int)((m + tiles - 1) / tiles);
#define PRODUCT_CASE(n) \
    case n: \
        if (n <= PRODUCT_ROWS) PRODUCT_TILE(n, a, lda, b, groups, c, ldc); \
        break;
            switch (rows) {
                PRODUCT_CASE(1)
                PRODUCT_CASE(2)
                PRODUCT_CASE(3)
                PRODUCT_CASE(4)
                PRODUCT_CASE(5)
                PRODUCT_CASE(6)
                PRODUCT_CASE(7)
                PRODUCT_CASE(8)
                PRODUCT_CASE(9)
                PRODUCT_CASE(10)
                PRODUCT_CASE(11)
                PRODUCT_CASE(12)
                PRODUCT_CASE(13)
                PRODUCT_CASE(14)
            }
#undef PRODUCT_CASE
            m -= rows;
            a += rows * lda;
            c += rows * ldc;
        }
    }
}

#undef PRODUCT_TILE
#undef PRODUCT_JOIN
#undef PRODUCT_JOIN_
#undef PRODUCT_NAME
#undef PRODUCT_LINKAGE
#undef PRODUCT_TARGET
#undef PRODUCT_ROWS
#undef PRODUCT_VECTORS
#undef PRODUCT_STEP
