// SPDX-License-Identifier: Apache-2.0
//
// One search through rows of bytes for those nearest to a query. Included once
// for each way to multiply bytes, with these defined (and undefined again here):
//
//     SCAN_NAME      the function
//     SCAN_LINKAGE   its linkage, static unless defined
//     SCAN_TARGET    its target attribute
//     SCAN_STEP(sum, query, row)  sum + query · row, lane by lane, four bytes each
//     SCAN_BIAS      what SCAN_STEP adds to a row's bytes, 0 or 128

#if !defined(SCAN_LINKAGE)
#define SCAN_LINKAGE static
#endif

#define SCAN_JOIN_(a, b) a##b
#define SCAN_JOIN(a, b) SCAN_JOIN_(a, b)
#define SCAN_ROWS_NAME SCAN_JOIN(SCAN_NAME, _rows)

#if !defined(SCAN_CONSTANTS)
#define SCAN_CONSTANTS
enum {
    SCAN_BLOCK = 64,              // rows
    SCAN_ROWS = 4,               // between two looks at the candidates
    SCAN_BYTES = 4 * LANES,      // of a vector
    SCAN_PREFETCH = 8192,        // bytes ahead: pages, where the CPU's own prefetching ends at one
};
#endif

/// The sums of query · row for SCAN_ROWS rows of a block; those beyond the last are that row again. `tail` is the query's last vector without what `full` vectors before it have.
static inline __attribute__((always_inline)) SCAN_TARGET void SCAN_ROWS_NAME(
    const ck_scan *s, const int8_t *rows, int64_t last, int32_t full, const int8_t *tail, int32_t *sums) {
    const int8_t *row[SCAN_ROWS];
    // Row after row, as the memory's prefetching likes it best: what one waits for, the next ones do meanwhile.
    CK_UNROLL
    for (int i = 0; i < SCAN_ROWS; i++) {
        row[i] = rows + (i < last ? i : last) * s->ldrow;
        vf sum = v_set(0);
        for (int32_t j = 0; j < full; j++) {
            __builtin_prefetch(row[i] + j * SCAN_BYTES + SCAN_PREFETCH);
            sum = SCAN_STEP(sum, v_load(s->query + j * SCAN_BYTES), v_load(row[i] + j * SCAN_BYTES));
        }
        if (full * SCAN_BYTES < s->n && full > 0) sum = SCAN_STEP(sum, v_load(tail), v_load(row[i] + s->n - SCAN_BYTES));
        int32_t lanes[LANES];
        v_store(lanes, sum);
        sums[i] = 0;
        CK_UNROLL
        for (int lane = 0; lane < LANES; lane++) sums[i] += lanes[lane];
    }
    // A row shorter than a vector.
    for (int32_t j = 0; s->n < SCAN_BYTES && j < s->n; j++)
        for (int i = 0; i < SCAN_ROWS; i++) sums[i] += s->query[j] * (row[i][j] + SCAN_BIAS);
}

SCAN_LINKAGE SCAN_TARGET int32_t SCAN_NAME(const ck_scan *s) {
    const int32_t full = s->n / SCAN_BYTES, rest = s->n % SCAN_BYTES;
    int8_t tail[SCAN_BYTES] = {0};
    if (full > 0)
        for (int32_t j = 0; j < rest; j++) tail[SCAN_BYTES - rest + j] = s->query[s->n - rest + j];
    int32_t surplus = 0, found = 0;
    for (int32_t j = 0; SCAN_BIAS != 0 && j < s->n; j++) surplus += s->query[j] * SCAN_BIAS;

    float least = -__builtin_inff();
    for (int64_t row = s->row_begin; row < s->row_end && s->k > 0;) {
        // Up to the next multiple of SCAN_ROWS, so that no group of rows lies in two blocks.
        const int64_t block = row / SCAN_BLOCK, next = (row / SCAN_ROWS + 1) * SCAN_ROWS;
        const uint64_t allowed = s->allowed ? s->allowed[block] >> row % SCAN_BLOCK : ~(uint64_t)0;
        if (allowed == 0) {
            row = (block + 1) * SCAN_BLOCK;
            continue;
        }
        const int32_t count = (int32_t)((next < s->row_end ? next : s->row_end) - row);
        if (allowed & ((1u << count) - 1)) {
            int32_t sums[SCAN_ROWS];
            const int8_t *rows = s->rows + block * s->ldblock + row % SCAN_BLOCK * s->ldrow;
            const float *scales = s->scales + block * s->ldscales + row % SCAN_BLOCK;
            SCAN_ROWS_NAME(s, rows, count - 1, full, tail, sums);
            for (int32_t i = 0; i < count; i++) {
                const float score = (float)(sums[i] - surplus) * scales[i];
                if ((score > least || (found < s->k && score == least)) && (allowed >> i & 1))
                    least = ck_candidates_insert(s->candidates, &found, s->k, score, (uint32_t)(row + i));
            }
        }
        row += count;
    }
    ck_candidates_sort(s->candidates, found);
    return found;
}

#undef SCAN_JOIN
#undef SCAN_JOIN_
#undef SCAN_ROWS_NAME
#undef SCAN_NAME
#undef SCAN_LINKAGE
#undef SCAN_TARGET
#undef SCAN_STEP
#undef SCAN_BIAS
