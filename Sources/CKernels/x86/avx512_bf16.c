// SPDX-License-Identifier: Apache-2.0
//
// The tables for AVX-512 with its bfloat16 instructions, alone and with AMX.
// AMX multiplies; all else is AVX-512.

#if defined(__x86_64__)

#define CK_AVX512_BF16
#include "avx512_kernels.h"

static const ck_arithmetic *amx_arithmetic(ck_precision precision) {
    // Rows by 32, the height of two tiles, and all columns for each: measured best.
    static const ck_arithmetic bf16 = {
        .product = ck_multiply_bf16_amx, .convert = convert_bf16, .enter = ck_enter_amx, .leave = ck_leave_amx,
        .row_block = 32, .step = 16, .panels = 2,
    };
    static const ck_arithmetic int8 = {
        .product = ck_multiply_int8_amx, .convert = quantize_unsigned, .enter = ck_enter_amx, .leave = ck_leave_amx,
        .row_block = 32, .step = 16, .panels = 2,
    };
    return precision == CK_F32 ? avx512_arithmetic(CK_F32) : precision == CK_BF16 ? &bf16 : &int8;
}

static int32_t amx_scan(const ck_scan *s) { return scan_vnni(s); }

CK_DRIVERS(amx_)

static const uint32_t all = 1 << CK_F32 | 1 << CK_BF16 | 1 << CK_INT8;
static const ck_kernels avx512 = CK_TABLE(avx512_, CK_ISA_AVX512, "avx512", all);
static const ck_kernels amx = CK_TABLE(amx_, CK_ISA_AMX, "amx", all);

const ck_kernels *ck_avx512_bf16(const ck_cpu *cpu) { return cpu->avx512_bf16 ? &avx512 : NULL; }
const ck_kernels *ck_amx(const ck_cpu *cpu) { return cpu->amx ? &amx : NULL; }

#else

#include "../kernels.h"

const ck_kernels *ck_amx(const ck_cpu *cpu) {
    (void)cpu;
    return NULL;
}

#endif
