// SPDX-License-Identifier: Apache-2.0
//
// The driver of `attention`: a block of queries meets blocks of keys, with the
// maximum and the sum of the softmax carried from one to the next (Milakov and
// Gimelshein 2018; Dao et al. 2022), so that only one block of scores exists.
// On the vectors of whichever vector/*.h was included before.

#include <float.h>
#include <math.h>
#include <string.h>

enum { QUERY_BLOCK = 36, KEY_BLOCK = 256 };

/// One call's precision and the parts of the caller's scratch. What float32
/// needs suffices for bfloat16 with its additional copy: 2 · 4 bytes against 3 · 2.
typedef struct attention_plan {
    const ck_arithmetic *arithmetic;
    bool bf16;
    int32_t groups;      // of a query or key: head_size, padded to the precision's depth
    int64_t keys;        // length, padded to panels
    int64_t width;       // head_size, padded to panels
    float *k;            // panels of keys: [keys / 32][groups][32]
    float *v;            // panels of dimensions: [width / 32][keys / group][32]
    float *rows;         // queries converted to bfloat16: keys × width of them, at least
    float *scores;       // QUERY_BLOCK × KEY_BLOCK, then the weights in the same place
    float *sums, *part;  // QUERY_BLOCK × width; all three with room for a product's surplus rows
    size_t size;
} attention_plan;

static attention_plan attention_plan_of(int32_t length, int32_t head_size, ck_precision precision, void *scratch) {
    attention_plan s = {.bf16 = precision != CK_F32};
    s.keys = ck_round_up(length, CK_PANEL);
    s.width = ck_round_up(head_size, CK_PANEL);
    s.groups = s.bf16 ? (int32_t)s.width / 2 : head_size;
    const size_t matrix = (size_t)(s.keys * s.width) * (s.bf16 ? 2 : 4);
    const size_t rows = (size_t)ck_round_up(QUERY_BLOCK, 16), block = rows * (size_t)s.width * sizeof(float);
    uintptr_t at = (uintptr_t)scratch;
    s.k = (float *)at;
    s.v = (float *)(at += matrix);
    s.rows = (float *)(at += matrix);
    s.scores = (float *)(at += s.bf16 ? matrix : 0);
    s.sums = (float *)(at += rows * KEY_BLOCK * sizeof(float));
    s.part = (float *)(at += block);
    s.size = at + block - (uintptr_t)scratch;
    return s;
}

static size_t attention_scratch_size(int32_t length, int32_t head_size) {
    return attention_plan_of(length, head_size, CK_F32, NULL).size;
}

/// A lane's operands each, from the first `count` of a row's values; zeros past these.
CK_INLINE vf load_operands(bool bf16, const float *row, int64_t count) {
    const vf zero = v_set(0);
    const vf first = count >= LANES ? v_load(row) : v_load_part(row, count, zero);
    if (!bf16) return first;
    if (count <= LANES) return v_join_bf16(first, zero);
    const float *next = row + LANES;
    return v_join_bf16(first, count >= 2 * LANES ? v_load(next) : v_load_part(next, count - LANES, zero));
}

/// Rows of keys into panels: out[j / 32][g][j % 32] = k[j][g] for groups of
/// operands, a lane each; zeros past the length.
CK_INLINE void pack_keys(
    bool bf16, const float *k, int64_t ldk, int32_t length, int32_t head_size, int32_t groups, float *out) {
    const int32_t step = bf16 ? 2 * LANES : LANES;
    for (int64_t j = 0; j < ck_round_up(length, CK_PANEL); j += LANES) {
        float *panel = out + j / CK_PANEL * CK_PANEL * groups + j % CK_PANEL;
        for (int32_t g = 0; g < groups; g += LANES) {
            const int32_t first = g / LANES * step;
            vf block[LANES];
            for (int i = 0; i < LANES; i++)
                block[i] = j + i < length && first < head_size
                    ? load_operands(bf16, k + (j + i) * ldk + first, head_size - first) : v_set(0);
            v_transpose(block);
            for (int i = 0; i < LANES && g + i < groups; i++) v_store(panel + (g + i) * CK_PANEL, block[i]);
        }
    }
}

/// Rows of values into panels: out[d / 32][j / group][d % 32] = v[j][d]; the
/// padding is zero already.
CK_INLINE void pack_values(
    bool bf16, const float *v, int64_t ldv, int32_t length, int32_t head_size, int64_t keys, float *out) {
    const vf zero = v_set(0);
    const int step = bf16 ? 2 : 1;
    for (int32_t d = 0; d < head_size; d += LANES) {
        const int32_t count = head_size - d < LANES ? head_size - d : LANES;
        float *panel = out + d / CK_PANEL * CK_PANEL * (keys / step) + d % CK_PANEL;
        for (int64_t j = 0; j < length; j += step, panel += CK_PANEL) {
            const float *row = v + j * ldv + d;
            vf x = count == LANES ? v_load(row) : v_load_part(row, count, zero);
            if (bf16) {
                vf y = zero;
                if (j + 1 < length) y = count == LANES ? v_load(row + ldv) : v_load_part(row + ldv, count, zero);
                x = v_pair_bf16(x, y);
            }
            v_store(panel, x);
        }
    }
}

/// The running state of one query's softmax, in base 2.
typedef struct softmax_state {
    float maximum, sum;
    float correction;  // what was summed before the current block has to be multiplied by
} softmax_state;

/// Scores to base 2 with the bias added, where there is one.
CK_INLINE void add_bias_base_2(float *scores, int64_t begin, int64_t end, float factor, const float *bias) {
    const vf f = v_set(factor), log2e = v_set(1.442695041f), zero = v_set(0);
    for (int64_t j = begin; j < end; j += LANES) {
        const int64_t count = end - j < LANES ? end - j : LANES;
        vf t = v_load_part(scores + j, count, zero) * f;
        if (bias) t = v_fma(v_load_part(bias + j, count, zero), log2e, t);
        v_store_part(scores + j, t, count);
    }
}

/// Adds what a query and its visible keys have for each other's distance, see `ck_attention`. `to` is the query's row,
/// `from` the first key's.
CK_INLINE void add_positions(
    float *scores, int64_t begin, int64_t end, const float *to, const float *from, int64_t ld, const int32_t *buckets) {
    for (int64_t j = begin; j < end; j++) scores[j] += to[buckets[j]] + from[j * ld + buckets[j]];
}

CK_INLINE float largest_of(const float *x, int64_t count) {
    vf a = v_set(-FLT_MAX), b = a;
    int64_t j = 0;
    for (; j + 2 * LANES <= count; j += 2 * LANES) {
        a = v_max(v_load(x + j), a);
        b = v_max(v_load(x + j + LANES), b);
    }
    for (; j < count; j += LANES)
        a = v_max(j + LANES <= count ? v_load(x + j) : v_load_part(x + j, count - j, a), a);
    return v_largest(v_max(a, b));
}

/// Scores [begin, end) of one row into weights 2^(factor · score - maximum), as
/// floats or bfloat16 in the same place, with zeros elsewhere up to `width`.
/// Returns their sum.
CK_INLINE float weigh(
    bool bf16, float *scores, int64_t begin, int64_t end, int64_t width, float factor, float maximum) {
    const vf f = v_set(factor), m = v_set(-maximum);
    uint16_t *narrow = (uint16_t *)scores;
    vf sum = v_set(0);
    int64_t j = begin;
    for (; j + LANES <= end; j += LANES) {
        vf p = v_exp2_weight(v_fma(v_load(scores + j), f, m), bf16);
        if (bf16) v_store_bf16(narrow + j, p);
        else v_store(scores + j, p);
        sum += p;
    }
    if (j < end) {
        vf p = v_exp2_weight(v_fma(v_load_part(scores + j, end - j, v_set(-INFINITY)), f, m), bf16);
        if (bf16) v_store_bf16(narrow + j, p);
        else v_store_part(scores + j, p, end - j);
        sum += p;
    }
    const size_t size = bf16 ? sizeof *narrow : sizeof *scores;
    if (begin > 0) memset(scores, 0, (size_t)begin * size);
    if (end < width) memset((char *)scores + (size_t)end * size, 0, (size_t)(width - end) * size);
    return v_sum(sum);
}

/// Queries [query, query + rows) of one head against all keys they see.
CK_INLINE void attend(const ck_attention *t, const attention_plan *s, int32_t head, int64_t query, int64_t rows) {
    const int64_t left = t->window_left, right = t->window_right, length = t->length;
    const int64_t first = query - left > 0 ? (query - left) / CK_PANEL * CK_PANEL : 0;
    const int64_t last = query + rows + right < length ? query + rows + right : length;
    const int group = s->bf16 ? 2 : 1, step = s->arithmetic->step;
    const float *q = t->q + (query - t->query_begin) * t->ldq + (int64_t)head * t->head_size;
    int64_t ldq = t->ldq * (int64_t)sizeof(float);
    if (s->bf16) {
        s->arithmetic->convert(q, t->ldq, rows, t->head_size, s->rows, s->width * 2, NULL);
        q = s->rows, ldq = s->width * 2;
    }
    softmax_state state[QUERY_BLOCK];
    for (int64_t i = 0; i < rows; i++) state[i] = (softmax_state){.maximum = -FLT_MAX};

    for (int64_t key = first; key < last; key += KEY_BLOCK) {
        const int64_t keys = last - key < KEY_BLOCK ? last - key : KEY_BLOCK, width = ck_round_up(keys, CK_PANEL);
        s->arithmetic->product(&(ck_product){
            .a = q, .lda = ldq, .m = rows,
            .b = s->k + key * s->groups, .ldb = (int64_t)CK_PANEL * s->groups * (int64_t)sizeof(float),
            .panels = (int32_t)(width / CK_PANEL), .groups = s->groups,
            .c = s->scores, .ldc = KEY_BLOCK,
        });

        struct {
            int64_t begin, end;
        } visible[QUERY_BLOCK];
        float factor = t->scale * 1.442695041f;
        const bool rescaled = t->distance_bias || factor <= 0;
        for (int64_t i = 0; i < rows; i++) {
            int64_t begin = query + i - left - key, end = query + i + right + 1 - key;
            visible[i].begin = begin = begin < 0 ? 0 : begin > keys ? keys : begin;
            visible[i].end = end = end < begin ? begin : end > keys ? keys : end;
            float *scores = s->scores + i * KEY_BLOCK;
            if (t->buckets)
                add_positions(
                    scores, begin, end, t->to_position + (query + i) * t->ldposition,
                    t->from_position + key * t->ldposition, t->ldposition, t->buckets + key - query - i);
            if (rescaled) {
                const float *bias = t->distance_bias;
                if (bias) bias += head * t->lddistance + t->lddistance / 2 + key - query - i;
                add_bias_base_2(scores, begin, end, factor, bias);
            }
            const float largest = largest_of(scores + begin, end - begin) * (rescaled ? 1 : factor);
            const float maximum = fmaxf(state[i].maximum, largest);
            if (key > first) state[i].correction = v_first(v_exp2_weight(v_set(state[i].maximum - maximum), false));
            state[i].maximum = maximum;
        }
        if (rescaled) factor = 1;
        for (int64_t i = 0; i < rows; i++) {
            const float sum = weigh(
                s->bf16, s->scores + i * KEY_BLOCK, visible[i].begin, visible[i].end, width, factor, state[i].maximum);
            state[i].sum = state[i].sum * state[i].correction + sum;
        }

        s->arithmetic->product(&(ck_product){
            .a = s->scores, .lda = KEY_BLOCK * sizeof(float), .m = rows,
            .b = s->v + key / group * CK_PANEL, .ldb = s->keys / group * CK_PANEL * (int64_t)sizeof(float),
            .panels = (int32_t)(s->width / CK_PANEL), .groups = (int32_t)ck_round_up((keys + group - 1) / group, step),
            .c = key == first ? s->sums : s->part, .ldc = s->width,
        });
        if (key == first) continue;
        for (int64_t i = 0; i < rows; i++) {
            const vf correction = v_set(state[i].correction);
            for (int64_t d = i * s->width; d < (i + 1) * s->width; d += LANES)
                v_store(s->sums + d, v_fma(v_load(s->sums + d), correction, v_load(s->part + d)));
        }
    }

    for (int64_t i = 0; i < rows; i++) {
        const float *sum = s->sums + i * s->width;
        float *out = t->out + (query + i - t->query_begin) * t->ldout + (int64_t)head * t->head_size;
        const vf factor = v_set(1 / state[i].sum);
        int32_t d = 0;
        for (; d + LANES <= t->head_size; d += LANES) v_store(out + d, v_load(sum + d) * factor);
        if (d < t->head_size) v_store_part(out + d, v_load(sum + d) * factor, t->head_size - d);
    }
}

CK_INLINE void run_attention(const ck_attention *t, bool bf16, const ck_arithmetic *arithmetic) {
    attention_plan s = attention_plan_of(t->length, t->head_size, bf16 ? CK_BF16 : CK_F32, t->scratch);
    s.arithmetic = arithmetic;
    // Blocks of nearly equal size, as tiles are.
    const int64_t queries = t->query_end - t->query_begin;
    const int64_t most = arithmetic->row_block < QUERY_BLOCK ? arithmetic->row_block : QUERY_BLOCK;
    const int64_t blocks = (queries + most - 1) / most, block = blocks > 0 ? (queries + blocks - 1) / blocks : 1;
    memset(s.v, 0, (size_t)(s.keys * s.width) * (bf16 ? 2 : 4));
    if (arithmetic->enter) arithmetic->enter();
    for (int32_t head = t->head_begin; head < t->head_end; head++) {
        if (head == t->head_begin || head % t->heads_per_kv == 0) {
            const int64_t column = (int64_t)(head / t->heads_per_kv) * t->head_size;
            pack_keys(bf16, t->k + column, t->ldk, t->length, t->head_size, s.groups, s.k);
            pack_values(bf16, t->v + column, t->ldv, t->length, t->head_size, s.keys, s.v);
        }
        for (int64_t query = t->query_begin; query < t->query_end; query += block) {
            const int64_t left = t->query_end - query;
            attend(t, &s, head, query, left < block ? left : block);
        }
    }
    if (arithmetic->leave) arithmetic->leave();
}

static CK_TARGET void run_attention_f32(const ck_attention *t, const ck_arithmetic *arithmetic) {
    run_attention(t, false, arithmetic);
}

static CK_TARGET void run_attention_bf16(const ck_attention *t, const ck_arithmetic *arithmetic) {
    run_attention(t, true, arithmetic);
}
