// SPDX-License-Identifier: Apache-2.0
//
// The time of day.

#ifndef HEARTH_CLOCK_H
#define HEARTH_CLOCK_H

/// Milliseconds since 1970. May jump when somebody sets the clock: for display, not for waiting.
long long hearth_wall_clock(void);

#endif
