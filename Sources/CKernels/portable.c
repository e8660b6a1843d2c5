// SPDX-License-Identifier: Apache-2.0
//
// Every kernel without naming an instruction set: what runs where nothing
// better does, and the yardstick of the tests.

#include "vector/portable.h"

#include "kernels.h"
#include "template/convert.h"
#include "template/math.h"
#include "template/elementwise.h"

#define PRODUCT_NAME multiply_f32
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS 4
#define PRODUCT_VECTORS 2
#define PRODUCT_STEP(sum, a, b) v_fma(a, b, sum)
#include "template/product.h"

#define PRODUCT_NAME multiply_bf16
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS 4
#define PRODUCT_VECTORS 2
#define PRODUCT_STEP(sum, a, b) v_dot_bf16(sum, a, b)
#include "template/product.h"

#define PRODUCT_NAME multiply_int8
#define PRODUCT_TARGET CK_TARGET
#define PRODUCT_ROWS 2
#define PRODUCT_VECTORS 2
#define PRODUCT_STEP(sum, a, b) v_dot_int8(sum, a, b)
#include "template/product.h"

#define SCAN_NAME portable_scan
#define SCAN_TARGET CK_TARGET
#define SCAN_STEP(sum, query, row) v_dot_int8(sum, query, row)
#define SCAN_BIAS 0
#include "template/scan.h"

static const ck_arithmetic *portable_arithmetic(ck_precision precision) {
    static const ck_arithmetic all[] = {
        [CK_F32] = {.product = multiply_f32, .row_block = 64, .step = 1, .panels = 1},
        [CK_BF16] = {
            .product = multiply_bf16, .convert = convert_bf16, .row_block = 64, .step = 1, .panels = 1, .is_emulated = true,
        },
        [CK_INT8] = {.product = multiply_int8, .convert = quantize_signed, .row_block = 64, .step = 1, .panels = 1},
    };
    return &all[precision];
}

#include "template/linear.h"
#include "template/attention.h"
#include "template/table.h"

CK_DRIVERS(portable_)

static const ck_kernels table = CK_TABLE(portable_, CK_ISA_PORTABLE, "portable", 1 << CK_F32);

const ck_kernels *ck_portable(const ck_cpu *cpu) {
    (void)cpu;
    return &table;
}
