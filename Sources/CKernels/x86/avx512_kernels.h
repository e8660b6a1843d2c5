// SPDX-License-Identifier: Apache-2.0
//
// The functions that both AVX-512 tables are made of, compiled once without
// and once with CK_AVX512_BF16.

#include "../kernels.h"
#include "../vector/avx512.h"

#include "../template/convert.h"
#include "../template/math.h"
#include "../template/elementwise.h"

#define PRODUCT_NAME multiply_f32
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS 12
#define PRODUCT_VECTORS 2
#define PRODUCT_STEP(sum, a, b) v_fma(a, b, sum)
#include "../template/product.h"

#define PRODUCT_NAME multiply_bf16
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS CK_BF16_ROWS
#define PRODUCT_VECTORS 2
#define PRODUCT_STEP(sum, a, b) v_dot_bf16(sum, a, b)
#include "../template/product.h"

static inline __attribute__((always_inline)) CK_TARGET_VNNI vf v_dot_vnni(vf sum, vf a, vf b) {
    vi total = _mm512_castps_si512(sum), left = _mm512_castps_si512(a), right = _mm512_castps_si512(b);
    return _mm512_castsi512_ps(_mm512_dpbusd_epi32(total, left, right));
}

#define PRODUCT_NAME multiply_int8_vnni
#define PRODUCT_TARGET CK_TARGET_VNNI
#define PRODUCT_ROWS 12
#define PRODUCT_VECTORS 2
#define PRODUCT_STEP(sum, a, b) v_dot_vnni(sum, a, b)
#include "../template/product.h"

static inline __attribute__((always_inline)) CK_TARGET_VNNI vf v_flip_signs(vf bytes) {
    return _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(bytes), _mm512_set1_epi8(-128)));
}

// The instruction takes one operand as unsigned: the row, with 128 added.
#define SCAN_NAME scan_vnni
#define SCAN_TARGET CK_TARGET_VNNI
#define SCAN_STEP(sum, query, row) v_dot_vnni(sum, v_flip_signs(row), query)
#define SCAN_BIAS 128
#include "../template/scan.h"

static int32_t avx512_scan(const ck_scan *s) { return ck_probe()->avx512_vnni ? scan_vnni(s) : ck_scan_avx2(s); }

static const ck_arithmetic *avx512_arithmetic(ck_precision precision) {
    static const ck_arithmetic all[] = {
        [CK_F32] = {.product = multiply_f32, .row_block = 96, .step = 1, .panels = 1},
        [CK_BF16] = {
            .product = multiply_bf16, .convert = convert_bf16, .row_block = 96, .step = 1, .panels = 1,
            .is_emulated = CK_BF16_IS_EMULATED,
        },
        [CK_INT8] = {
            .product = multiply_int8_vnni, .convert = quantize_unsigned, .row_block = 96, .step = 1, .panels = 1,
        },
    };
    static const ck_arithmetic without_vnni = {
        .product = ck_multiply_int8_avx2, .convert = quantize_signed, .row_block = 96, .step = 1, .panels = 1,
    };
    if (precision == CK_INT8 && !ck_probe()->avx512_vnni) return &without_vnni;
    return &all[precision];
}

#include "../template/linear.h"
#include "../template/attention.h"
#include "../template/table.h"

CK_DRIVERS(avx512_)
