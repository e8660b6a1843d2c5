// SPDX-License-Identifier: Apache-2.0

#include "include/launchd.h"

#include <errno.h>
#include <stdlib.h>

#if defined(__APPLE__)

#include <launch.h>

int hearth_launchd_sockets(const char *name, int *descriptors, size_t capacity) {
    int *found = NULL;
    size_t count = 0;
    int result = launch_activate_socket(name, &found, &count);
    if (result != 0) return -result;
    for (size_t index = 0; index < count && index < capacity; index++) descriptors[index] = found[index];
    free(found);
    return (int)count;
}

#else

int hearth_launchd_sockets(const char *name, int *descriptors, size_t capacity) {
    (void)name, (void)descriptors, (void)capacity;
    return -ENOSYS;
}

#endif
