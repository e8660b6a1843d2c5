// SPDX-License-Identifier: Apache-2.0
//
// Kernel speed on one thread, beside the machine's register peak measured in
// the same run. Weights cycle through enough matrices to come from the outer
// caches, as a model's do. Scripts/check-kernels bench builds and runs it.
//
//     bench [isa ...]    isa: portable neon avx2 avx512 amx (default: the fastest)

#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CKernels.h"
#include "peak.h"

/// This thread's own time, so that other work on the machine counts little.
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *aligned(size_t size) {
    void *p = aligned_alloc(64, (size + 63) / 64 * 64 + 64);
    memset(p, 0, size);
    return p;
}

static float *floats(int64_t count) {
    static uint64_t state = 1;
    float *p = aligned((size_t)count * sizeof *p);
    for (int64_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        p[i] = (float)(int32_t)(state >> 32) * 0x1p-31f;
    }
    return p;
}

static const ck_kernels *table;
static const char *const precisions[] = {"f32", "bf16", "int8"};

/// The shortest of a few repetitions of a statement, each long enough for the clock.
#define BEST_SECONDS(result, ...) \
    do { \
        int count = 1; \
        result = INFINITY; \
        for (int run = -1; run < 10; run++) { \
            const double began = now(); \
            for (int repeat = 0; repeat < count; repeat++) __VA_ARGS__; \
            const double taken = now() - began; \
            if (run < 0) count = taken > 0.005 ? 1 : (int)(0.005 / (taken + 1e-9)) + 1; \
            else result = fmin(result, taken / count); \
        } \
    } while (0)

typedef struct weights {
    ck_matrix matrix[64];
    int count, next;
} weights;

static weights weights_of(ck_precision precision, int32_t n, int32_t k, size_t bytes) {
    weights w = {.count = 0};
    float *plain = floats((int64_t)n * k);
    const size_t size = table->packed_size(precision, n, k);
    w.count = (int)(bytes / size) + 1;
    if (w.count > 64) w.count = 64;
    for (int i = 0; i < w.count; i++) {
        void *packed = aligned(size);
        table->pack(precision, plain, k, n, k, packed);
        w.matrix[i] = (ck_matrix){.precision = precision, .rows = n, .columns = k, .packed = packed};
    }
    free(plain);
    return w;
}

static void free_weights(weights *w) {
    for (int i = 0; i < w->count; i++) free((void *)w->matrix[i].packed);
}

static void bench_linear(ck_precision precision, double peak) {
    static const int32_t shapes[][2] = {{384, 1536}, {1536, 384}, {384, 384}, {384, 1152}};
    static const int64_t rows[] = {1, 12, 16, 32, 64, 128, 256, 512};
    for (int s = 0; s < 4; s++) {
        const int32_t k = shapes[s][0], n = shapes[s][1];
        weights w = weights_of(precision, n, k, 12 << 20);
        printf("%-8s %-4s k %4d n %4d ", table->name, precisions[precision], k, n);
        for (int r = 0; r < 8; r++) {
            const int64_t m = rows[r];
            float *x = floats(m * k), *out = floats(m * n), *bias = floats(n);
            void *scratch = aligned(table->linear_scratch_size(precision, m, n, k));
            ck_linear l = {
                .bias = bias, .x = x, .ldx = k, .m = m, .out = out, .ldout = n, .column_end = n, .scratch = scratch,
            };
            double seconds;
            BEST_SECONDS(seconds, {
                l.weights = &w.matrix[w.next++ % w.count];
                table->linear(&l);
            });
            const double rate = 2.0 * (double)m * n * k / seconds * 1e-9;
            const double bandwidth = (double)table->packed_size(precision, n, k) / seconds * 1e-9;
            if (m <= 16) printf(" | %d: %.0f (%.0f GB/s)", (int)m, rate, bandwidth);
            else printf(" | %d: %.0f (%.0f%%)", (int)m, rate, 100 * rate / peak);
            free(x), free(out), free(bias), free(scratch);
        }
        printf("\n");
        free_weights(&w);
    }
}

/// One layer of a 384-wide encoder, with each operation's share.
static void bench_layer(ck_precision precision, ck_precision attention_precision, int64_t m, int32_t length) {
    weights qkv = weights_of(precision, 1152, 384, 6 << 20), project = weights_of(precision, 384, 384, 2 << 20);
    weights up = weights_of(precision, 1536, 384, 8 << 20), down = weights_of(precision, 384, 1536, 8 << 20);
    float *x = floats(m * 384), *y = floats(m * 1536), *z = floats(m * 1152);
    float *bias = floats(1536), *gain = floats(1536);
    void *scratch =
        aligned(table->linear_scratch_size(precision, m, 1536, 1536) + table->attention_scratch_size(length, 32));
    double shares[6] = {0};
    ck_linear a = {
        .bias = bias, .x = x, .ldx = 384, .m = m, .out = z, .ldout = 1152, .column_end = 1152, .scratch = scratch,
    };
    ck_linear b = {
        .bias = bias, .x = y, .ldx = 384, .m = m, .out = x, .ldout = 384, .column_end = 384, .scratch = scratch,
        .residual = x, .ldresidual = 384,
    };
    ck_linear c = {
        .bias = bias, .x = x, .ldx = 384, .m = m, .out = y, .ldout = 1536, .column_end = 1536, .scratch = scratch,
        .activation = CK_GELU,
    };
    ck_linear d = b;
    d.ldx = 1536;
    ck_attention t = {
        .q = z, .k = z + 384, .v = z + 768, .ldq = 1152, .ldk = 1152, .ldv = 1152, .length = length, .query_end = length, .head_size = 32,
        .head_end = 12, .heads_per_kv = 1, .scale = 0.17677f, .window_left = INT32_MAX, .window_right = INT32_MAX,
        .out = y, .ldout = 384, .scratch = scratch, .precision = attention_precision,
    };
    BEST_SECONDS(shares[0], { a.weights = &qkv.matrix[qkv.next++ % qkv.count]; table->linear(&a); });
    BEST_SECONDS(shares[1], {
        for (int64_t first = 0; first + length <= m; first += length) {
            t.q = z + first * 1152, t.k = t.q + 384, t.v = t.q + 768, t.out = y + first * 384;
            table->attention(&t);
        }
    });
    BEST_SECONDS(shares[2], { b.weights = &project.matrix[project.next++ % project.count]; table->linear(&b); });
    BEST_SECONDS(shares[3], { c.weights = &up.matrix[up.next++ % up.count]; table->linear(&c); });
    BEST_SECONDS(shares[4], { d.weights = &down.matrix[down.next++ % down.count]; table->linear(&d); });
    BEST_SECONDS(shares[5], {
        table->layer_norm(x, 384, m, 384, gain, bias, 1e-5f, x, 384);
        table->layer_norm(x, 384, m, 384, gain, bias, 1e-5f, x, 384);
    });
    double total = 0;
    for (int i = 0; i < 6; i++) total += shares[i];
    printf(
        "%-8s %-4s layer, %4d rows in sequences of %3d, attention %s: %7.1f us | qkv %.1f%% attention %.1f%% "
        "project %.1f%% up %.1f%% down %.1f%% norms %.1f%%\n",
        table->name, precisions[precision], (int)m, length, precisions[attention_precision], total * 1e6,
        100 * shares[0] / total, 100 * shares[1] / total, 100 * shares[2] / total, 100 * shares[3] / total,
        100 * shares[4] / total, 100 * shares[5] / total);
    free_weights(&qkv), free_weights(&project), free_weights(&up), free_weights(&down);
    free(x), free(y), free(z), free(bias), free(gain), free(scratch);
}

static void bench_table(void) {
    double peaks[3];
    for (int p = 0; p < 3; p++) {
        double seconds, operations;
        BEST_SECONDS(seconds, { operations = peak_operations(table->isa, (ck_precision)p); });
        peaks[p] = operations / seconds * 1e-9;
        printf("%-8s %-4s register peak %.0f GFLOP/s\n", table->name, precisions[p], peaks[p]);
    }
    for (int p = 0; p < 3; p++) bench_linear((ck_precision)p, peaks[p]);
    for (int p = 0; p < 3; p++)
        for (int a = 0; a < 2; a++) {
            bench_layer((ck_precision)p, (ck_precision)a, 12, 12);
            bench_layer((ck_precision)p, (ck_precision)a, 256, 32);
            bench_layer((ck_precision)p, (ck_precision)a, 256, 256);
            bench_layer((ck_precision)p, (ck_precision)a, 512, 512);
        }
}

int main(int count, char **names) {
    for (int isa = CK_ISA_PORTABLE; isa <= CK_ISA_AMX; isa++) {
        table = ck_kernels_for((ck_isa)isa);
        if (!table) continue;
        bool wanted = count == 1 && table == ck_kernels_best();
        for (int i = 1; i < count; i++) wanted |= strcmp(names[i], table->name) == 0;
        if (wanted) bench_table();
    }
    return 0;
}
