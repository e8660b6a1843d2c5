// SPDX-License-Identifier: Apache-2.0
//
// Detached threads with names that debuggers and `top -H` show; the systems
// name threads in different ways, and Linux hides its own from Swift.

#ifndef HEARTH_THREAD_H
#define HEARTH_THREAD_H

/// Runs `body(context)` on a new thread. Returns 0, or the error number.
int hearth_start_thread(const char *name, void (*body)(void *context), void *context);

#endif
