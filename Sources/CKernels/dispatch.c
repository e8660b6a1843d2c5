// SPDX-License-Identifier: Apache-2.0
//
// What this CPU and its operating system allow, asked once, and the choice of
// a table by it.

#if defined(__linux__)
#define _GNU_SOURCE
#endif

#include <pthread.h>
#include <string.h>

#include "kernels.h"

#if defined(__x86_64__)

#include <cpuid.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// State components that the operating system saves (Intel SDM, XCR0).
enum { XCR0_AVX = 0x6, XCR0_AVX512 = 0xe6, XCR0_AMX = 0x60000 };

static uint64_t saved_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/// Tile data is large, so Linux wants it asked for, once a process and before
/// threads with small signal stacks exist. Other systems do not offer it.
static bool request_tiles(void) {
#if defined(__linux__)
    const long request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}

static void probe(ck_cpu *cpu) {
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return;
    const bool xsave = c & bit_OSXSAVE, fma = c & bit_FMA;
    if (!xsave) return;
    const uint64_t state = saved_state();
    const bool avx_state = (state & XCR0_AVX) == XCR0_AVX, avx512_state = (state & XCR0_AVX512) == XCR0_AVX512;

    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
    const uint32_t avx512_f = 1u << 16, avx512_dq = 1u << 17, avx512_bw = 1u << 30, avx512_vl = 1u << 31;
    const uint32_t avx512 = avx512_f | avx512_dq | avx512_bw | avx512_vl;
    const uint32_t amx_bf16 = 1u << 22, amx_tile = 1u << 24, amx_int8 = 1u << 25, amx = amx_bf16 | amx_tile | amx_int8;
    cpu->avx2 = avx_state && fma && (b & 1u << 5);
    cpu->avx512 = cpu->avx2 && avx512_state && (b & avx512) == avx512;
    cpu->avx512_vnni = cpu->avx512 && (c & 1u << 11);
    const bool has_amx = (d & amx) == amx && (state & XCR0_AMX) == XCR0_AMX;

    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) {
        cpu->avx_vnni = cpu->avx2 && (a & 1u << 4);
        cpu->avx512_bf16 = cpu->avx512 && (a & 1u << 5);
    }
    cpu->avx512_bf16 = cpu->avx512_bf16 && cpu->avx512_vnni;  // no CPU has one without the other but for the asking
#if defined(CK_EMULATE_TILES)
    cpu->amx = cpu->avx512_bf16;
    (void)has_amx, (void)request_tiles;
#else
    cpu->amx = has_amx && cpu->avx512_bf16 && request_tiles();
#endif
#if defined(CK_WITHOUT_EXTENSIONS)
    // A test's way to the tables of older CPUs.
    cpu->amx = cpu->avx512_bf16 = cpu->avx512_vnni = cpu->avx_vnni = false;
#endif
}

#elif defined(__aarch64__)

#if defined(__linux__)
#include <sys/auxv.h>

static void probe(ck_cpu *cpu) {
    const unsigned long caps = getauxval(AT_HWCAP), caps2 = getauxval(AT_HWCAP2);
    cpu->neon = true;
    cpu->dot_product = caps & 1ul << 20;  // HWCAP_ASIMDDP
    cpu->i8mm = caps2 & 1ul << 13;        // HWCAP2_I8MM
    cpu->bf16 = caps2 & 1ul << 14;        // HWCAP2_BF16
}
#elif defined(__APPLE__)
#include <sys/sysctl.h>

static bool has(const char *name) {
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, NULL, 0) == 0 && value != 0;
}

static void probe(ck_cpu *cpu) {
    cpu->neon = true;
    cpu->dot_product = has("hw.optional.arm.FEAT_DotProd");
    cpu->i8mm = has("hw.optional.arm.FEAT_I8MM");
    cpu->bf16 = has("hw.optional.arm.FEAT_BF16");
}
#else
static void probe(ck_cpu *cpu) { cpu->neon = true; }
#endif

#else

static void probe(ck_cpu *cpu) { (void)cpu; }

#endif

static ck_cpu probed;

static void probe_once(void) { probe(&probed); }

const ck_cpu *ck_probe(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, probe_once);
    return &probed;
}

const ck_kernels *ck_kernels_for(ck_isa isa) {
    const ck_cpu *cpu = ck_probe();
    switch (isa) {
        case CK_ISA_PORTABLE: return ck_portable(cpu);
        case CK_ISA_NEON: return ck_neon(cpu);
        case CK_ISA_AVX2: return ck_avx2(cpu);
        case CK_ISA_AVX512: return ck_avx512(cpu);
        case CK_ISA_AMX: return ck_amx(cpu);
    }
    return NULL;
}

const ck_kernels *ck_kernels_best(void) {
    for (ck_isa isa = CK_ISA_AMX; isa > CK_ISA_PORTABLE; isa--) {
        const ck_kernels *kernels = ck_kernels_for(isa);
        if (kernels) return kernels;
    }
    return ck_kernels_for(CK_ISA_PORTABLE);
}
