// SPDX-License-Identifier: Apache-2.0
//
// Child processes: starting them in a session and folder of their own, and
// what a process needs that has to see to the end of all of them.

#ifndef HEARTH_CHILDREN_H
#define HEARTH_CHILDREN_H

#include <sys/types.h>

/// Starts a program as the leader of a new session and process group, with default signals and no descriptors but
/// these three; -1 stands for the null device.
///
/// `folder` is where it starts, or NULL for where the caller is. `environment` is NULL for the caller's. `path` is not
/// looked up in PATH.
/// Returns 0, or the error number.
int hearth_spawn(
    pid_t *process, const char *path, char *const arguments[], char *const environment[], const char *folder,
    int input, int output, int error);

/// Makes this process the parent of all orphans among its descendants (Linux; elsewhere nothing happens).
void hearth_adopt_orphans(void);

/// Closes all descriptors from `first` up.
void hearth_close_from(int first);

/// A descriptor that becomes readable when a child ends; reading takes what is there and never waits. Call it once.
/// Returns a negative errno where there is none.
int hearth_child_signals(void);

/// What `wait4(2)` says of the next child that has ended, without waiting.
struct hearth_ended_child {
    pid_t process;
    /// 0 where a signal ended it.
    int exit_code;
    /// 0 where it ended by itself.
    int signal;
    long long user_microseconds;
    long long system_microseconds;
    /// The most memory it had, in bytes.
    long long peak_memory;
};

/// Returns 1 and fills `child`, or 0 where no child has ended.
int hearth_next_ended_child(struct hearth_ended_child *child);

#endif
