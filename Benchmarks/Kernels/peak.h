// SPDX-License-Identifier: Apache-2.0
//
// How many operations a second the machine's multipliers do with everything in
// registers: the yardstick of the benchmark.

#include <stdint.h>

#if defined(__clang__)
#define PEAK_UNROLL _Pragma("clang loop unroll(full)")
#else
#define PEAK_UNROLL _Pragma("GCC unroll 32")
#endif

/// `count` independent sums, `step` applied to each many times over.
#define PEAK_LOOP(type, zero, count, step, per_step) \
    do { \
        type sum[count]; \
        for (int i = 0; i < count; i++) sum[i] = zero; \
        for (int64_t n = 0; n < 500000; n++) { \
            PEAK_UNROLL \
            for (int i = 0; i < count; i++) { \
                sum[i] = step; \
                __asm__ volatile("" : PEAK_REGISTER(sum[i])); \
            } \
        } \
        return 500000.0 * count * (per_step); \
    } while (0)

#if defined(__x86_64__)
#include <immintrin.h>
#define PEAK_REGISTER(x) "+v"(x)

__attribute__((target("avx512f"))) static double peak_avx512_f32(void) {
    const __m512 a = _mm512_set1_ps(1), b = _mm512_set1_ps(1e-9f);
    PEAK_LOOP(__m512, _mm512_setzero_ps(), 24, _mm512_fmadd_ps(a, b, sum[i]), 32);
}

__attribute__((target("avx512f,avx512bf16"))) static double peak_avx512_bf16(void) {
    const __m512bh a = (__m512bh)_mm512_set1_ps(1), b = (__m512bh)_mm512_set1_ps(1e-9f);
    PEAK_LOOP(__m512, _mm512_setzero_ps(), 24, _mm512_dpbf16_ps(sum[i], a, b), 64);
}

__attribute__((target("avx512f,avx512vnni"))) static double peak_avx512_int8(void) {
    const __m512i a = _mm512_set1_epi8(1), b = _mm512_set1_epi8(2);
    PEAK_LOOP(__m512i, _mm512_setzero_si512(), 24, _mm512_dpbusd_epi32(sum[i], a, b), 128);
}

__attribute__((target("avx2,fma"))) static double peak_avx2_f32(void) {
    const __m256 a = _mm256_set1_ps(1), b = _mm256_set1_ps(1e-9f);
    PEAK_LOOP(__m256, _mm256_setzero_ps(), 12, _mm256_fmadd_ps(a, b, sum[i]), 16);
}

__attribute__((target("amx-tile,amx-bf16,amx-int8,avx512f"))) static double peak_amx(ck_precision precision) {
    struct __attribute__((packed)) {
        uint8_t palette, start, reserved[14];
        uint16_t columns[16];
        uint8_t rows[16];
    } config = {.palette = 1};
    for (int i = 0; i < 8; i++) config.columns[i] = 64, config.rows[i] = 16;
    _tile_loadconfig(&config);
    _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
    _tile_zero(4), _tile_zero(5), _tile_zero(6), _tile_zero(7);
    for (int64_t n = 0; n < 500000; n++) {
        if (precision == CK_BF16) {
            _tile_dpbf16ps(0, 4, 6), _tile_dpbf16ps(1, 4, 7), _tile_dpbf16ps(2, 5, 6), _tile_dpbf16ps(3, 5, 7);
        } else {
            _tile_dpbusd(0, 4, 6), _tile_dpbusd(1, 4, 7), _tile_dpbusd(2, 5, 6), _tile_dpbusd(3, 5, 7);
        }
    }
    _tile_release();
    return 500000.0 * 4 * 16 * 16 * (precision == CK_BF16 ? 64 : 128);
}

/// The operations done by one timed run of the best instruction for this precision.
static double peak_operations(ck_isa isa, ck_precision precision) {
    if (isa == CK_ISA_AMX && precision != CK_F32) return peak_amx(precision);
    if (isa == CK_ISA_AMX || isa == CK_ISA_AVX512) {
        if (precision == CK_INT8 && __builtin_cpu_supports("avx512vnni")) return peak_avx512_int8();
        if (precision == CK_BF16 && __builtin_cpu_supports("avx512bf16")) return peak_avx512_bf16();
        return peak_avx512_f32();
    }
    return peak_avx2_f32();
}

#elif defined(__aarch64__)
#include <arm_neon.h>
#define PEAK_REGISTER(x) "+w"(x)

static double peak_operations(ck_isa isa, ck_precision precision) {
    (void)isa, (void)precision;
    const float32x4_t a = vdupq_n_f32(1), b = vdupq_n_f32(1e-9f);
    PEAK_LOOP(float32x4_t, vdupq_n_f32(0), 24, vfmaq_f32(sum[i], a, b), 8);
}
#endif
