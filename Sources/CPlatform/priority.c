// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "include/priority.h"

#include <errno.h>

#if defined(__linux__)

#include <linux/capability.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// Of linux/ioprio.h, which not every system has.
enum { WHO_PROCESS = 1, CLASS_SHIFT = 13, CLASS_BEST_EFFORT = 2, CLASS_IDLE = 3, LAST_LEVEL = 7 };

int hearth_set_io_priority(int thread, enum hearth_io_priority priority) {
    int value = priority == HEARTH_IO_IDLE ? CLASS_IDLE << CLASS_SHIFT : CLASS_BEST_EFFORT << CLASS_SHIFT | LAST_LEVEL;
    return syscall(SYS_ioprio_set, WHO_PROCESS, thread, value) == 0 ? 0 : errno;
}

int hearth_keep_priority_low(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NICE, &limit) != 0) return errno;
    limit.rlim_cur = 0;
    if (setrlimit(RLIMIT_NICE, &limit) != 0) return errno;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, sets) != 0) return errno;
    sets[0].effective &= ~(1u << CAP_SYS_NICE);
    return syscall(SYS_capset, &header, sets) == 0 ? 0 : errno;
}

// Of linux/sched/types.h, which not every system has.
struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};
enum { FLAG_RESET_ON_FORK = 1 };
// The shortest turn that the kernel knows.
static const uint64_t shortest_turn_ns = 100 * 1000;

int hearth_take_short_turns(void) {
    struct scheduling scheduling = {.size = sizeof scheduling};
    if (syscall(SYS_sched_getattr, 0, &scheduling, sizeof scheduling, 0) != 0) return errno;
    scheduling.runtime = shortest_turn_ns;
    scheduling.flags |= FLAG_RESET_ON_FORK;
    return syscall(SYS_sched_setattr, 0, &scheduling, 0) == 0 ? 0 : errno;
}

#else

int hearth_take_short_turns(void) { return ENOSYS; }

int hearth_keep_priority_low(void) { return ENOSYS; }

int hearth_set_io_priority(int thread, enum hearth_io_priority priority) {
    (void)thread, (void)priority;
    return ENOSYS;
}

#endif
