// SPDX-License-Identifier: Apache-2.0
//
// The table for AVX-512 without its bfloat16 instructions, with or without VNNI.

#if defined(__x86_64__)

#include "avx512_kernels.h"

static const ck_kernels plain = CK_TABLE(avx512_, CK_ISA_AVX512, "avx512", 1 << CK_F32);
static const ck_kernels vnni = CK_TABLE(avx512_, CK_ISA_AVX512, "avx512", 1 << CK_F32 | 1 << CK_INT8);

const ck_kernels *ck_avx512(const ck_cpu *cpu) {
    if (cpu->avx512_bf16) return ck_avx512_bf16(cpu);
    return !cpu->avx512 ? NULL : cpu->avx512_vnni ? &vnni : &plain;
}

#else

#include "../kernels.h"

const ck_kernels *ck_avx512(const ck_cpu *cpu) {
    (void)cpu;
    return NULL;
}

#endif
