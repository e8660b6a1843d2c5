// SPDX-License-Identifier: Apache-2.0
//
// What the allocators keep to themselves, given back to the system.

#ifndef HEARTH_HEAP_H
#define HEARTH_HEAP_H

/// Returns free memory of the C heap to the system. Takes up to some milliseconds.
void hearth_release_free_memory(void);

#endif
