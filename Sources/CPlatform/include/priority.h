// SPDX-License-Identifier: Apache-2.0
//
// How much a thread's disk access yields to that of others (ioprio_set(2)),
// which has no function in the C library.

#ifndef HEARTH_PRIORITY_H
#define HEARTH_PRIORITY_H

enum hearth_io_priority {
    /// The last among those that take turns.
    HEARTH_IO_LOW,
    /// Only when nobody else reads or writes.
    HEARTH_IO_IDLE,
};

/// Sets the priority of a thread of this process, by its kernel id. Threads that it starts get the same.
/// Returns 0, or the error number: ENOSYS elsewhere than on Linux.
int hearth_set_io_priority(int thread, enum hearth_io_priority priority);

#endif
