// SPDX-License-Identifier: Apache-2.0
//
// SHA-1 (FIPS 180-4), only to recognise git objects: the Hugging Face hub names
// small files by their git blob id. Nothing may rely on it against an attacker.

#ifndef HEARTH_SHA1_H
#define HEARTH_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { HEARTH_SHA1_DIGEST_SIZE = 20 };

/// A hash in progress. The members belong to the functions below.
typedef struct {
    uint32_t state[5];
    /// Bytes taken in so far.
    uint64_t length;
    uint8_t block[64];
} hearth_sha1;

void hearth_sha1_init(hearth_sha1 *hash);
void hearth_sha1_update(hearth_sha1 *hash, const void *data, size_t count);

/// Writes the digest. The hash must be initialised again before it is used again.
void hearth_sha1_final(hearth_sha1 *hash, uint8_t digest[20]);

#endif
