// SPDX-License-Identifier: Apache-2.0
//
// Four-lane vectors in the compilers' own vector extension: no instruction set
// is named, and the compiler lowers them to whatever the target has. The
// operations below are the whole vocabulary of the templates.

#ifndef CK_VECTOR_PORTABLE_H
#define CK_VECTOR_PORTABLE_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the packed layout is little-endian"
#endif

#define CK_TARGET
#define CK_INLINE static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));

enum {
    LANES = 4,
    LEAST_POWER = -127,   // v_power_of_two is 0 there
};

CK_INLINE vf v_set(float x) { return (vf){x, x, x, x}; }

CK_INLINE vf v_load(const void *p) {
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}

CK_INLINE void v_store(void *p, vf v) { memcpy(p, &v, sizeof v); }

/// The first `count` (1 to LANES) values; the other lanes come from `fill`.
CK_INLINE vf v_load_part(const void *p, int64_t count, vf fill) {
    memcpy(&fill, p, (size_t)count * sizeof(float));
    return fill;
}

CK_INLINE void v_store_part(void *p, vf v, int64_t count) { memcpy(p, &v, (size_t)count * sizeof(float)); }

/// a · b + c, fused where the target fuses.
CK_INLINE vf v_fma(vf a, vf b, vf c) {
#if defined(__ARM_FEATURE_FMA) || defined(__FMA__)
    for (int i = 0; i < LANES; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
#else
    return a * b + c;
#endif
}

CK_INLINE vf v_select(vi mask, vf yes, vf no) { return (vf)((mask & (vi)yes) | (~mask & (vi)no)); }

/// A NaN in the second operand passes through, so clamps keep it.
CK_INLINE vf v_max(vf a, vf b) { return v_select(a > b, a, b); }
CK_INLINE vf v_min(vf a, vf b) { return v_select(a < b, a, b); }
CK_INLINE vf v_abs(vf x) { return (vf)((vi)x & 0x7fffffff); }
/// `magnitude` (not negative) with the sign of `sign`.
CK_INLINE vf v_copysign(vf magnitude, vf sign) { return (vf)((vi)magnitude | ((vi)sign & (int32_t)0x80000000)); }

/// To the nearest integer, ties to even, for |x| below 2²².
CK_INLINE vf v_round(vf x) {
    const vf magic = v_set(0x1.8p23f);
    return (x + magic) - magic;
}

/// 2ⁿ for integral n in [LEAST_POWER, 127]; 0 for LEAST_POWER.
CK_INLINE vf v_power_of_two(vf n) { return (vf)((vi)(n + v_set(0x1.8p23f + 127)) << 23); }

/// x · 2ⁿ where n is the integer in the low bits of `shifted` and nothing overflows.
CK_INLINE vf v_add_exponent(vf x, vf shifted) { return (vf)((vi)x + ((vi)shifted << 23)); }

/// Integers as the nearest floats.
CK_INLINE vf v_load_int(const int32_t *p) { return __builtin_convertvector((vi)v_load(p), vf); }

/// Stores the low byte of each lane's bits.
CK_INLINE void v_store_low_bytes(void *p, vf v) {
    for (int i = 0; i < LANES; i++) ((uint8_t *)p)[i] = (uint8_t)((vi)v)[i];
}

/// To the nearest bfloat16, ties to even; NaN stays NaN.
CK_INLINE vf v_round_bf16(vf x) {
    vi u = (vi)x;
    return v_select(x == x, (vf)((u + 0x7fff + ((u >> 16) & 1)) & (int32_t)0xffff0000), x);
}

/// sum + a · b for two bfloat16 a lane, in float32.
CK_INLINE vf v_dot_bf16(vf sum, vf a, vf b) {
    const int32_t high = (int32_t)0xffff0000;
    sum = v_fma((vf)((vi)a << 16), (vf)((vi)b << 16), sum);
    return v_fma((vf)((vi)a & high), (vf)((vi)b & high), sum);
}

/// sum + a · b for four signed bytes a lane, in int32.
CK_INLINE vf v_dot_int8(vf sum, vf a, vf b) {
    vi s = (vi)sum;
    for (int shift = 24; shift >= 0; shift -= 8) s += (((vi)a << shift) >> 24) * (((vi)b << shift) >> 24);
    return (vf)s;
}

CK_INLINE void v_store_bf16(void *p, vf v) {
    v = v_round_bf16(v);
    for (int i = 0; i < LANES; i++) memcpy((char *)p + 2 * i, (char *)&v + 4 * i + 2, 2);
}

/// Lanes of two bfloat16, from `low` in the low half and `high` in the high half.
CK_INLINE vf v_pair_bf16(vf low, vf high) {
    return (vf)((vi)v_round_bf16(high) | ((vi)v_round_bf16(low) >> 16 & 0xffff));
}

CK_INLINE float v_first(vf v) { return v[0]; }
CK_INLINE float v_sum(vf v) { return (v[0] + v[2]) + (v[1] + v[3]); }

CK_INLINE float v_largest(vf v) {
    float m = v[0];
    for (int i = 1; i < LANES; i++) m = m > v[i] ? m : v[i];
    return m;
}

/// Transposes LANES × LANES values.
CK_INLINE void v_transpose(vf v[LANES]) {
    vf t[LANES];
    for (int i = 0; i < LANES; i++)
        for (int j = 0; j < LANES; j++) t[i][j] = v[j][i];
    memcpy(v, t, sizeof t);
}

#endif
