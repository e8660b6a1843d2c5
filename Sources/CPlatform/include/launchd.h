// SPDX-License-Identifier: Apache-2.0
//
// Sockets that launchd (macOS) holds for a program.

#ifndef HEARTH_LAUNCHD_H
#define HEARTH_LAUNCHD_H

#include <stddef.h>

/// Takes over the sockets of a name in the property list of this program's job (launch_activate_socket(3)).
///
/// Returns how many there are, of which at most `capacity` are written to `descriptors`; or a negative errno: -ESRCH
/// when launchd does not run this process, -ENOENT when the job has no sockets of that name, -ENOSYS elsewhere than on
/// macOS.
int hearth_launchd_sockets(const char *name, int *descriptors, size_t capacity);

#endif
