// SPDX-License-Identifier: Apache-2.0
//
// How much threads yield to others, in ways that the C library has no functions
// for: disk access (ioprio_set(2)), and staying as low as they are.

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

/// Gives up the right to raise the priority of this thread and of those it starts: a library that sets the priorities of
/// its own threads cannot undo what the user wished. Returns 0, or the error number: ENOSYS elsewhere than on Linux.
int hearth_keep_priority_low(void);

#endif
