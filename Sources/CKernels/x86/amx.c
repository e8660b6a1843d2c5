// SPDX-License-Identifier: Apache-2.0
//
// Products by AMX tiles: 16 rows of 16 groups of operands against 16 columns.
// Two by two tiles of sums where there are rows for it; up to 16 rows, one by
// four, so that each tile of weights is at least met by four sums in flight.

#if defined(__x86_64__)

#include "../kernels.h"
#include "tiles.h"

enum {
    TILE = 16,
    ROW_BYTES = CK_PANEL * 4,         // a group of operands for each column of a panel
    STEP_BYTES = TILE * ROW_BYTES,    // what one step along k reads of a panel
    PREFETCH_DISTANCE = 4096,         // further ahead costs more than it brings
};

/// Tiles 0 to 3 hold sums, 4 and 5 rows, 6 and 7 columns, all of full size:
/// missing rows are computed with whatever their memory holds and ignored.
CK_TILES void ck_enter_amx(void) {
    tile_config config = {.palette = 1};
    for (int t = 0; t < 8; t++) config.rows[t] = TILE, config.row_bytes[t] = 4 * TILE;
    tile_load_config(&config);
}

CK_TILES void ck_leave_amx(void) { tile_release(); }

static inline __attribute__((always_inline)) void prefetch_step(const char *b) {
    CK_UNROLL
    for (int line = 0; line < STEP_BYTES / 64; line++) __builtin_prefetch(b + PREFETCH_DISTANCE + line * 64);
}

#define PRODUCT(name, dot) \
    /* 32 rows by one panel */ \
    static CK_TILES void name##_two_by_two( \
        const char *a, int64_t lda, const char *b, int32_t groups, float *c, int64_t ldc) { \
        tile_zero(0), tile_zero(1), tile_zero(2), tile_zero(3); \
        for (int32_t k = 0; k < groups; k += TILE, a += 4 * TILE, b += STEP_BYTES) { \
            tile_load(4, a, lda); \
            tile_load(6, b, ROW_BYTES); \
            tile_load(7, b + ROW_BYTES / 2, ROW_BYTES); \
            tile_load(5, a + TILE * lda, lda); \
            prefetch_step(b); \
            dot(0, 4, 6), dot(1, 4, 7), dot(2, 5, 6), dot(3, 5, 7); \
        } \
        tile_store(0, c, 4 * ldc), tile_store(1, c + TILE, 4 * ldc); \
        tile_store(2, c + TILE * ldc, 4 * ldc), tile_store(3, c + TILE * ldc + TILE, 4 * ldc); \
    } \
    /* 16 rows by two panels */ \
    static CK_TILES void name##_one_by_four( \
        const char *a, int64_t lda, const char *b, int64_t ldb, int32_t groups, float *c, int64_t ldc) { \
        tile_zero(0), tile_zero(1), tile_zero(2), tile_zero(3); \
        for (int32_t k = 0; k < groups; k += TILE, a += 4 * TILE, b += STEP_BYTES) { \
            tile_load(4, a, lda); \
            tile_load(5, b, ROW_BYTES); \
            tile_load(6, b + ROW_BYTES / 2, ROW_BYTES); \
            prefetch_step(b); \
            dot(0, 4, 5), dot(1, 4, 6); \
            tile_load(7, b + ldb, ROW_BYTES); \
            tile_load(5, b + ldb + ROW_BYTES / 2, ROW_BYTES); \
            prefetch_step(b + ldb); \
            dot(2, 4, 7), dot(3, 4, 5); \
        } \
        tile_store(0, c, 4 * ldc), tile_store(1, c + TILE, 4 * ldc); \
        tile_store(2, c + CK_PANEL, 4 * ldc), tile_store(3, c + CK_PANEL + TILE, 4 * ldc); \
    } \
    /* 16 rows by one panel */ \
    static CK_TILES void name##_one_by_two( \
        const char *a, int64_t lda, const char *b, int32_t groups, float *c, int64_t ldc) { \
        tile_zero(0), tile_zero(1); \
        for (int32_t k = 0; k < groups; k += TILE, a += 4 * TILE, b += STEP_BYTES) { \
            tile_load(4, a, lda); \
            tile_load(6, b, ROW_BYTES); \
            tile_load(7, b + ROW_BYTES / 2, ROW_BYTES); \
            prefetch_step(b); \
            dot(0, 4, 6), dot(1, 4, 7); \
        } \
        tile_store(0, c, 4 * ldc), tile_store(1, c + TILE, 4 * ldc); \
    } \
    CK_TILES void name(const ck_product *p) { \
        for (int64_t i = 0; i < p->m; i += 2 * TILE) { \
            const char *a = (const char *)p->a + i * p->lda; \
            for (int32_t panel = 0; panel < p->panels;) { \
                const char *b = (const char *)p->b + panel * p->ldb; \
                float *c = (float *)p->c + i * p->ldc + panel * CK_PANEL; \
                if (p->m - i > TILE) { \
                    name##_two_by_two(a, p->lda, b, p->groups, c, p->ldc); \
                    panel += 1; \
                } else if (panel + 2 <= p->panels) { \
                    name##_one_by_four(a, p->lda, b, p->ldb, p->groups, c, p->ldc); \
                    panel += 2; \
                } else { \
                    name##_one_by_two(a, p->lda, b, p->groups, c, p->ldc); \
                    panel += 1; \
                } \
            } \
        } \
    }

PRODUCT(ck_multiply_bf16_amx, tile_dot_bf16)
PRODUCT(ck_multiply_int8_amx, tile_dot_int8)

#endif
