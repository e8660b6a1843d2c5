// SPDX-License-Identifier: Apache-2.0
//
// Compares every kernel table this CPU has with plain double-precision code.
// In C, so that it cross-compiles, runs under an emulator and under the
// sanitizers; Scripts/check-kernels builds and runs it in all these ways.

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

static const ck_kernels *table;
static long checks, failures;

static uint64_t random_state = 0x9e3779b97f4a7c15;

static float uniform(void) {  // in [-1, 1)
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(random_state >> 32) * 0x1p-31f;
}

/// A buffer of exactly `count` floats, so that the sanitizers see any step outside.
static float *floats(int64_t count, float scale) {
    float *p = malloc((size_t)(count > 0 ? count : 1) * sizeof *p);
    for (int64_t i = 0; i < count; i++) p[i] = scale * uniform();
    return p;
}

static void *aligned(size_t size) {
    void *p = aligned_alloc(64, (size + 63) / 64 * 64 + 64);
    memset(p, 0xff, size);
    return p;
}

static void report(const char *what, double error, double limit) {
    checks++;
    if (error <= limit) return;  // also false for NaN
    failures++;
    if (failures < 50) printf("FAIL %s %s: error %.3g, allowed %.3g\n", table->name, what, error, limit);
}

/// Keeps the larger error; NaN is the largest.
static void worsen(double *worst, double error) {
    if (!(error <= *worst)) *worst = error;
}

static double activation(ck_activation kind, double x) {
    switch (kind) {
        case CK_IDENTITY: return x;
        case CK_GELU: return 0.5 * x * erfc(-x / sqrt(2));
        case CK_GELU_TANH: return x / (1 + exp(-2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
        case CK_SILU: return x / (1 + exp(-x));
        case CK_RELU: return x > 0 ? x : 0;
        case CK_TANH: return tanh(x);
        case CK_SIGMOID: return 1 / (1 + exp(-x));
    }
    return NAN;
}

static double rounded_bf16(float x) {
    uint32_t u;
    memcpy(&u, &x, 4);
    u = (u + 0x7fff + (u >> 16 & 1)) & 0xffff0000;
    memcpy(&x, &u, 4);
    return x;
}

/// A weight as the precision's arithmetic sees it, given the largest |weight| of its output.
static double weight_operand(ck_precision precision, float x, float largest) {
    if (precision == CK_F32) return x;
    if (precision == CK_BF16) return rounded_bf16(x);
    return largest == 0 ? 0 : (double)rintf(x * (127 / largest)) * (double)(largest / 127);
}

/// An activation likewise, given the span that its row's values and zero have.
static double row_operand(ck_precision precision, float x, float least, float most) {
    if (precision == CK_F32) return x;
    if (precision == CK_BF16) return rounded_bf16(x);
    const float span = most - least, steps = 254 / span;
    if (span == 0) return 0;
    const float below = -least * steps, scaled = x * steps;
    const double zero = floorf(below + 0.5f);
    return (rint(scaled + zero) - zero) * (double)(span / 254);
}

static float largest(const float *x, int64_t n) {
    float m = 0;
    for (int64_t i = 0; i < n; i++) m = fmaxf(m, fabsf(x[i]));
    return m;
}

static void check_linear(ck_precision precision, int64_t m, int32_t n, int32_t k, int variant) {
    const int64_t ldx = k + variant % 3, ldout = n + variant % 4;
    const bool with_bias = variant & 1, with_residual = variant & 2, with_factor = variant % 5 == 0;
    const ck_activation kind = (ck_activation)(variant % 7);
    float *w = floats((int64_t)n * k, 1), *x = floats((m - 1) * ldx + k, 1), *bias = floats(n, 1);
    float *out = floats((m - 1) * ldout + n, 1), *alone = floats(n, 1), *residual = floats((m - 1) * ldout + n, 1);
    void *packed = aligned(table->packed_size(precision, n, k));
    table->pack(precision, w, k, n, k, packed);
    const ck_matrix weights = {.precision = precision, .rows = n, .columns = k, .packed = packed};
    void *scratch = aligned(table->linear_scratch_size(precision, m, n, k));
    // The residual may be the output itself.
    if (with_residual) memcpy(out, residual, (size_t)((m - 1) * ldout + n) * sizeof *out);
    float *factor = floats((m - 1) * ldout + n, 1);
    float *before = floats((m - 1) * ldout + n, 1);
    memcpy(before, out, (size_t)((m - 1) * ldout + n) * sizeof *out);
    ck_linear l = {
        .weights = &weights, .bias = with_bias ? bias : NULL, .x = x, .ldx = ldx, .m = m, .activation = kind,
        .factor = with_factor ? factor : NULL, .ldfactor = ldout,
        .residual = with_residual ? out : NULL, .ldresidual = ldout, .out = out, .ldout = ldout, .scratch = scratch,
    };
    // Two column ranges, split at a step.
    const int32_t middle = n / 2 / table->column_step * table->column_step;
    l.column_begin = middle, l.column_end = n;
    table->linear(&l);
    l.column_begin = 0, l.column_end = middle;
    table->linear(&l);

    double worst = 0, differences = 0;
    for (int64_t i = 0; i < m; i++) {
        // Check every row of small products, some of large ones.
        if (m * n * k > 2000000 && i % 13 != 0 && i != m - 1) continue;
        float least = 0, most = 0;
        for (int32_t p = 0; p < k; p++) least = fminf(least, x[i * ldx + p]), most = fmaxf(most, x[i * ldx + p]);
        for (int32_t j = 0; j < n; j++) {
            const float column_limit = largest(w + (int64_t)j * k, k);
            double sum = 0;
            for (int32_t p = 0; p < k; p++)
                sum += row_operand(precision, x[i * ldx + p], least, most) *
                    weight_operand(precision, w[(int64_t)j * k + p], column_limit);
            if (with_bias) sum += bias[j];
            sum = activation(kind, sum);
            if (with_factor) sum *= factor[i * ldout + j];
            if (with_residual) sum += residual[i * ldout + j];
            worsen(&worst, fabs(sum - out[i * ldout + j]));
        }
        // What lies between two rows is not the output's.
        if (i + 1 < m) differences += memcmp(before + i * ldout + n, out + i * ldout + n, (size_t)(ldout - n) * 4) != 0;
        // A row alone is the same row in a batch, bit for bit.
        ck_linear one = l;
        one.x = x + i * ldx, one.m = 1, one.out = alone, one.column_end = n;
        one.factor = with_factor ? factor + i * ldout : NULL;
        one.residual = with_residual ? residual + i * ldout : NULL;
        table->linear(&one);
        differences += memcmp(alone, out + i * ldout, (size_t)n * sizeof *out) != 0;
    }
    char what[100];
    snprintf(what, sizeof what, "linear precision %d m %d n %d k %d variant %d", precision, (int)m, n, k, variant);
    // One rounding of a sum of magnitude √k for each of k terms; int8 sums are exact.
    report(what, worst, precision == CK_INT8 ? 2e-5 : 2e-6 + k * 0x1.8p-24);
    strcat(what, ", rows alone and between");
    report(what, differences, 0);
    free(w), free(x), free(bias), free(out), free(before), free(alone), free(residual), free(packed), free(scratch);
    free(factor);
}

typedef struct attention_case {
    int32_t length, head_size, heads, heads_per_kv, left, right;
    bool bias, disentangled;
} attention_case;

static float rounded(ck_precision precision, float x) { return precision == CK_F32 ? x : (float)rounded_bf16(x); }

static void check_attention(ck_precision precision, attention_case c) {
    const ck_precision asked = precision;
    if (!(table->precisions >> precision & 1)) precision = CK_F32;  // what it is then computed in
    const int32_t width = c.heads * c.head_size, kv_width = width / c.heads_per_kv, n = c.length;
    const int64_t ldq = width + 3, ldk = kv_width + 1, ldv = kv_width, ldout = width + 2, ldd = 2 * n + 1;
    float *q = floats((n - 1) * ldq + width, 2), *k = floats((n - 1) * ldk + kv_width, 2);
    float *v = floats((n - 1) * ldv + kv_width, 1), *out = floats((n - 1) * ldout + width, 1);
    float *bias = floats(c.heads * ldd, 1);
    // Buckets in no order, so that none can be guessed from its neighbour.
    const int32_t positions = 13;
    float *to = floats((int64_t)n * positions, 2), *from = floats((int64_t)n * positions, 2);
    int32_t *buckets = malloc((size_t)(2 * n - 1) * sizeof *buckets);
    for (int32_t d = 0; d < 2 * n - 1; d++) buckets[d] = d * 5 % positions;
    void *scratch = aligned(table->attention_scratch_size(n, c.head_size));
    ck_attention a = {
        .q = q, .k = k, .v = v, .ldq = ldq, .ldk = ldk, .ldv = ldv, .length = n, .query_end = n,
        .head_size = c.head_size, .head_begin = 0, .head_end = c.heads, .heads_per_kv = c.heads_per_kv,
        .scale = 1 / sqrtf((float)c.head_size),
        .window_left = c.left, .window_right = c.right, .distance_bias = c.bias ? bias : NULL, .lddistance = ldd,
        .out = out, .ldout = ldout, .scratch = scratch, .precision = asked,
    };
    if (c.disentangled)
        a.to_position = to, a.from_position = from, a.ldposition = positions, a.buckets = buckets + n - 1;
    a.head_end = c.heads / 2;
    table->attention(&a);
    a.head_begin = c.heads / 2, a.head_end = c.heads;
    table->attention(&a);

    // Some queries by themselves find what they find among all, bit for bit.
    const int32_t begin = n / 2, end = begin + 3 < n ? begin + 3 : n;
    float *some = floats((end - begin - 1) * ldout + width, 1);
    ck_attention part = a;
    part.head_begin = 0, part.query_begin = begin, part.query_end = end, part.q = q + begin * ldq, part.out = some;
    table->attention(&part);
    double differences = 0;
    for (int32_t i = begin; i < end; i++)
        differences += memcmp(some + (i - begin) * ldout, out + i * ldout, (size_t)width * sizeof *out) != 0;

    double worst = 0, *p = malloc((size_t)n * sizeof *p), *expected = malloc((size_t)c.head_size * sizeof *expected);
    for (int32_t h = 0; h < c.heads; h++)
        for (int32_t i = 0; i < n; i++) {
            if (n > 100 && i % (n > 1000 ? 509 : 7) != 0 && i != n - 1) continue;
            const int64_t kv = (int64_t)(h / c.heads_per_kv) * c.head_size;
            double maximum = -INFINITY, sum = 0;
            for (int32_t j = 0; j < n; j++) {
                p[j] = -INFINITY;
                if (j < (int64_t)i - c.left || j > (int64_t)i + c.right) continue;
                double s = 0;
                for (int32_t d = 0; d < c.head_size; d++)
                    s += (double)rounded(precision, q[i * ldq + h * c.head_size + d]) *
                        rounded(precision, k[j * ldk + kv + d]);
                if (c.disentangled) {
                    const int32_t b = buckets[n - 1 + j - i];
                    s += (double)to[i * positions + b] + from[j * positions + b];
                }
                p[j] = s * a.scale + (c.bias ? bias[h * ldd + n + j - i] : 0);
                maximum = fmax(maximum, p[j]);
            }
            memset(expected, 0, (size_t)c.head_size * sizeof *expected);
            for (int32_t j = 0; j < n; j++) {
                const double weight = exp(p[j] - maximum);
                sum += weight;
                for (int32_t d = 0; d < c.head_size; d++)
                    expected[d] += weight * rounded(precision, v[j * ldv + kv + d]);
            }
            for (int32_t d = 0; d < c.head_size; d++) {
                worsen(&worst, fabs(expected[d] / sum - out[i * ldout + h * c.head_size + d]));
            }
        }
    char what[120];
    snprintf(
        what, sizeof what, "attention precision %d length %d head %d of %d kv %d window %d %d bias %d disentangled %d", precision,
        n, c.head_size, c.heads, c.heads_per_kv, c.left, c.right, c.bias, c.disentangled);
    // The weights' own rounding is not in the expected values.
    report(what, worst, precision == CK_F32 ? 3e-6 : 4e-3);
    report(what, differences, 0);
    free(some), free(q), free(k), free(v), free(out), free(bias), free(scratch), free(p), free(expected);
    free(to), free(from), free(buckets);
}

static void check_norms(int64_t m, int32_t n) {
    const int64_t ldx = n + 5;
    float *x = floats((m - 1) * ldx + n, 3), *gain = floats(n, 1), *bias = floats(n, 1), *alone = floats(n, 1);
    float *out = floats((m - 1) * ldx + n, 1);
    for (int kind = 0; kind < 3; kind++) {
        memcpy(out, x, (size_t)((m - 1) * ldx + n) * sizeof *out);  // in place
        if (kind < 2) table->layer_norm(out, ldx, m, n, gain, kind ? bias : NULL, 1e-5f, out, ldx);
        else table->rms_norm(out, ldx, m, n, gain, 1e-5f, out, ldx);
        double worst = 0, differences = 0;
        for (int64_t i = 0; i < m; i++) {
            const float *row = x + i * ldx;
            double mean = 0, variance = 0;
            for (int32_t j = 0; j < n; j++) mean += row[j];
            mean = kind < 2 ? mean / n : 0;
            for (int32_t j = 0; j < n; j++) variance += (row[j] - mean) * (row[j] - mean);
            for (int32_t j = 0; j < n; j++) {
                double e = (row[j] - mean) / sqrt(variance / n + 1e-5) * gain[j] + (kind == 1 ? bias[j] : 0);
                worsen(&worst, fabs(e - out[i * ldx + j]));
            }
            if (kind < 2) table->layer_norm(row, ldx, 1, n, gain, kind ? bias : NULL, 1e-5f, alone, n);
            else table->rms_norm(row, ldx, 1, n, gain, 1e-5f, alone, n);
            differences += memcmp(alone, out + i * ldx, (size_t)n * sizeof *out) != 0;
        }
        char what[60];
        snprintf(what, sizeof what, "norm %d m %d n %d", kind, (int)m, n);
        report(what, worst, 2e-5);
        report(what, differences, 0);
    }
    free(x), free(gain), free(bias), free(alone), free(out);
}

static void check_elementwise(int64_t n) {
    float *a = floats(n, 4), *b = floats(n, 4), *out = floats(n, 1);
    double sum = 0, worst = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)a[i] * b[i];
    report("dot", fabs(sum - table->dot(a, b, n)), 1e-5 * sqrt((double)n) + 1e-5);
    memcpy(out, a, (size_t)n * sizeof *out);
    table->add(out, b, n);
    for (int64_t i = 0; i < n; i++) worsen(&worst, fabsf(out[i] - (a[i] + b[i])));
    report("add", worst, 0);
    free(a), free(b), free(out);
}

static void check_rotation(int64_t m, int32_t heads, int32_t head_size) {
    const int32_t half = head_size / 2, width = heads * head_size;
    const int64_t ldx = width + 3;
    float *x = floats((m - 1) * ldx + width, 2), *turned = floats((m - 1) * ldx + width, 1);
    float *cosines = floats(m * half, 1), *sines = floats(m * half, 1);
    memcpy(turned, x, (size_t)((m - 1) * ldx + width) * sizeof *x);
    table->rotate(turned, ldx, m, heads, head_size, cosines, sines);
    double worst = 0, differences = 0;
    for (int64_t i = 0; i < m; i++) {
        for (int32_t j = 0; j < width; j++) {
            const int32_t at = j % head_size, pair = at < half ? j + half : j - half;
            const double c = cosines[i * half + at % half], s = sines[i * half + at % half];
            const double e = x[i * ldx + j] * c + x[i * ldx + pair] * (at < half ? -s : s);
            worsen(&worst, fabs(e - turned[i * ldx + j]));
        }
        if (i + 1 < m) differences += memcmp(x + i * ldx + width, turned + i * ldx + width, 3 * sizeof *x) != 0;
    }
    char what[60];
    snprintf(what, sizeof what, "rotate m %d heads %d of %d", (int)m, heads, head_size);
    report(what, worst, 1e-6);
    report(what, differences, 0);
    free(x), free(turned), free(cosines), free(sines);
}

/// Bytes from -127 to 127, exactly `count` of them.
static int8_t *bytes(int64_t count) {
    int8_t *p = malloc((size_t)(count > 0 ? count : 1));
    for (int64_t i = 0; i < count; i++) p[i] = (int8_t)rintf(127 * uniform());
    return p;
}

static int by_rank(const void *left, const void *right) {
    const ck_candidate *a = left, *b = right;
    if (a->score != b->score) return a->score < b->score ? 1 : -1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static void check_scan(int32_t n, int32_t count, int32_t k, int variant) {
    const int64_t words = (count + 63) / 64, last = count - 1;
    const int64_t ldrow = n + variant % 3, ldblock = 64 * ldrow + variant % 5, ldscales = 64 + variant % 2;
    const int64_t size = last / 64 * ldblock + last % 64 * ldrow + n;
    int8_t *query = bytes(n), *rows = bytes(size);
    float *scales = floats(last / 64 * ldscales + last % 64 + 1, 1);
#define SCALE(i) scales[(i) / 64 * ldscales + (i) % 64]
    uint64_t *allowed = malloc((size_t)words * sizeof *allowed);
    // Few, many, and none of whole words; equal scores, and one that is no number.
    for (int64_t i = 0; i < words; i++)
        allowed[i] = i % 3 == 1 ? 0 : random_state * (uint64_t)(i + 1) & (i % 2 ? 0x8000100000000401 : ~(uint64_t)0);
    for (int32_t i = 0; variant % 4 == 1 && i < count; i += 5) SCALE(i) = 0;
    if (variant % 4 == 2) SCALE(count / 2) = NAN;
    if (variant % 7 == 3) memset(query, 127, (size_t)n), memset(rows, -127, (size_t)size);
    const int32_t begin = variant % 5 == 4 ? count / 3 : 0, end = variant % 5 == 3 ? count - count / 4 : count;
    ck_candidate *found = malloc((size_t)(k + 1) * sizeof *found);
    ck_candidate *expected = malloc((size_t)count * sizeof *expected);
    const ck_scan s = {
        .query = query, .n = n, .rows = rows, .ldrow = ldrow, .ldblock = ldblock, .scales = scales,
        .ldscales = ldscales, .row_begin = begin, .row_end = end, .allowed = variant & 1 ? allowed : NULL, .k = k, .candidates = found,
    };
    const int32_t got = table->scan(&s);
    int32_t wanted = 0;
    for (int32_t i = begin; i < end; i++) {
        if (s.allowed && !(allowed[i / 64] >> i % 64 & 1)) continue;
        int64_t sum = 0;
        for (int32_t j = 0; j < n; j++) sum += query[j] * rows[i / 64 * ldblock + i % 64 * ldrow + j];
        const float score = (float)sum * SCALE(i);
        if (!isnan(score)) expected[wanted++] = (ck_candidate){.score = score, .row = (uint32_t)i};
    }
    qsort(expected, (size_t)wanted, sizeof *expected, by_rank);
    if (wanted > k) wanted = k;
    double differences = got != wanted;
    for (int32_t i = 0; i < wanted && i < got; i++)
        differences += found[i].score != expected[i].score || found[i].row != expected[i].row;
#undef SCALE
    char what[80];
    snprintf(what, sizeof what, "scan n %d rows %d k %d variant %d", n, count, k, variant);
    report(what, differences, 0);
    free(query), free(rows), free(scales), free(allowed), free(found), free(expected);
}

/// Every activation over the whole range of float32.
static void check_activations(void) {
    // Absolute bounds where |x| ≤ 10, relative ones above and, for those with digits to lose, below.
    static const double absolute[] = {0, 4.5e-7, 1.5e-6, 1.5e-6, 0, 3e-7, 2e-7};
    static const double relative[] = {0, 3e-7, 6e-7, 6e-7, 0, 6e-7, 5e-7};
    for (int kind = 1; kind < 7; kind++) {
        double worst = 0, worst_relative = 0, odd = 0;
        for (uint64_t first = 0; first < 0x100000000; first += 4099 * 64) {
            float x[64], y[64];
            for (int i = 0; i < 64; i++) {
                uint32_t u = (uint32_t)(first + 4099 * (uint64_t)i);
                memcpy(&x[i], &u, 4);
            }
            memcpy(y, x, sizeof y);
            table->activate((ck_activation)kind, y, 61);  // leaves a tail
            table->activate((ck_activation)kind, y + 61, 3);
            for (int i = 0; i < 64; i++) {
                if (isnan(x[i])) {
                    odd += !isnan(y[i]);
                    continue;
                }
                const double e = activation((ck_activation)kind, x[i]), error = fabs(y[i] - e);
                if (fabsf(x[i]) <= 10) worsen(&worst, error);
                const bool keeps_digits = kind == CK_TANH || (kind == CK_SIGMOID && x[i] > -80) || x[i] > 10;
                if (keeps_digits && fabs(e) > 1e-30 && isfinite(e)) worsen(&worst_relative, error / fabs(e));
                if (x[i] < -10) odd += !(fabs(y[i]) <= 1e-3 * 10 || kind == CK_TANH);
            }
        }
        char what[60];
        snprintf(what, sizeof what, "activation %d, absolute", kind);
        report(what, worst, absolute[kind]);
        snprintf(what, sizeof what, "activation %d, relative", kind);
        report(what, worst_relative, relative[kind]);
        snprintf(what, sizeof what, "activation %d, NaN and far left", kind);
        report(what, odd, 0);
        float edge[3] = {INFINITY, -INFINITY, NAN};
        table->activate((ck_activation)kind, edge, 3);
        const bool saturates = kind == CK_TANH || kind == CK_SIGMOID;
        snprintf(what, sizeof what, "activation %d, infinities", kind);
        report(what, edge[0] != (saturates ? 1 : INFINITY), 0);
        report(what, fabs(edge[1] + (kind == CK_TANH)), 1e-6);
        report(what, !isnan(edge[2]), 0);
    }
}

static void check_table(void) {
    static const int32_t sizes[] = {1, 5, 48, 80, 312, 384, 1536};
    static const int64_t rows[] = {1, 2, 3, 7, 16, 17, 64, 129};
    int variant = 0;
    for (int precision = 0; precision < 3; precision++)
        for (int i = 0; i < 7; i++)
            for (int j = 0; j < 7; j++)
                for (int r = 0; r < 8; r++) {
                    if (sizes[i] * sizes[j] * rows[r] > 12000000) continue;
                    check_linear((ck_precision)precision, rows[r], sizes[i], sizes[j], variant++);
                }
    const int32_t all = INT32_MAX;
    static const int32_t lengths[] = {1, 2, 5, 12, 16, 31, 33, 64, 100, 257, 600};
    for (int i = 0; i < 22; i++) {
        const int32_t n = lengths[i / 2];
        const ck_precision precision = i % 2 ? CK_BF16 : CK_F32;
        check_attention(precision, (attention_case){n, 32, 3, 1, all, all, false, false});
        check_attention(precision, (attention_case){n, 64, 4, 2, all, all, true, false});
        check_attention(precision, (attention_case){n, 64, 2, 1, all, 0, false, false});
        check_attention(precision, (attention_case){n, 40, 2, 2, 17, 9, true, false});
        check_attention(precision, (attention_case){n, 5, 2, 1, 64, 64, false, false});
        check_attention(precision, (attention_case){n, 32, 2, 1, all, all, false, true});
        check_attention(precision, (attention_case){n, 40, 2, 1, 17, 9, true, true});
    }
    // As long as any model reads; minutes under the sanitizers, so only where asked for.
    for (int precision = CK_F32; getenv("CHECK_LONG") && precision <= CK_INT8; precision++) {
        check_linear(precision, 8192, 48, 80, 3);
        check_linear(precision, 8192, 312, 48, 5);
        check_attention(precision, (attention_case){8192, 32, 2, 1, all, all, false, false});
        check_attention(precision, (attention_case){8192, 32, 2, 1, 128, 128, true, false});
    }
    for (int i = 0; i < 7; i++) check_norms(5, sizes[i]), check_elementwise(sizes[i]);
    for (int32_t half = 1; half <= 40; half += half < 20 ? 1 : 5) check_rotation(7, 3, 2 * half);
    static const int32_t widths[] = {1, 7, 16, 31, 32, 63, 64, 65, 100, 127, 312, 384, 768};
    static const int32_t counts[] = {1, 3, 4, 64, 257, 1000};
    variant = 0;
    for (int i = 0; i < 13; i++)
        for (int j = 0; j < 6; j++)
            for (int k = 0; k <= 50; k = 3 * k + 1) check_scan(widths[i], counts[j], k, variant++);
    check_scan(65536, 9, 3, 3);
    check_activations();
}

int main(void) {
    for (int isa = CK_ISA_PORTABLE; isa <= CK_ISA_AMX; isa++) {
        table = ck_kernels_for((ck_isa)isa);
        if (!table) continue;
        const long before = failures;
        check_table();
        printf("%s: precisions %x, %ld failures\n", table->name, table->precisions, failures - before);
    }
    printf("%ld checks, %ld failures\n", checks, failures);
    return failures != 0;
}
