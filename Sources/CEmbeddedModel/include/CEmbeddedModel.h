// SPDX-License-Identifier: Apache-2.0
//
// The files of the static model that every executable carries, as read-only
// data of the executable itself: mapped with it, never copied.

#ifndef HEARTH_EMBEDDED_MODEL_H
#define HEARTH_EMBEDDED_MODEL_H

#include <stddef.h>

/// A file of the model's repository.
typedef struct {
    /// Its path in the repository.
    const char *name;
    /// Its content; the first byte is at a multiple of 64.
    const unsigned char *bytes;
    size_t size;
    /// The content's SHA-256 in hexadecimal, so that nobody needs to compute it.
    const char *sha256;
} hearth_embedded_file;

/// Every file of the repository; the last entry's name is NULL.
const hearth_embedded_file *hearth_embedded_model(void);

#endif
