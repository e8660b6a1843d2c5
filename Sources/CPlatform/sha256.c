// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4): the portable compression function, those on Intel's and
// ARM's SHA instructions, and the choice between them, made once at run time.

#include "include/sha256.h"

#include <stdatomic.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#endif

typedef void (*compress_function)(uint32_t state[8], const uint8_t *data, size_t blocks);

static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// MARK: Portable

static uint32_t rotate_right(uint32_t value, int count) {
    return value >> count | value << (32 - count);
}

static uint32_t load_big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void compress_portable(uint32_t state[8], const uint8_t *data, size_t blocks) {
    for (; blocks > 0; blocks--, data += 64) {
        uint32_t w[64];
        for (int i = 0; i < 16; i++) w[i] = load_big_endian(data + 4 * i);
        for (int i = 16; i < 64; i++) {
            uint32_t s0 = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ w[i - 15] >> 3;
            uint32_t s1 = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ w[i - 2] >> 10;
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        for (int i = 0; i < 64; i++) {
            uint32_t s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
            uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
            uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
            uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
        state[4] += e, state[5] += f, state[6] += g, state[7] += h;
    }
}

// MARK: x86: SHA-NI

#if defined(__x86_64__)

__attribute__((target("sha,sse4.1"))) static void compress_accelerated(uint32_t state[8], const uint8_t *data,
                                                                       size_t blocks) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    // The instructions want the state as two vectors, (a b e f) and (c d g h), highest lane first.
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
    __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);

    for (; blocks > 0; blocks--, data += 64) {
        const __m128i old_abef = abef, old_cdgh = cdgh;
        __m128i w[4];
        for (int i = 0; i < 4; i++) {
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), big_endian);
        }
        for (int i = 0; i < 16; i++) {
            // Four rounds; the vector they leave is replaced by the one of sixteen rounds later.
            __m128i sum = _mm_add_epi32(w[i & 3], _mm_load_si128((const __m128i *)(round_constants + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
            if (i < 12) {
                __m128i next = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
                next = _mm_add_epi32(next, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
                w[i & 3] = _mm_sha256msg2_epu32(next, w[(i + 3) & 3]);
            }
        }
        abef = _mm_add_epi32(abef, old_abef);
        cdgh = _mm_add_epi32(cdgh, old_cdgh);
    }

    __m128i feba = _mm_shuffle_epi32(abef, 0x1B);
    __m128i dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static int has_sha_instructions(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    const int has_sse41 = (c >> 19) & 1, has_ssse3 = (c >> 9) & 1;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    return has_sse41 && has_ssse3 && ((b >> 29) & 1);
}

static const char accelerated_name[] = "sha-ni";

// MARK: ARM: the SHA-2 extension of ARMv8

#elif defined(__aarch64__)

#if defined(__clang__)
__attribute__((target("sha2")))
#else
__attribute__((target("+sha2")))
#endif
static void compress_accelerated(uint32_t state[8], const uint8_t *data, size_t blocks) {
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
    for (; blocks > 0; blocks--, data += 64) {
        const uint32x4_t old_abcd = abcd, old_efgh = efgh;
        uint32x4_t w[4];
        for (int i = 0; i < 4; i++) w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
        for (int i = 0; i < 16; i++) {
            uint32x4_t sum = vaddq_u32(w[i & 3], vld1q_u32(round_constants + 4 * i));
            uint32x4_t previous = abcd;
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, previous, sum);
            if (i < 12) {
                uint32x4_t next = vsha256su0q_u32(w[i & 3], w[(i + 1) & 3]);
                w[i & 3] = vsha256su1q_u32(next, w[(i + 2) & 3], w[(i + 3) & 3]);
            }
        }
        abcd = vaddq_u32(abcd, old_abcd);
        efgh = vaddq_u32(efgh, old_efgh);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

static int has_sha_instructions(void) {
#if defined(__APPLE__)
    return 1;  // Every Apple silicon Mac has them.
#elif defined(__linux__)
    return (getauxval(AT_HWCAP) >> 6) & 1;  // HWCAP_SHA2
#else
    return 0;
#endif
}

static const char accelerated_name[] = "armv8";

#else

static void compress_accelerated(uint32_t state[8], const uint8_t *data, size_t blocks) {
    compress_portable(state, data, blocks);
}

static int has_sha_instructions(void) {
    return 0;
}

static const char accelerated_name[] = "";

#endif

static compress_function best_compress(void) {
    // Asking the processor traps in a virtual machine; the answer is kept.
    static _Atomic(compress_function) chosen;
    compress_function function = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (function == NULL) {
        function = has_sha_instructions() ? compress_accelerated : compress_portable;
        atomic_store_explicit(&chosen, function, memory_order_relaxed);
    }
    return function;
}

const char *hearth_sha256_implementation(void) {
    return best_compress() == compress_accelerated ? accelerated_name : "portable";
}

// MARK: Streaming

static void init(hearth_sha256 *hash, compress_function compress) {
    static const uint32_t initial[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(hash->state, initial, sizeof initial);
    hash->length = 0;
    hash->compress = compress;
}

void hearth_sha256_init(hearth_sha256 *hash) {
    init(hash, best_compress());
}

void hearth_sha256_init_portable(hearth_sha256 *hash) {
    init(hash, compress_portable);
}

void hearth_sha256_update(hearth_sha256 *hash, const void *data, size_t count) {
    if (count == 0) return;
    const uint8_t *bytes = data;
    const size_t used = hash->length % 64;
    hash->length += count;
    if (used > 0) {
        const size_t taken = count < 64 - used ? count : 64 - used;
        memcpy(hash->block + used, bytes, taken);
        if (used + taken < 64) return;
        hash->compress(hash->state, hash->block, 1);
        bytes += taken;
        count -= taken;
    }
    hash->compress(hash->state, bytes, count / 64);
    memcpy(hash->block, bytes + count / 64 * 64, count % 64);
}

void hearth_sha256_final(hearth_sha256 *hash, uint8_t digest[32]) {
    const uint64_t bits = hash->length * 8;
    uint8_t padding[72] = {0x80};
    // Up to eight bytes before the end of a block, then the length.
    const size_t count = 1 + (119 - hash->length % 64) % 64;
    for (int i = 0; i < 8; i++) padding[count + i] = (uint8_t)(bits >> (56 - 8 * i));
    hearth_sha256_update(hash, padding, count + 8);
    for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void hearth_sha256_digest(const void *data, size_t count, uint8_t digest[32]) {
    hearth_sha256 hash;
    hearth_sha256_init(&hash);
    hearth_sha256_update(&hash, data, count);
    hearth_sha256_final(&hash, digest);
}
