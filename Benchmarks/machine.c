// SPDX-License-Identifier: Apache-2.0
//
// The machine's limits on one thread and on all: operations a second with everything in registers, and bytes a second
// read from each level of memory. One line each: `peak PRECISION THREADS GFLOP/s`, `read MEGABYTES THREADS GB/s`.
//
//     machine THREADS MEGABYTES...

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CKernels.h"
#include "Kernels/peak.h"

enum { ROUNDS = 20, MAX_THREADS = 256 };

/// What all threads do at once: multiply in a precision, or read so many bytes each.
typedef struct task {
    int precision;
    size_t bytes;
} task;

typedef struct thread {
    pthread_t id;
    task task;
    int threads;
    /// Operations or bytes of a round, and when it began and ended.
    double amount, began[ROUNDS], ended[ROUNDS];
} thread;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

typedef uint64_t vector __attribute__((vector_size(64)));

/// Reads every byte once, with enough sums for loads to overlap.
static uint64_t sum(const vector *memory, size_t count) {
    vector a = {0}, b = a, c = a, d = a;
    for (size_t i = 0; i + 4 <= count; i += 4) a += memory[i], b += memory[i + 1], c += memory[i + 2], d += memory[i + 3];
    a += b + c + d;
    return a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}

static volatile uint64_t sink;
static atomic_int arrived;

/// Waits until all threads have come to this round.
static void begin_together(int round, int threads) {
    atomic_fetch_add(&arrived, 1);
    while (atomic_load(&arrived) < (round + 1) * threads) sched_yield();
}

static void *work(void *argument) {
    thread *t = argument;
    const size_t bytes = t->task.bytes;
    vector *memory = bytes ? aligned_alloc(4096, bytes) : NULL;
    if (bytes && !memory) exit(1);
    if (memory) memset(memory, 1, bytes);
    const int passes = bytes ? (int)(((size_t)256 << 20) / bytes) + 1 : 1;
    for (int round = 0; round < ROUNDS; round++) {
        begin_together(round, t->threads);
        t->began[round] = now();
        t->amount = 0;
        if (memory) {
            for (int pass = 0; pass < passes; pass++) sink = sum(memory, bytes / sizeof(vector));
            t->amount = (double)bytes * passes;
        } else {
            t->amount = peak_operations(ck_kernels_best()->isa, (ck_precision)t->task.precision);
        }
        t->ended[round] = now();
    }
    free(memory);
    return NULL;
}

/// The best round's rate of all threads together, in thousands of millions a second.
static double rate(task task, int threads) {
    static thread all[MAX_THREADS];
    double amount = 0, best = 0;
    atomic_store(&arrived, 0);
    for (int i = 0; i < threads; i++) {
        all[i].task = task, all[i].threads = threads;
        if (pthread_create(&all[i].id, NULL, work, &all[i]) != 0) exit(1);
    }
    for (int i = 0; i < threads; i++) pthread_join(all[i].id, NULL), amount += all[i].amount;
    for (int round = 0; round < ROUNDS; round++) {
        double began = all[0].began[round], ended = all[0].ended[round];
        for (int i = 1; i < threads; i++) {
            if (all[i].began[round] < began) began = all[i].began[round];
            if (all[i].ended[round] > ended) ended = all[i].ended[round];
        }
        if (amount / (ended - began) > best) best = amount / (ended - began);
    }
    return best * 1e-9;
}

int main(int count, char **arguments) {
    static const char *const precisions[] = {"f32", "bf16", "int8"};
    const int most = count > 1 ? atoi(arguments[1]) : 1;
    if (most < 1 || most > MAX_THREADS) return 2;
    printf("kernels %s\n", ck_kernels_best()->name);
    for (int all = 0; all <= (most > 1); all++) {
        const int threads = all ? most : 1;
        for (int p = 0; p < 3; p++)
            printf("peak %s %d %.0f\n", precisions[p], threads, rate((task){.precision = p}, threads));
        for (int i = 2; i < count; i++) {
            const int megabytes = atoi(arguments[i]);
            if (megabytes < 1) return 2;
            printf("read %d %d %.1f\n", megabytes, threads, rate((task){.bytes = (size_t)megabytes << 20}, threads));
        }
    }
    return 0;
}
