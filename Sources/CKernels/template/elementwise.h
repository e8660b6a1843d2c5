// SPDX-License-Identifier: Apache-2.0
//
// Row-wise and element-wise functions of the kernel table, on the vectors of
// whichever vector/*.h was included before. Needs template/math.h.

#include <stddef.h>

CK_INLINE void activate_as(ck_activation activation, float *x, int64_t count) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) v_store(x + i, v_activation(activation, v_load(x + i)));
    if (i < count) {
        vf v = v_load_part(x + i, count - i, v_set(0));
        v_store_part(x + i, v_activation(activation, v), count - i);
    }
}

static CK_TARGET void activate(ck_activation activation, float *x, int64_t count) {
    switch (activation) {
        case CK_IDENTITY: break;
        case CK_GELU: activate_as(CK_GELU, x, count); break;
        case CK_GELU_TANH: activate_as(CK_GELU_TANH, x, count); break;
        case CK_SILU: activate_as(CK_SILU, x, count); break;
        case CK_RELU: activate_as(CK_RELU, x, count); break;
        case CK_TANH: activate_as(CK_TANH, x, count); break;
        case CK_SIGMOID: activate_as(CK_SIGMOID, x, count); break;
    }
}

/// Up to LANES points (a, b) turned by angles given as cosines and sines.
CK_INLINE void turn(vf *a, vf *b, vf cosine, vf sine) {
    const vf x = *a, y = *b;
    *a = v_fma(x, cosine, v_set(0) - y * sine);
    *b = v_fma(y, cosine, x * sine);
}

static CK_TARGET void rotate(
    float *x, int64_t ldx, int64_t m, int32_t heads, int32_t head_size, const float *cosines, const float *sines) {
    const int32_t half = head_size / 2;
    const vf zero = v_set(0);
    for (; m > 0; m--, x += ldx, cosines += half, sines += half)
        for (int32_t h = 0; h < heads; h++) {
            float *first = x + (int64_t)h * head_size, *second = first + half;
            int32_t j = 0;
            for (; j + LANES <= half; j += LANES) {
                vf a = v_load(first + j), b = v_load(second + j);
                turn(&a, &b, v_load(cosines + j), v_load(sines + j));
                v_store(first + j, a);
                v_store(second + j, b);
            }
            if (j < half) {
                const int32_t rest = half - j;
                vf a = v_load_part(first + j, rest, zero), b = v_load_part(second + j, rest, zero);
                turn(&a, &b, v_load_part(cosines + j, rest, zero), v_load_part(sines + j, rest, zero));
                v_store_part(first + j, a, rest);
                v_store_part(second + j, b, rest);
            }
        }
}

CK_INLINE float sum_of(const float *x, int32_t n) {
    vf s[4] = {v_set(0), v_set(0), v_set(0), v_set(0)};
    int32_t j = 0;
    for (; j + 4 * LANES <= n; j += 4 * LANES)
        for (int u = 0; u < 4; u++) s[u] += v_load(x + j + u * LANES);
    for (; j + LANES <= n; j += LANES) s[0] += v_load(x + j);
    if (j < n) s[1] += v_load_part(x + j, n - j, v_set(0));
    return v_sum((s[0] + s[1]) + (s[2] + s[3]));
}

/// Σ (x - center)²
CK_INLINE float squares_of(const float *x, int32_t n, float center) {
    const vf c = v_set(center);
    vf s[4] = {v_set(0), v_set(0), v_set(0), v_set(0)};
    int32_t j = 0;
    for (; j + 4 * LANES <= n; j += 4 * LANES)
        for (int u = 0; u < 4; u++) {
            vf d = v_load(x + j + u * LANES) - c;
            s[u] = v_fma(d, d, s[u]);
        }
    for (; j + LANES <= n; j += LANES) {
        vf d = v_load(x + j) - c;
        s[0] = v_fma(d, d, s[0]);
    }
    if (j < n) {
        vf d = v_load_part(x + j, n - j, c) - c;
        s[1] = v_fma(d, d, s[1]);
    }
    return v_sum((s[0] + s[1]) + (s[2] + s[3]));
}

/// out = (x - center) · factor · gain + bias
CK_INLINE void normalize_row(
    const float *x, int32_t n, float center, float factor, const float *gain, const float *bias, float *out) {
    const vf c = v_set(center), f = v_set(factor), zero = v_set(0);
    int32_t j = 0;
    for (; j + LANES <= n; j += LANES)
        v_store(out + j, v_fma((v_load(x + j) - c) * f, v_load(gain + j), bias ? v_load(bias + j) : zero));
    if (j < n) {
        vf v = (v_load_part(x + j, n - j, zero) - c) * f;
        vf b = bias ? v_load_part(bias + j, n - j, zero) : zero;
        v_store_part(out + j, v_fma(v, v_load_part(gain + j, n - j, zero), b), n - j);
    }
}

static CK_TARGET void layer_norm(
    const float *x, int64_t ldx, int64_t m, int32_t n, const float *gain, const float *bias, float epsilon, float *out,
    int64_t ldout) {
    for (; m > 0; m--, x += ldx, out += ldout) {
        const float mean = sum_of(x, n) / (float)n;
        const float variance = squares_of(x, n, mean) / (float)n;
        normalize_row(x, n, mean, 1 / __builtin_sqrtf(variance + epsilon), gain, bias, out);
    }
}

static CK_TARGET void rms_norm(
    const float *x, int64_t ldx, int64_t m, int32_t n, const float *gain, float epsilon, float *out, int64_t ldout) {
    for (; m > 0; m--, x += ldx, out += ldout) {
        const float mean_square = squares_of(x, n, 0) / (float)n;
        normalize_row(x, n, 0, 1 / __builtin_sqrtf(mean_square + epsilon), gain, NULL, out);
    }
}

static CK_TARGET void add(float *accumulator, const float *x, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(accumulator + i, v_load(accumulator + i) + v_load(x + i));
    for (; i < n; i++) accumulator[i] += x[i];
}

static CK_TARGET float dot(const float *a, const float *b, int64_t n) {
    vf s[4] = {v_set(0), v_set(0), v_set(0), v_set(0)};
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        for (int u = 0; u < 4; u++) s[u] = v_fma(v_load(a + i + u * LANES), v_load(b + i + u * LANES), s[u]);
    for (; i + LANES <= n; i += LANES) s[0] = v_fma(v_load(a + i), v_load(b + i), s[0]);
    if (i < n) s[1] = v_fma(v_load_part(a + i, n - i, v_set(0)), v_load_part(b + i, n - i, v_set(0)), s[1]);
    return v_sum((s[0] + s[1]) + (s[2] + s[3]));
}
