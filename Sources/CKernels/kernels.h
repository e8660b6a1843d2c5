// SPDX-License-Identifier: Apache-2.0
//
// What the files of this target share: the packed layout, the CPU's features,
// and the seam between the drivers (linear, attention) and the products of one
// instruction set.

#ifndef CK_KERNELS_H
#define CK_KERNELS_H

#include "CKernels.h"

/// One layout serves every instruction set: columns in panels of 32, and in a
/// panel the operands that one instruction multiplies together side by side,
///
///     f32   [n / 32][k][32]
///     bf16  [n / 32][k / 2][32][2]    k padded to 32
///     int8  [n / 32][k / 4][32][4]    k padded to 64,
///           then float scale[n] and int32 Σₖ weight[n], n padded to 32
///
/// with zeros in every padding. Packed files move between machines.
enum { CK_PANEL = 32, CK_LAYOUT_VERSION = 2 };

static inline int64_t ck_round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

/// Operand bytes, how many of them share a lane, and the multiple k is padded to.
static inline int32_t ck_operand_size(ck_precision p) { return p == CK_F32 ? 4 : p == CK_BF16 ? 2 : 1; }
static inline int32_t ck_group(ck_precision p) { return 4 / ck_operand_size(p); }
static inline int32_t ck_depth(ck_precision p) { return p == CK_F32 ? 1 : p == CK_BF16 ? 32 : 64; }

size_t ck_packed_size(ck_precision, int32_t rows, int32_t columns);
void ck_pack(ck_precision, const float *weights, int64_t ld, int32_t rows, int32_t columns, void *packed);

/// c[m × 32 · panels] = a · b: raw sums, float or (int8) int32, over `groups`
/// groups of operands. Every element is summed in the same order whatever m is.
/// Where operands are converted ones, rows up to a multiple of 16 may be read
/// from a and written to c, whatever they hold.
typedef struct ck_product {
    const void *a;
    int64_t lda;  ///< bytes, a multiple of 4
    int64_t m;
    const void *b;
    int64_t ldb;  ///< bytes from one panel to the next
    int32_t panels;
    int32_t groups;
    void *c;
    int64_t ldc;  ///< elements
} ck_product;

/// What the bytes of an int8 row stand for: x ≈ (byte + offset) · scale, with an integral offset.
typedef struct ck_quantization {
    float scale, offset;
} ck_quantization;

/// One precision's products on one instruction set.
typedef struct ck_arithmetic {
    void (*product)(const ck_product *);
    /// Turns rows of x into rows of operands, with zeros up to lda bytes; for int8
    /// with each row's quantization. Null when x itself serves.
    void (*convert)(const float *x, int64_t ldx, int64_t m, int32_t k, void *a, int64_t lda, ck_quantization *rows);
    /// Brackets a sequence of products on one thread; null when there is nothing to set up.
    void (*enter)(void);
    void (*leave)(void);
    int32_t row_block;  ///< rows that one product is best given at most
    int32_t step;       ///< groups are multiplied by as many at once: their number is a multiple
    int32_t panels;     ///< panels that one product of up to 16 rows is best given; of more, one
    bool is_emulated;   ///< without instructions for the precision
} ck_arithmetic;

/// Adds a candidate to the `count` best of at most k, and returns the score below which none will enter.
float ck_candidates_insert(ck_candidate *heap, int32_t *count, int32_t k, float score, uint32_t row);
/// Turns the heap into a list, best first.
void ck_candidates_sort(ck_candidate *heap, int32_t count);

/// What the CPU and its operating system allow.
typedef struct ck_cpu {
    bool avx2, avx512, avx_vnni, avx512_vnni, avx512_bf16, amx;
    bool neon, dot_product, i8mm, bf16;
} ck_cpu;

const ck_cpu *ck_probe(void);

/// The tables, or null in a build for another architecture.
const ck_kernels *ck_portable(const ck_cpu *);
const ck_kernels *ck_neon(const ck_cpu *);
const ck_kernels *ck_avx2(const ck_cpu *);
const ck_kernels *ck_avx512(const ck_cpu *);
const ck_kernels *ck_avx512_bf16(const ck_cpu *);
const ck_kernels *ck_amx(const ck_cpu *);

/// Products that several tables share.
void ck_multiply_int8_avx2(const ck_product *);
int32_t ck_scan_avx2(const ck_scan *);
void ck_multiply_bf16_amx(const ck_product *);
void ck_multiply_int8_amx(const ck_product *);
void ck_enter_amx(void);
void ck_leave_amx(void);

#if defined(__clang__)
#define CK_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CK_UNROLL _Pragma("GCC unroll 32")
#endif

#endif
