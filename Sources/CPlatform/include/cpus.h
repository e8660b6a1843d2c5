// SPDX-License-Identifier: Apache-2.0
//
// How many CPUs this process may use.

#ifndef HEARTH_CPUS_H
#define HEARTH_CPUS_H

/// CPUs in this process's affinity mask (Linux), or performance cores (macOS); at least 1.
int hearth_available_cpus(void);

#endif
