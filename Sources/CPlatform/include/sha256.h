// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4), streaming and one-shot, on the processor's SHA
// instructions where it has them.

#ifndef HEARTH_SHA256_H
#define HEARTH_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { HEARTH_SHA256_DIGEST_SIZE = 32 };

/// A hash in progress. The members belong to the functions below.
typedef struct {
    uint32_t state[8];
    /// Bytes taken in so far.
    uint64_t length;
    uint8_t block[64];
    void (*compress)(uint32_t state[8], const uint8_t *data, size_t blocks);
} hearth_sha256;

void hearth_sha256_init(hearth_sha256 *hash);

/// As `hearth_sha256_init`, but never uses SHA instructions; the reference that tests compare with.
void hearth_sha256_init_portable(hearth_sha256 *hash);

void hearth_sha256_update(hearth_sha256 *hash, const void *data, size_t count);

/// Writes the digest. The hash must be initialised again before it is used again.
void hearth_sha256_final(hearth_sha256 *hash, uint8_t digest[32]);

/// The digest of `count` bytes at `data`.
void hearth_sha256_digest(const void *data, size_t count, uint8_t digest[32]);

/// What computes the hash on this machine: "sha-ni", "armv8" or "portable".
const char *hearth_sha256_implementation(void);

#endif
