// SPDX-License-Identifier: Apache-2.0
//
// SHA-1 (FIPS 180-4) in portable C.

#include "include/sha1.h"

#include <string.h>

static uint32_t rotate_left(uint32_t value, int count) {
    return value << count | value >> (32 - count);
}

static void compress(uint32_t state[5], const uint8_t *data, size_t blocks) {
    for (; blocks > 0; blocks--, data += 64) {
        uint32_t w[80];
        for (int i = 0; i < 16; i++) {
            const uint8_t *bytes = data + 4 * i;
            w[i] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
        }
        for (int i = 16; i < 80; i++) w[i] = rotate_left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);

        uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        for (int i = 0; i < 80; i++) {
            uint32_t mix;
            if (i < 20) {
                mix = (d ^ (b & (c ^ d))) + 0x5a827999;
            } else if (i < 40) {
                mix = (b ^ c ^ d) + 0x6ed9eba1;
            } else if (i < 60) {
                mix = ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
            } else {
                mix = (b ^ c ^ d) + 0xca62c1d6;
            }
            uint32_t sum = rotate_left(a, 5) + mix + e + w[i];
            e = d, d = c, c = rotate_left(b, 30), b = a, a = sum;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
    }
}

void hearth_sha1_init(hearth_sha1 *hash) {
    static const uint32_t initial[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    memcpy(hash->state, initial, sizeof initial);
    hash->length = 0;
}

void hearth_sha1_update(hearth_sha1 *hash, const void *data, size_t count) {
    if (count == 0) return;
    const uint8_t *bytes = data;
    const size_t used = hash->length % 64;
    hash->length += count;
    if (used > 0) {
        const size_t taken = count < 64 - used ? count : 64 - used;
        memcpy(hash->block + used, bytes, taken);
        if (used + taken < 64) return;
        compress(hash->state, hash->block, 1);
        bytes += taken;
        count -= taken;
    }
    compress(hash->state, bytes, count / 64);
    memcpy(hash->block, bytes + count / 64 * 64, count % 64);
}

void hearth_sha1_final(hearth_sha1 *hash, uint8_t digest[20]) {
    const uint64_t bits = hash->length * 8;
    uint8_t padding[72] = {0x80};
    const size_t count = 1 + (119 - hash->length % 64) % 64;
    for (int i = 0; i < 8; i++) padding[count + i] = (uint8_t)(bits >> (56 - 8 * i));
    hearth_sha1_update(hash, padding, count + 8);
    for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}
