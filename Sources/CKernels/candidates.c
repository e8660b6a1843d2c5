// SPDX-License-Identifier: Apache-2.0
//
// The best candidates of a scan, kept in a heap whose root is the worst of them.

#include "kernels.h"

/// Whether a belongs behind b: of equals, the later row does.
static bool is_worse(ck_candidate a, ck_candidate b) {
    return a.score < b.score || (a.score == b.score && a.row > b.row);
}

/// Lets the candidate at `at` sink until nobody below it is worse.
static void sink(ck_candidate *heap, int32_t count, int32_t at) {
    const ck_candidate sinking = heap[at];
    for (int32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_worse(heap[child + 1], heap[child])) child++;
        if (!is_worse(heap[child], sinking)) break;
        heap[at] = heap[child];
    }
    heap[at] = sinking;
}

float ck_candidates_insert(ck_candidate *heap, int32_t *count, int32_t k, float score, uint32_t row) {
    const ck_candidate candidate = {.score = score, .row = row};
    if (*count == k) {
        if (is_worse(candidate, heap[0])) return heap[0].score;
        heap[0] = candidate;
        sink(heap, k, 0);
        return heap[0].score;
    }
    int32_t at = (*count)++;
    for (int32_t parent; at > 0; at = parent) {
        parent = (at - 1) / 2;
        if (!is_worse(candidate, heap[parent])) break;
        heap[at] = heap[parent];
    }
    heap[at] = candidate;
    return *count == k ? heap[0].score : -__builtin_inff();
}

void ck_candidates_sort(ck_candidate *heap, int32_t count) {
    while (count > 1) {
        const ck_candidate worst = heap[0];
        heap[0] = heap[--count];
        sink(heap, count, 0);
        heap[count] = worst;
    }
}
