// SPDX-License-Identifier: Apache-2.0
//
// What the allocators keep to themselves, given back to the system.

#ifndef HEARTH_HEAP_H
#define HEARTH_HEAP_H

/// Returns free memory of the C heap to the system. Takes up to some milliseconds.
void hearth_release_free_memory(void);

/// Has all threads share so many heaps, for a process that has one thread so far. The C library of GNU would make up to
/// eight for each processor, and every one keeps pages of its own; others have no such limit.
void hearth_share_heaps(int count);

#endif
