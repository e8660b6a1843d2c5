// SPDX-License-Identifier: Apache-2.0

#include "include/heap.h"

#if defined(__APPLE__)
#include <malloc/malloc.h>
#elif defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

void hearth_release_free_memory(void) {
#if defined(__APPLE__)
    malloc_zone_pressure_relief(NULL, 0);
#elif defined(__GLIBC__)
    malloc_trim(0);
#endif
}

void hearth_share_heaps(int count) {
#if defined(__GLIBC__)
    mallopt(M_ARENA_MAX, count);
    // Else the limits grow with the largest block ever freed, and such blocks stay in the heaps.
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 22);
#else
    (void)count;
#endif
}
