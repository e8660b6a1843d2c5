// SPDX-License-Identifier: Apache-2.0
//
// The kernels of AVX2 with FMA.

#include "../kernels.h"

#if defined(__x86_64__)

#include "../vector/avx2.h"

#include "../template/convert.h"
#include "../template/math.h"
#include "../template/elementwise.h"

#define PRODUCT_NAME multiply_f32
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS 6
#define PRODUCT_VECTORS 2
#define PRODUCT_STEP(sum, a, b) v_fma(a, b, sum)
#include "../template/product.h"

#define PRODUCT_NAME multiply_bf16
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS 4
#define PRODUCT_VECTORS 2
#define PRODUCT_STEP(sum, a, b) v_dot_bf16(sum, a, b)
#include "../template/product.h"

#define PRODUCT_NAME ck_multiply_int8_avx2
#define PRODUCT_LINKAGE
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS 4
#define PRODUCT_VECTORS 2
#define PRODUCT_STEP(sum, a, b) v_dot_int8(sum, a, b)
#include "../template/product.h"

#define CK_TARGET_VNNI __attribute__((target("avx2,fma,avxvnni")))

static inline __attribute__((always_inline)) CK_TARGET_VNNI vf v_dot_vnni(vf sum, vf a, vf b) {
    vi total = _mm256_castps_si256(sum), left = _mm256_castps_si256(a), right = _mm256_castps_si256(b);
    return _mm256_castsi256_ps(_mm256_dpbusd_avx_epi32(total, left, right));
}

static inline __attribute__((always_inline)) CK_TARGET_VNNI vf v_flip_signs(vf bytes) {
    return _mm256_castsi256_ps(_mm256_xor_si256(_mm256_castps_si256(bytes), _mm256_set1_epi8(-128)));
}

#define PRODUCT_NAME multiply_int8_vnni
#define PRODUCT_TARGET CK_TARGET_VNNI
#define PRODUCT_ROWS 6
#define PRODUCT_VECTORS 2
#define PRODUCT_STEP(sum, a, b) v_dot_vnni(sum, a, b)
#include "../template/product.h"

#define SCAN_NAME ck_scan_avx2
#define SCAN_LINKAGE
#define SCAN_TARGET CK_TARGET
#define SCAN_STEP(sum, query, row) v_dot_int8(sum, query, row)
#define SCAN_BIAS 0
#include "../template/scan.h"

// The instruction takes one operand as unsigned: the row, with 128 added.
#define SCAN_NAME scan_vnni
#define SCAN_TARGET CK_TARGET_VNNI
#define SCAN_STEP(sum, query, row) v_dot_vnni(sum, v_flip_signs(row), query)
#define SCAN_BIAS 128
#include "../template/scan.h"

static int32_t avx2_scan(const ck_scan *s) { return ck_probe()->avx_vnni ? scan_vnni(s) : ck_scan_avx2(s); }

static const ck_arithmetic *avx2_arithmetic(ck_precision precision) {
    static const ck_arithmetic all[] = {
        [CK_F32] = {.product = multiply_f32, .row_block = 96, .step = 1, .panels = 1},
        [CK_BF16] = {
            .product = multiply_bf16, .convert = convert_bf16, .row_block = 96, .step = 1, .panels = 1, .is_emulated = true,
        },
        [CK_INT8] = {.product = ck_multiply_int8_avx2, .convert = quantize_signed, .row_block = 96, .step = 1, .panels = 1},
    };
    static const ck_arithmetic vnni = {
        .product = multiply_int8_vnni, .convert = quantize_unsigned, .row_block = 96, .step = 1, .panels = 1,
    };
    if (precision == CK_INT8 && ck_probe()->avx_vnni) return &vnni;
    return &all[precision];
}

#include "../template/linear.h"
#include "../template/attention.h"
#include "../template/table.h"

CK_DRIVERS(avx2_)

static const ck_kernels table = CK_TABLE(avx2_, CK_ISA_AVX2, "avx2", 1 << CK_F32 | 1 << CK_INT8);

const ck_kernels *ck_avx2(const ck_cpu *cpu) { return cpu->avx2 ? &table : NULL; }

#else

const ck_kernels *ck_avx2(const ck_cpu *cpu) {
    (void)cpu;
    return NULL;
}

#endif
