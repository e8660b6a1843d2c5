// SPDX-License-Identifier: Apache-2.0

#include "include/clock.h"

#include <stddef.h>
#include <sys/time.h>

long long hearth_wall_clock(void) {
    struct timeval now;
    gettimeofday(&now, NULL);
    return (long long)now.tv_sec * 1000 + now.tv_usec / 1000;
}
