// SPDX-License-Identifier: Apache-2.0
//
// The driver of `linear`: blocks of rows are converted once, multiplied panel
// by panel, and finished while their sums are in the first-level cache. On the
// vectors of whichever vector/*.h was included before.

/// The parts of the caller's scratch, for blocks of `rows` rows.
typedef struct linear_scratch {
    int64_t rows, panels, lda;
    float *sums;
    ck_quantization *quantized;
    void *a;
    size_t size;
} linear_scratch;

static linear_scratch linear_scratch_parts(
    const ck_arithmetic *arithmetic, ck_precision precision, int64_t m, int32_t k, void *scratch) {
    linear_scratch s;
    s.rows = ck_round_up(m < arithmetic->row_block ? m : arithmetic->row_block, 16);
    s.panels = s.rows <= 16 ? arithmetic->panels : 1;
    // An odd number of cache lines: rows a power of two apart would share the sets of the cache.
    s.lda = ck_round_up((int64_t)ck_round_up(k, ck_depth(precision)) * ck_operand_size(precision), 64) | 64;
    // Both a multiple of 64 bytes.
    const size_t sums = (size_t)(s.rows * s.panels * CK_PANEL) * sizeof(float);
    const size_t quantized = (size_t)s.rows * sizeof(ck_quantization);
    const uintptr_t base = (uintptr_t)scratch;
    s.sums = scratch;
    s.quantized = (ck_quantization *)(base + sums);
    s.a = (void *)(base + sums + quantized);
    s.size = sums + quantized + (arithmetic->convert ? (size_t)(s.rows * s.lda) : 0);
    return s;
}

/// What int8 sums become floats with.
typedef struct linear_scales {
    const ck_quantization *rows;
    const float *columns;
    const int32_t *column_sums;  // of the weights' bytes
} linear_scales;

/// out = activation(sums + bias) · factor + residual for a block of rows and columns. Column by column, so that what
/// belongs to a column stays in registers.
/// `activation`, `int8` and `gated`, whether there is a factor, are constants.
CK_INLINE void finish_as(
    ck_activation activation, bool int8, bool gated, const ck_linear *l, const linear_scales *scales, const float *sums,
    int64_t ldc, int64_t row, int64_t rows, int64_t column, int64_t columns) {
    const vf zero = v_set(0);
    for (int64_t j = 0; j < columns; j += LANES) {
        const int64_t at = column + j, count = columns - j;
        const bool whole = count >= LANES;
        const vf bias = !l->bias ? zero : whole ? v_load(l->bias + at) : v_load_part(l->bias + at, count, zero);
        const vf scale = int8 ? v_load(scales->columns + at) : zero;
        const vf column_sums = int8 ? v_load_int(scales->column_sums + at) : zero;
        const float *factor = gated ? l->factor + row * l->ldfactor + at : NULL;
        const float *residual = l->residual ? l->residual + row * l->ldresidual + at : NULL;
        float *out = l->out + row * l->ldout + at;
        for (int64_t i = 0; i < rows; i++, out += l->ldout) {
            const float *sum = sums + i * ldc + j;
            vf v;
            if (int8) {
                const ck_quantization q = scales->rows[i];
                v = v_fma(v_set(q.offset), column_sums, v_load_int((const int32_t *)sum));
                v = v_fma(v * v_set(q.scale), scale, bias);
            } else {
                v = v_load(sum) + bias;
            }
            v = v_activation(activation, v);
            if (gated) {
                v = v * (whole ? v_load(factor) : v_load_part(factor, count, zero));
                factor += l->ldfactor;
            }
            if (residual) {
                v = v + (whole ? v_load(residual) : v_load_part(residual, count, zero));
                residual += l->ldresidual;
            }
            if (whole) v_store(out, v);
            else v_store_part(out, v, count);
        }
    }
}

static CK_TARGET void finish(
    const ck_linear *l, const linear_scales *scales, const float *sums, int64_t ldc, int64_t row, int64_t rows,
    int64_t column, int64_t columns) {
    switch (l->activation) {
#define FINISH(activation, int8) \
    if (l->factor) finish_as(activation, int8, true, l, scales, sums, ldc, row, rows, column, columns); \
    else finish_as(activation, int8, false, l, scales, sums, ldc, row, rows, column, columns);
#define FINISH_CASE(activation) \
    case activation: \
        if (scales) { \
            FINISH(activation, true) \
        } else { \
            FINISH(activation, false) \
        } \
        break;
        FINISH_CASE(CK_IDENTITY)
        FINISH_CASE(CK_GELU)
        FINISH_CASE(CK_GELU_TANH)
        FINISH_CASE(CK_SILU)
        FINISH_CASE(CK_RELU)
        FINISH_CASE(CK_TANH)
        FINISH_CASE(CK_SIGMOID)
#undef FINISH_CASE
#undef FINISH
    }
}

static CK_TARGET void run_linear(const ck_linear *l, const ck_arithmetic *arithmetic) {
    const ck_matrix *w = l->weights;
    const int64_t depth = ck_round_up(w->columns, ck_depth(w->precision));
    const int64_t panel_size = depth * CK_PANEL * ck_operand_size(w->precision);
    const int64_t padded = ck_round_up(w->rows, CK_PANEL);
    const float *column_scales = (const float *)((const char *)w->packed + padded / CK_PANEL * panel_size);
    const linear_scratch s = linear_scratch_parts(arithmetic, w->precision, l->m, w->columns, l->scratch);
    const int64_t step = s.panels * CK_PANEL;
    const linear_scales scales = {
        .rows = s.quantized, .columns = column_scales, .column_sums = (const int32_t *)column_scales + padded,
    };

    if (arithmetic->enter) arithmetic->enter();
    for (int64_t i = 0; i < l->m; i += s.rows) {
        const int64_t rows = l->m - i < s.rows ? l->m - i : s.rows;
        const float *x = l->x + i * l->ldx;
        if (arithmetic->convert) arithmetic->convert(x, l->ldx, rows, w->columns, s.a, s.lda, s.quantized);

        for (int64_t j = l->column_begin; j < l->column_end; j += step) {
            const int64_t columns = l->column_end - j < step ? l->column_end - j : step;
            const int64_t panels = (columns + CK_PANEL - 1) / CK_PANEL, ldc = panels * CK_PANEL;
            arithmetic->product(&(ck_product){
                .a = arithmetic->convert ? s.a : x,
                .lda = arithmetic->convert ? s.lda : l->ldx * (int64_t)sizeof(float),
                .m = rows,
                .b = (const char *)w->packed + j / CK_PANEL * panel_size,
                .ldb = panel_size,
                .panels = (int32_t)panels,
                .groups = (int32_t)(depth / ck_group(w->precision)),
                .c = s.sums,
                .ldc = ldc,
            });
            finish(l, w->precision == CK_INT8 ? &scales : NULL, s.sums, ldc, i, rows, j, columns);
        }
    }
    if (arithmetic->leave) arithmetic->leave();
}
