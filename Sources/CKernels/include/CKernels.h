// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of an encoder's forward pass and of searching its vectors, once
// per instruction set.
//
// Everything here is a pure function of its arguments: single-threaded, no
// allocation, no global state but the one-time CPU probe. The caller owns
// every buffer and decides which thread computes what.
//
// Shapes are row-major; a "row" is one token. `ld…` is the distance between
// two rows, in elements. Rows of different sequences lie one after another
// without padding; no function lets one row or sequence influence another,
// and a row's result does not depend on how many rows a call has: it is the
// same bit for bit alone or in a batch.

#ifndef HEARTH_CKERNELS_H
#define HEARTH_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Instruction sets, from the plainest to the fastest of each architecture.
typedef enum ck_isa {
    CK_ISA_PORTABLE = 0,
    CK_ISA_NEON = 1,
    CK_ISA_AVX2 = 2,
    CK_ISA_AVX512 = 3,
    CK_ISA_AMX = 4,
} ck_isa;

/// The arithmetic of matrix products. Activations enter and leave as float32.
typedef enum ck_precision {
    CK_F32 = 0,
    CK_BF16 = 1,  ///< weights and activations rounded to bfloat16, float32 sums
    CK_INT8 = 2,  ///< weights per output channel, activations per row, int32 sums
} ck_precision;

typedef enum ck_activation {
    CK_IDENTITY = 0,
    CK_GELU = 1,       ///< x Φ(x), with erf
    CK_GELU_TANH = 2,  ///< the tanh approximation, a model's own choice
    CK_SILU = 3,
    CK_RELU = 4,
    CK_TANH = 5,
    CK_SIGMOID = 6,
} ck_activation;

/// A weight matrix Wᵀ in the layout of one instruction set and precision.
typedef struct ck_matrix {
    ck_precision precision;
    int32_t rows;        ///< outputs (n)
    int32_t columns;     ///< inputs (k)
    const void *packed;  ///< 64-byte aligned, `packed_size` bytes
} ck_matrix;

/// out[m × (column_end - column_begin)] = activation(x[m × k] · Wᵀ + bias) · factor + residual.
/// The factor, as of a gated layer, and the residual may be the output itself; x may not overlap it.
typedef struct ck_linear {
    const ck_matrix *weights;
    const float *bias;  ///< n values, or null
    const float *x;
    int64_t ldx;
    int64_t m;
    ck_activation activation;
    const float *factor;  ///< m × n, or null
    int64_t ldfactor;
    const float *residual;  ///< m × n, or null
    int64_t ldresidual;
    float *out;  ///< column 0 of the full output, whatever the column range
    int64_t ldout;
    int32_t column_begin;  ///< a multiple of `column_step`
    int32_t column_end;    ///< a multiple of `column_step`, or n
    void *scratch;         ///< 64-byte aligned, `linear_scratch_size` bytes
} ck_linear;

/// Attention of one sequence: softmax(scale · q kᵀ + bias) v for heads
/// [head_begin, head_end). Scores are never stored for the whole sequence.
typedef struct ck_attention {
    const float *q;      ///< head 0 of the first query's row
    const float *k, *v;  ///< head 0 of the sequence's first row
    int64_t ldq, ldk, ldv;
    int32_t length;      ///< tokens
    int32_t query_begin, query_end;  ///< the tokens that ask; the others are keys and values only
    int32_t head_size;
    int32_t head_begin, head_end;
    int32_t heads_per_kv;  ///< query heads that share one key/value head (1: all their own)
    float scale;
    /// Keys visible from query i are [i - window_left, i + window_right];
    /// INT32_MAX for all, window_right = 0 for causal.
    int32_t window_left, window_right;
    /// Additive bias by distance: distance_bias[head][j - i], each head's row
    /// `lddistance` long with distance 0 in its middle; null for none.
    const float *distance_bias;
    int64_t lddistance;
    /// Disentangled attention (He et al. 2021), for calls of one head: where `buckets`, which points at distance 0, is
    /// not null, b = buckets[j - i] and to_position[i][b] + from_position[j][b] adds to the score before it is scaled.
    /// Both begin with the sequence's first row.
    const float *to_position, *from_position;
    int64_t ldposition;
    const int32_t *buckets;
    float *out;  ///< head 0 of the first query's row
    int64_t ldout;
    void *scratch;  ///< 64-byte aligned, `attention_scratch_size` bytes
    /// CK_BF16 rounds queries, keys, values and softmax weights to bfloat16 for
    /// their products where `precisions` has it; sums and the softmax itself stay
    /// float32, as all does elsewhere and with CK_F32. CK_INT8 is taken as CK_BF16.
    ck_precision precision;
} ck_attention;

/// A row that a scan found.
typedef struct ck_candidate {
    float score;
    uint32_t row;
} ck_candidate;

/// A search for the k rows of [row_begin, row_end) with the largest query · row · scale, for vectors of bytes from -127
/// to 127. Sums are exact, so every instruction set finds the same. Rows whose score is NaN are never found.
typedef struct ck_scan {
    const int8_t *query;
    int32_t n;           ///< bytes of a vector, at most 65,536
    /// Row 0, whatever the range, and its scale. Rows and scales lie in blocks of 64: `ldrow` is from one row to the next
    /// within a block, `ldblock` and `ldscales` from one block to the next (64 · ldrow and 64 where nothing is between).
    const int8_t *rows;
    int64_t ldrow, ldblock;
    const float *scales;
    int64_t ldscales;
    int64_t row_begin, row_end;  ///< rows below 2³²
    const uint64_t *allowed;     ///< row r where bit r % 64 of word r / 64 is set; null for all
    int32_t k;
    ck_candidate *candidates;  ///< k of them
} ck_scan;

/// One instruction set's kernels. Tables are constant and live for ever.
typedef struct ck_kernels {
    ck_isa isa;
    const char *name;  ///< "portable", "neon", "avx2", "avx512", "amx"
    /// Bit p is set when this CPU computes ck_precision p with real instructions for it.
    uint32_t precisions;
    /// Changes whenever a packed layout does; part of the packed cache's key. All
    /// instruction sets share one layout per precision, so the set itself need not be.
    uint32_t layout_version;
    int32_t column_step;  ///< granularity of a column range in `linear`

    size_t (*packed_size)(ck_precision, int32_t rows, int32_t columns);
    /// Packs weights[rows × columns] (float32, row stride ld) for `linear`.
    void (*pack)(ck_precision, const float *weights, int64_t ld, int32_t rows, int32_t columns, void *packed);

    size_t (*linear_scratch_size)(ck_precision, int64_t m, int32_t rows, int32_t columns);
    void (*linear)(const ck_linear *);

    size_t (*attention_scratch_size)(int32_t length, int32_t head_size);
    void (*attention)(const ck_attention *);

    /// out = (x - mean) / sqrt(variance + epsilon) · gain + bias; bias may be null. In place allowed.
    void (*layer_norm)(
        const float *x, int64_t ldx, int64_t m, int32_t n, const float *gain, const float *bias, float epsilon,
        float *out, int64_t ldout);
    /// out = x / sqrt(mean(x²) + epsilon) · gain. In place allowed.
    void (*rms_norm)(
        const float *x, int64_t ldx, int64_t m, int32_t n, const float *gain, float epsilon, float *out, int64_t ldout);
    /// Rotary position embedding (Su et al. 2021) in place, for heads side by side: elements i and i + head_size / 2 of
    /// a head are a point that turns by the row's angle i. Cosines and sines are m × head_size / 2; head_size is even.
    void (*rotate)(
        float *x, int64_t ldx, int64_t m, int32_t heads, int32_t head_size, const float *cosines, const float *sines);
    /// In place activation of count values.
    void (*activate)(ck_activation, float *x, int64_t count);
    /// accumulator[n] += x[n]
    void (*add)(float *accumulator, const float *x, int64_t n);
    float (*dot)(const float *a, const float *b, int64_t n);
    /// Returns how many candidates there are, best first and, of equal ones, the lower row first.
    int32_t (*scan)(const ck_scan *);
} ck_kernels;

/// The kernels of one instruction set, or null where this CPU or build has none.
const ck_kernels *ck_kernels_for(ck_isa isa);

/// The fastest kernels this CPU has. HEARTH_ISA (a name of `ck_kernels`) is
/// the caller's business: the choice is explicit in Swift, never hidden here.
const ck_kernels *ck_kernels_best(void);

#endif
