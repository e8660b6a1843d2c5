// SPDX-License-Identifier: Apache-2.0
//
// How fast rows of bytes in a mapped file are searched, by every table this CPU has, beside how fast the same bytes
// can be read at all, in the same run. Scripts/check-kernels scan builds and runs it.
//
//     scan FILE [rows] [dimensions] [threads]    FILE is made, and removed at the end

#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "CKernels.h"

enum { ROUNDS = 20, K = 200, MAX_THREADS = 256 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

typedef uint64_t vector __attribute__((vector_size(64)));

/// Reads every byte once, asking for each page's lines ahead as the scan does.
__attribute__((noinline)) static uint64_t read_all(const vector *memory, int64_t count) {
    vector a = {0}, b = a, c = a, d = a;
    for (int64_t i = 0; i + 4 <= count; i += 4) {
        for (int line = 0; line < 4; line++) __builtin_prefetch((const char *)(memory + i + line) + 4096);
        a += memory[i], b += memory[i + 1], c += memory[i + 2], d += memory[i + 3];
    }
    a += b + c + d;
    return a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}

static volatile uint64_t sink;
static const ck_kernels *table;

typedef struct part {
    pthread_t id;
    ck_scan scan;
    ck_candidate found[K];
} part;

static void *scan_part(void *argument) {
    part *p = argument;
    table->scan(&p->scan);
    return NULL;
}

static void *read_part(void *argument) {
    const part *p = argument;
    const ck_scan *s = &p->scan;
    sink = read_all((const vector *)(s->rows + s->row_begin / 64 * 64 * s->ldrow),
        (s->row_end - s->row_begin) * s->ldrow / 64);
    return NULL;
}

/// Seconds of all threads at their parts.
static double seconds(void *(*work)(void *), part *parts, int threads) {
    const double began = now();
    for (int i = 1; i < threads; i++)
        if (pthread_create(&parts[i].id, NULL, work, &parts[i]) != 0) exit(1);
    work(&parts[0]);
    for (int i = 1; i < threads; i++) pthread_join(parts[i].id, NULL);
    return now() - began;
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    const int64_t rows = count > 2 ? atoll(arguments[2]) : 1000000;
    const int32_t n = count > 3 ? atoi(arguments[3]) : 384;
    const int most = count > 4 ? atoi(arguments[4]) : 2;
    if (rows < 64 || rows > UINT32_MAX || n < 1 || n > 65536 || most < 1 || most > MAX_THREADS) return 2;
    const size_t size = (size_t)rows * (size_t)n;
    const int file = open(arguments[1], O_RDWR | O_CREAT | O_EXCL, 0600);
    if (file < 0 || ftruncate(file, (off_t)size) != 0) return 1;
    unlink(arguments[1]);
    int8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED) return 1;
    uint64_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (int8_t)((int)(state >> 56) - 128 + ((state >> 56) == 0));
    }
    float *scales = malloc((size_t)rows * sizeof *scales);
    for (int64_t i = 0; i < rows; i++) scales[i] = 1;

    static part parts[MAX_THREADS];
    for (int threads = 1; threads <= most; threads += most > 1 ? most - 1 : 1) {
        for (int i = 0; i < threads; i++)
            parts[i].scan = (ck_scan){
                .query = bytes + size / 2, .n = n, .rows = bytes, .ldrow = n, .ldblock = 64 * n, .scales = scales, .ldscales = 64,
                .row_begin = rows * i / threads, .row_end = rows * (i + 1) / threads, .k = K,
                .candidates = parts[i].found,
            };
        // In turns, so that other work on the machine meets all alike; the best of each counts.
        double limit = INFINITY, best[CK_ISA_AMX + 1];
        for (int isa = 0; isa <= CK_ISA_AMX; isa++) best[isa] = INFINITY;
        for (int round = 0; round < ROUNDS; round++) {
            limit = fmin(limit, seconds(read_part, parts, threads));
            for (int isa = 0; isa <= CK_ISA_AMX; isa++)
                if ((table = ck_kernels_for((ck_isa)isa))) best[isa] = fmin(best[isa], seconds(scan_part, parts, threads));
        }
        printf(
            "%lld x %d bytes, %d thread%s: read %6.2f ms, %5.1f GB/s\n", (long long)rows, n, threads,
            threads > 1 ? "s" : "", limit * 1e3, (double)size / limit * 1e-9);
        for (int isa = 0; isa <= CK_ISA_AMX; isa++)
            if (isfinite(best[isa]))
                printf(
                    "    %-8s scan %6.2f ms, %5.1f GB/s, %3.0f %% of reading\n", ck_kernels_for((ck_isa)isa)->name,
                    best[isa] * 1e3, (double)size / best[isa] * 1e-9, 100 * limit / best[isa]);
    }
    return 0;
}
