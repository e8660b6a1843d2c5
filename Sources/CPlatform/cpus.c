// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "include/cpus.h"

#include <unistd.h>

#if defined(__linux__)
#include <sched.h>
#else
#include <sys/sysctl.h>
#endif

int hearth_available_cpus(void) {
    int count = 0;
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#else
    size_t size = sizeof count;
    // Efficiency cores would make every batch wait for its slowest part.
    if (sysctlbyname("hw.perflevel0.physicalcpu", &count, &size, NULL, 0) != 0) count = 0;
#endif
    if (count <= 0) count = (int)sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? count : 1;
}
