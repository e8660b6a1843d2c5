// SPDX-License-Identifier: Apache-2.0
//
// How much threads yield to others, in ways that the C library has no functions
// for: disk access (ioprio_set(2)), staying as low as they are, and how long
// their turns are (sched_setattr(2)).

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

/// Asks that this thread's turns on a processor be short, and so come soon: for one that has little to do at a time, and
/// should not wait for others' turns of several milliseconds to end. Its share stays what it is, and threads that it
/// starts are as others. Linux knows such turns since 6.12; before, this changes nothing. Returns 0, or the error
/// number: ENOSYS elsewhere.
int hearth_take_short_turns(void);

#endif
