// SPDX-License-Identifier: Apache-2.0
//
// The kernels of arm64: baseline NEON, and where the CPU has them the byte dot
// products and the matrix multiply instructions for bfloat16 and bytes.

#include "../kernels.h"

#if defined(__aarch64__)

#include "../vector/neon.h"

#include "../template/convert.h"
#include "../template/math.h"
#include "../template/elementwise.h"

#define PRODUCT_NAME multiply_f32
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS 6
#define PRODUCT_VECTORS 4
#define PRODUCT_STEP(sum, a, b) v_fma(a, b, sum)
#include "../template/product.h"

#define PRODUCT_NAME multiply_bf16
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS 4
#define PRODUCT_VECTORS 4
#define PRODUCT_STEP(sum, a, b) v_dot_bf16(sum, a, b)
#include "../template/product.h"

#define PRODUCT_NAME multiply_int8
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS 4
#define PRODUCT_VECTORS 4
#define PRODUCT_STEP(sum, a, b) v_dot_int8(sum, a, b)
#include "../template/product.h"

#define CK_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))

static inline __attribute__((always_inline)) CK_DOTPROD vf v_sdot(vf sum, vf a, vf b) {
    vi total = vdotq_s32(vreinterpretq_s32_f32(sum), vreinterpretq_s8_f32(a), vreinterpretq_s8_f32(b));
    return vreinterpretq_f32_s32(total);
}

#define PRODUCT_NAME multiply_int8_dotprod
#define PRODUCT_TARGET CK_DOTPROD
#define PRODUCT_ROWS 6
#define PRODUCT_VECTORS 4
#define PRODUCT_STEP(sum, a, b) v_sdot(sum, a, b)
#include "../template/product.h"

#include "matrix_multiply.h"

#define SCAN_NAME scan_plain
#define SCAN_TARGET CK_TARGET
#define SCAN_STEP(sum, query, row) v_dot_int8(sum, query, row)
#define SCAN_BIAS 0
#include "../template/scan.h"

#define SCAN_NAME scan_dotprod
#define SCAN_TARGET CK_DOTPROD
#define SCAN_STEP(sum, query, row) v_sdot(sum, query, row)
#define SCAN_BIAS 0
#include "../template/scan.h"

static int32_t neon_scan(const ck_scan *s) { return ck_probe()->dot_product ? scan_dotprod(s) : scan_plain(s); }

static const ck_arithmetic *neon_arithmetic(ck_precision precision) {
    static const ck_arithmetic f32 = {.product = multiply_f32, .row_block = 96, .step = 1, .panels = 1};
    static const ck_arithmetic bf16[] = {
        {.product = multiply_bf16, .convert = convert_bf16, .row_block = 96, .step = 1, .panels = 1, .is_emulated = true},
        {.product = multiply_bf16_bfmmla, .convert = convert_bf16, .row_block = 96, .step = 2, .panels = 1},
    };
    static const ck_arithmetic int8[] = {
        {.product = multiply_int8, .convert = quantize_signed, .row_block = 96, .step = 1, .panels = 1},
        {.product = multiply_int8_dotprod, .convert = quantize_signed, .row_block = 96, .step = 1, .panels = 1},
        {.product = multiply_int8_smmla, .convert = quantize_signed, .row_block = 96, .step = 2, .panels = 1},
    };
    const ck_cpu *cpu = ck_probe();
    switch (precision) {
        case CK_F32: return &f32;
        case CK_BF16: return &bf16[cpu->bf16];
        case CK_INT8: return &int8[cpu->i8mm ? 2 : cpu->dot_product];
    }
    return NULL;
}

#include "../template/linear.h"
#include "../template/attention.h"
#include "../template/table.h"

CK_DRIVERS(neon_)

#define NEON_TABLE(extra) CK_TABLE(neon_, CK_ISA_NEON, "neon", 1 << CK_F32 | (extra))

const ck_kernels *ck_neon(const ck_cpu *cpu) {
    static const ck_kernels tables[] = {
        NEON_TABLE(0), NEON_TABLE(1 << CK_BF16), NEON_TABLE(1 << CK_INT8), NEON_TABLE(1 << CK_BF16 | 1 << CK_INT8),
    };
    return cpu->neon ? &tables[cpu->bf16 + 2 * (cpu->dot_product || cpu->i8mm)] : NULL;
}

#else

const ck_kernels *ck_neon(const ck_cpu *cpu) {
    (void)cpu;
    return NULL;
}

#endif
