// SPDX-License-Identifier: Apache-2.0
//
// The templates' vocabulary in AVX2 with FMA: eight lanes.

#ifndef CK_VECTOR_AVX2_H
#define CK_VECTOR_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#define CK_TARGET __attribute__((target("avx2,fma")))
#define CK_INLINE static inline __attribute__((always_inline)) CK_TARGET

typedef __m256 vf;
typedef __m256i vi;

enum {
    LANES = 8,
    LEAST_POWER = -127,   // v_power_of_two is 0 there
};

CK_INLINE vf v_set(float x) { return _mm256_set1_ps(x); }
CK_INLINE vf v_load(const void *p) { return _mm256_loadu_ps(p); }
CK_INLINE void v_store(void *p, vf v) { _mm256_storeu_ps(p, v); }

CK_INLINE vi v_mask(int64_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

CK_INLINE vf v_load_part(const void *p, int64_t count, vf fill) {
    vi mask = v_mask(count);
    return _mm256_blendv_ps(fill, _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask));
}

CK_INLINE void v_store_part(void *p, vf v, int64_t count) { _mm256_maskstore_ps(p, v_mask(count), v); }

CK_INLINE vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
CK_INLINE vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); }
CK_INLINE vf v_min(vf a, vf b) { return _mm256_min_ps(a, b); }
CK_INLINE vf v_abs(vf x) { return _mm256_andnot_ps(v_set(-0.0f), x); }
CK_INLINE vf v_copysign(vf magnitude, vf sign) {
    return _mm256_or_ps(magnitude, _mm256_and_ps(v_set(-0.0f), sign));
}
CK_INLINE vf v_round(vf x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

CK_INLINE vf v_power_of_two(vf n) {
    vi exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}


CK_INLINE vf v_add_exponent(vf x, vf shifted) {
    vi exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent));
}

CK_INLINE vf v_load_int(const int32_t *p) { return _mm256_cvtepi32_ps(_mm256_loadu_si256((const vi *)p)); }

CK_INLINE void v_store_low_bytes(void *p, vf v) {
    const vi low_bytes = _mm256_set1_epi32(0x0c080400);
    vi bytes = _mm256_shuffle_epi8(_mm256_castps_si256(v), low_bytes);
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 0, 0, 0, 0, 0, 0));
    _mm_storel_epi64(p, _mm256_castsi256_si128(bytes));
}

CK_INLINE vf v_round_bf16(vf x) {
    vi u = _mm256_castps_si256(x), odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
    vi rounded = _mm256_add_epi32(_mm256_add_epi32(u, _mm256_set1_epi32(0x7fff)), odd);
    rounded = _mm256_and_si256(rounded, _mm256_set1_epi32((int)0xffff0000));
    return _mm256_blendv_ps(_mm256_castsi256_ps(rounded), x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

CK_INLINE void v_store_bf16(void *p, vf v) {
    vi halves = _mm256_srli_epi32(_mm256_castps_si256(v_round_bf16(v)), 16);
    halves = _mm256_permute4x64_epi64(_mm256_packus_epi32(halves, halves), 0x08);
    _mm_storeu_si128(p, _mm256_castsi256_si128(halves));
}

CK_INLINE vf v_pair_bf16(vf low, vf high) {
    vi half = _mm256_srli_epi32(_mm256_castps_si256(v_round_bf16(low)), 16);
    return _mm256_or_ps(v_round_bf16(high), _mm256_castsi256_ps(half));
}

CK_INLINE vf v_dot_bf16(vf sum, vf a, vf b) {
    const vf high = _mm256_castsi256_ps(_mm256_set1_epi32((int)0xffff0000));
    vf a_low = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a), 16));
    vf b_low = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(b), 16));
    return v_fma(_mm256_and_ps(a, high), _mm256_and_ps(b, high), v_fma(a_low, b_low, sum));
}

/// Exact: |a| · (b · sign a) is at most 127², and two of them fit 16 bits, so
/// the saturating instruction never saturates.
CK_INLINE vf v_dot_int8(vf sum, vf a, vf b) {
    vi left = _mm256_castps_si256(a), right = _mm256_castps_si256(b);
    vi pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(left), _mm256_sign_epi8(right, left));
    vi quads = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(sum), quads));
}

CK_INLINE float v_first(vf v) { return _mm256_cvtss_f32(v); }

CK_INLINE float v_sum(vf v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

CK_INLINE float v_largest(vf v) {
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

CK_INLINE void v_transpose(vf v[LANES]) {
    vf t[LANES];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(v[i], v[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(v[i], v[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        v[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        v[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        v[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        v[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm256_permute2f128_ps(v[i], v[i + 4], 0x20);
        t[i + 4] = _mm256_permute2f128_ps(v[i], v[i + 4], 0x31);
    }
    for (int i = 0; i < 8; i++) v[i] = t[i];
}

#endif
