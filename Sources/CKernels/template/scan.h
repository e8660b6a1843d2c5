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
    SCAN_ROWS = 4,               // between two looks at the candidates
    SCAN_BYTES = 4 * LANES,      // of a vector
    SCAN_PREFETCH = 8192,        // bytes ahead: pages, where the CPU's own prefetching ends at one
};
#endif

/// The sums of query · row for SCAN_ROWS rows, of which at least the first is there: a row beyond the
/// last is that row again. `tail` is the query's last vector without what `full` vectors before it have.
static inline __attribute__((always_inline)) SCAN_TARGET void SCAN_ROWS_NAME(
    const ck_scan *s, int64_t first, int64_t last, int32_t full, const int8_t *tail, int32_t *sums) {
    const int8_t *row[SCAN_ROWS];
    // Row after row, as the memory's prefetching likes it best: what one waits for, the next ones do meanwhile.
    CK_UNROLL
    for (int i = 0; i < SCAN_ROWS; i++) {
        row[i] = s->rows + (first + i < last ? first + i : last) * s->ldrow;
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
    int32_t surplus = 0, count = 0;
    for (int32_t j = 0; SCAN_BIAS != 0 && j < s->n; j++) surplus += s->query[j] * SCAN_BIAS;

    float least = -__builtin_inff();
    for (int64_t row = s->row_begin; row < s->row_end && s->k > 0;) {
        uint64_t allowed = ~(uint64_t)0;
        if (s->allowed) {
            allowed = s->allowed[row / 64] >> row % 64;
            if (allowed == 0) {
                row = (row / 64 + 1) * 64;
                continue;
            }
            if (!(allowed & ((1u << SCAN_ROWS) - 1))) {
                row += SCAN_ROWS - row % SCAN_ROWS;  // stays within the word
                continue;
            }
        }
        // Up to the next multiple, so that SCAN_ROWS never lie in two words of the set.
        int64_t end = row + SCAN_ROWS - row % SCAN_ROWS;
        if (end > s->row_end) end = s->row_end;
        int32_t sums[SCAN_ROWS];
        SCAN_ROWS_NAME(s, row, end - 1, full, tail, sums);
        for (int i = 0; row < end; i++, row++, allowed >>= 1) {
            const float score = (float)(sums[i] - surplus) * s->scales[row * s->ldscale];
            if ((score > least || (count < s->k && score == least)) && (allowed & 1))
                least = ck_candidates_insert(s->candidates, &count, s->k, score, (uint32_t)row);
        }
    }
    ck_candidates_sort(s->candidates, count);
    return count;
}

#undef SCAN_JOIN
#undef SCAN_JOIN_
#undef SCAN_ROWS_NAME
#undef SCAN_NAME
#undef SCAN_LINKAGE
#undef SCAN_TARGET
#undef SCAN_STEP
#undef SCAN_BIAS
