// SPDX-License-Identifier: Apache-2.0
//
// What the allocators keep to themselves, given back to the system.

#ifndef HEARTH_HEAP_H
#define HEARTH_HEAP_H

/// Returns free memory of the C heap to the system. Takes up to some milliseconds.
void hearth_release_free_memory(void);

/// Has all threads share so many heaps, for a process that has one thread so far, and gives large blocks back as soon as
/// they are free. The C library of GNU would make up to eight heaps for each processor, every one of which keeps pages
/// of its own; others have no such settings.
void hearth_share_heaps(int count);

#endif
