// SPDX-License-Identifier: Apache-2.0
//
// The templates' vocabulary in AVX-512 (F, BW, DQ, VL): sixteen lanes. With
// CK_AVX512_BF16 defined, also in its BF16 and VNNI extensions.

#ifndef CK_VECTOR_AVX512_H
#define CK_VECTOR_AVX512_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define CK_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"
#if defined(CK_AVX512_BF16)
#define CK_TARGET __attribute__((target(CK_AVX512 ",avx512bf16,avx512vnni")))
#define CK_TARGET_VNNI CK_TARGET
#else
#define CK_TARGET __attribute__((target(CK_AVX512)))
#define CK_TARGET_VNNI __attribute__((target(CK_AVX512 ",avx512vnni")))
#endif
#define CK_INLINE static inline __attribute__((always_inline)) CK_TARGET

typedef __m512 vf;
typedef __m512i vi;

enum {
    LANES = 16,
    LEAST_POWER = -150,   // v_power_of_two is 0 there
};

CK_INLINE vf v_set(float x) { return _mm512_set1_ps(x); }
CK_INLINE vf v_load(const void *p) { return _mm512_loadu_ps(p); }
CK_INLINE void v_store(void *p, vf v) { _mm512_storeu_ps(p, v); }
CK_INLINE __mmask16 v_mask(int64_t count) { return (__mmask16)((1u << count) - 1); }
CK_INLINE vf v_load_part(const void *p, int64_t count, vf fill) {
    return _mm512_mask_loadu_ps(fill, v_mask(count), p);
}
CK_INLINE void v_store_part(void *p, vf v, int64_t count) { _mm512_mask_storeu_ps(p, v_mask(count), v); }

CK_INLINE vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
CK_INLINE vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
CK_INLINE vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); }
CK_INLINE vf v_abs(vf x) { return _mm512_abs_ps(x); }
CK_INLINE vf v_copysign(vf magnitude, vf sign) {
    return _mm512_or_ps(magnitude, _mm512_and_ps(v_set(-0.0f), sign));
}
CK_INLINE vf v_round(vf x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
CK_INLINE vf v_power_of_two(vf n) { return _mm512_scalef_ps(v_set(1.0f), n); }

CK_INLINE vf v_add_exponent(vf x, vf shifted) {
    vi exponent = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), exponent));
}

CK_INLINE vf v_load_int(const int32_t *p) { return _mm512_cvtepi32_ps(_mm512_loadu_si512(p)); }

#define CK_HAS_LOOKUP
/// table[i] for the lowest four bits i of each lane.
CK_INLINE vf v_lookup(const float table[16], vf i) {
    return _mm512_permutexvar_ps(_mm512_castps_si512(i), _mm512_loadu_ps(table));
}

CK_INLINE void v_store_low_bytes(void *p, vf v) {
    _mm_storeu_si128(p, _mm512_cvtepi32_epi8(_mm512_castps_si512(v)));
}

CK_INLINE vf v_round_bf16(vf x) {
    vi u = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    vi rounded = _mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd);
    rounded = _mm512_and_si512(rounded, _mm512_set1_epi32((int)0xffff0000));
    return _mm512_mask_mov_ps(_mm512_castsi512_ps(rounded), _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);
}

#if defined(CK_AVX512_BF16)

enum { CK_BF16_ROWS = 12, CK_BF16_IS_EMULATED = false };

CK_INLINE void v_store_bf16(void *p, vf v) { _mm256_storeu_si256(p, (__m256i)_mm512_cvtneps_pbh(v)); }

#define CK_HAS_JOIN
CK_INLINE vf v_join_bf16(vf first, vf second) { return (vf)_mm512_cvtne2ps_pbh(second, first); }

CK_INLINE vf v_pair_bf16(vf low, vf high) {
    const vi alternate = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1,
        16, 0);
    return _mm512_castsi512_ps(_mm512_permutexvar_epi16(alternate, (vi)v_join_bf16(low, high)));
}

CK_INLINE vf v_dot_bf16(vf sum, vf a, vf b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }

#else

enum { CK_BF16_ROWS = 8, CK_BF16_IS_EMULATED = true };  // widening takes registers

CK_INLINE void v_store_bf16(void *p, vf v) {
    vi halves = _mm512_srli_epi32(_mm512_castps_si512(v_round_bf16(v)), 16);
    _mm256_storeu_si256(p, _mm512_cvtepi32_epi16(halves));
}

CK_INLINE vf v_pair_bf16(vf low, vf high) {
    vi half = _mm512_srli_epi32(_mm512_castps_si512(v_round_bf16(low)), 16);
    return _mm512_or_ps(v_round_bf16(high), _mm512_castsi512_ps(half));
}

CK_INLINE vf v_dot_bf16(vf sum, vf a, vf b) {
    const vf high = _mm512_castsi512_ps(_mm512_set1_epi32((int)0xffff0000));
    vf a_low = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(a), 16));
    vf b_low = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(b), 16));
    return v_fma(_mm512_and_ps(a, high), _mm512_and_ps(b, high), v_fma(a_low, b_low, sum));
}

#endif

CK_INLINE float v_first(vf v) { return _mm512_cvtss_f32(v); }
CK_INLINE float v_sum(vf v) { return _mm512_reduce_add_ps(v); }
CK_INLINE float v_largest(vf v) { return _mm512_reduce_max_ps(v); }

CK_INLINE void v_transpose(vf v[LANES]) {
    vf t[LANES];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        v[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
        v[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
        v[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        v[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        vf a = _mm512_shuffle_f32x4(v[i], v[i + 4], 0x88), b = _mm512_shuffle_f32x4(v[i], v[i + 4], 0xdd);
        vf c = _mm512_shuffle_f32x4(v[i + 8], v[i + 12], 0x88), d = _mm512_shuffle_f32x4(v[i + 8], v[i + 12], 0xdd);
        t[i] = _mm512_shuffle_f32x4(a, c, 0x88);
        t[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
        t[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
        t[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
    for (int i = 0; i < 16; i++) v[i] = t[i];
}

#endif
