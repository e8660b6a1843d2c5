// SPDX-License-Identifier: Apache-2.0
//
// Tables from the functions that the other templates made.

/// The table's functions that depend on a choice of arithmetic: `prefix`linear
/// and so on, from a function `prefix`arithmetic(precision).
#define CK_DRIVERS(prefix) \
    static CK_TARGET void prefix##linear(const ck_linear *l) { \
        run_linear(l, prefix##arithmetic(l->weights->precision)); \
    } \
    static size_t prefix##linear_scratch_size(ck_precision precision, int64_t m, int32_t rows, int32_t columns) { \
        (void)rows; \
        return linear_scratch_parts(prefix##arithmetic(precision), precision, m, columns, NULL).size; \
    } \
    static CK_TARGET void prefix##attention(const ck_attention *t) { \
        const ck_arithmetic *bf16 = prefix##arithmetic(CK_BF16); \
        if (t->precision == CK_F32 || bf16->is_emulated) run_attention_f32(t, prefix##arithmetic(CK_F32)); \
        else run_attention_bf16(t, bf16); \
    }

#define CK_TABLE(prefix, set, title, supported) \
    { \
        .isa = set, .name = title, .precisions = supported, .layout_version = CK_LAYOUT_VERSION, \
        .column_step = CK_PANEL, .packed_size = ck_packed_size, .pack = ck_pack, \
        .linear_scratch_size = prefix##linear_scratch_size, .linear = prefix##linear, \
        .attention_scratch_size = attention_scratch_size, .attention = prefix##attention, .layer_norm = layer_norm, \
        .rms_norm = rms_norm, .rotate = rotate, .activate = activate, .add = add, .dot = dot, \
        .scan = prefix##scan, \
    }
