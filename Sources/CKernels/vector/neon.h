// SPDX-License-Identifier: Apache-2.0
//
// The templates' vocabulary in baseline NEON: four lanes.

#ifndef CK_VECTOR_NEON_H
#define CK_VECTOR_NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#define CK_TARGET
#define CK_INLINE static inline __attribute__((always_inline))

typedef float32x4_t vf;
typedef int32x4_t vi;

enum {
    LANES = 4,
    LEAST_POWER = -127,  // v_power_of_two is 0 there
};

CK_INLINE vf v_set(float x) { return vdupq_n_f32(x); }
CK_INLINE vf v_load(const void *p) { return vld1q_f32(p); }
CK_INLINE void v_store(void *p, vf v) { vst1q_f32(p, v); }

CK_INLINE vf v_load_part(const void *p, int64_t count, vf fill) {
    memcpy(&fill, p, (size_t)count * sizeof(float));
    return fill;
}

CK_INLINE void v_store_part(void *p, vf v, int64_t count) { memcpy(p, &v, (size_t)count * sizeof(float)); }

CK_INLINE vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
CK_INLINE vf v_max(vf a, vf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
CK_INLINE vf v_min(vf a, vf b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
CK_INLINE vf v_abs(vf x) { return vabsq_f32(x); }
CK_INLINE vf v_copysign(vf magnitude, vf sign) {
    return vbslq_f32(vdupq_n_u32(0x80000000), sign, magnitude);
}
CK_INLINE vf v_round(vf x) { return vrndnq_f32(x); }

CK_INLINE vf v_power_of_two(vf n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23));
}

CK_INLINE vf v_add_exponent(vf x, vf shifted) {
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(x), vshlq_n_s32(vreinterpretq_s32_f32(shifted), 23)));
}

CK_INLINE vf v_load_int(const int32_t *p) { return vcvtq_f32_s32(vld1q_s32(p)); }

CK_INLINE void v_store_low_bytes(void *p, vf v) {
    int16x4_t halves = vmovn_s32(vreinterpretq_s32_f32(v));
    int8x8_t bytes = vmovn_s16(vcombine_s16(halves, halves));
    memcpy(p, &bytes, LANES);
}

/// To the nearest bfloat16, ties to even; NaN stays NaN.
CK_INLINE vf v_round_bf16(vf x) {
    uint32x4_t u = vreinterpretq_u32_f32(x), odd = vandq_u32(vshrq_n_u32(u, 16), vdupq_n_u32(1));
    uint32x4_t rounded = vaddq_u32(vaddq_u32(u, vdupq_n_u32(0x7fff)), odd);
    rounded = vandq_u32(rounded, vdupq_n_u32(0xffff0000));
    return vbslq_f32(vceqq_f32(x, x), vreinterpretq_f32_u32(rounded), x);
}

CK_INLINE void v_store_bf16(void *p, vf v) {
    vst1_u16(p, vshrn_n_u32(vreinterpretq_u32_f32(v_round_bf16(v)), 16));
}

CK_INLINE vf v_pair_bf16(vf low, vf high) {
    uint32x4_t l = vreinterpretq_u32_f32(v_round_bf16(low)), h = vreinterpretq_u32_f32(v_round_bf16(high));
    return vreinterpretq_f32_u32(vorrq_u32(vshrq_n_u32(l, 16), h));
}

CK_INLINE vf v_dot_bf16(vf sum, vf a, vf b) {
    const uint32x4_t high = vdupq_n_u32(0xffff0000);
    uint32x4_t x = vreinterpretq_u32_f32(a), y = vreinterpretq_u32_f32(b);
    vf x_low = vreinterpretq_f32_u32(vshlq_n_u32(x, 16)), y_low = vreinterpretq_f32_u32(vshlq_n_u32(y, 16));
    vf x_high = vreinterpretq_f32_u32(vandq_u32(x, high)), y_high = vreinterpretq_f32_u32(vandq_u32(y, high));
    return v_fma(x_high, y_high, v_fma(x_low, y_low, sum));
}

CK_INLINE vf v_dot_int8(vf sum, vf a, vf b) {
    int8x16_t x = vreinterpretq_s8_f32(a), y = vreinterpretq_s8_f32(b);
    vi low = vpaddlq_s16(vmull_s8(vget_low_s8(x), vget_low_s8(y))), high = vpaddlq_s16(vmull_high_s8(x, y));
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(sum), vpaddq_s32(low, high)));
}

CK_INLINE float v_first(vf v) { return vgetq_lane_f32(v, 0); }
CK_INLINE float v_sum(vf v) { return vaddvq_f32(v); }
CK_INLINE float v_largest(vf v) { return vmaxvq_f32(v); }

CK_INLINE void v_transpose(vf v[LANES]) {
    vf t0 = vtrn1q_f32(v[0], v[1]), t1 = vtrn2q_f32(v[0], v[1]);
    vf t2 = vtrn1q_f32(v[2], v[3]), t3 = vtrn2q_f32(v[2], v[3]);
    v[0] = vcombine_f32(vget_low_f32(t0), vget_low_f32(t2));
    v[1] = vcombine_f32(vget_low_f32(t1), vget_low_f32(t3));
    v[2] = vcombine_f32(vget_high_f32(t0), vget_high_f32(t2));
    v[3] = vcombine_f32(vget_high_f32(t1), vget_high_f32(t3));
}

#endif
