// SPDX-License-Identifier: Apache-2.0
//
// Elementary functions and activations on the vectors of whichever vector/*.h
// was included before. Polynomials are our own minimax fits (Lawson's iteration
// on Chebyshev nodes, coefficients rounded to float32). The bounds named here
// are those of the whole float32 evaluation; the tests hold them. NaN gives NaN.

/// (2ʳ - 1) / r for |r| ≤ 1/2, relative error 1.5e-7.
CK_INLINE vf v_exp2_minus_1_quotient(vf r) {
    vf p = v_set(0.00015353361959569156f);
    p = v_fma(p, r, v_set(0.0013398873852565885f));
    p = v_fma(p, r, v_set(0.00961843691766262f));
    p = v_fma(p, r, v_set(0.055503323674201965f));
    p = v_fma(p, r, v_set(0.24022647738456726f));
    return v_fma(p, r, v_set(0.6931471824645996f));
}

/// 2ᵗ for t ≤ 0, the weights of a softmax: 1.5 ulp, never below 2⁻¹²⁵. With
/// `coarse` 3e-6 relative, finer than the bfloat16 that it becomes.
CK_INLINE vf v_exp2_weight(vf t, bool coarse) {
    const vf magic = v_set(0x1.8p23f);  // adding it leaves the nearest integer in the low bits
    t = v_max(v_set(-125), t);
    vf n = t + magic, r = t - (n - magic), p;
    if (coarse) {
        p = v_fma(v_set(0.009570101276040077f), r, v_set(0.05591785907745361f));
        p = v_fma(p, r, v_set(0.240247443318367f));
        p = v_fma(p, r, v_set(0.6931217908859253f));
        p = v_fma(p, r, v_set(0.9999992847442627f));
    } else {
        p = v_fma(v_exp2_minus_1_quotient(r), r, v_set(1));
    }
    return v_add_exponent(p, n);
}

/// eˣ = scale · (1 + fraction): in two parts, so that expm1 loses no digits either.
CK_INLINE void v_exp_parts(vf x, vf *scale, vf *fraction) {
    const float log2e = 1.442695041f;
    x = v_min(v_set(88.36f), v_max(v_set(LEAST_POWER / log2e), x));
    vf n = v_round(x * v_set(log2e));
    // ln 2 in two pieces, the first so short that n times it is exact.
    vf r = v_fma(n, v_set(2.12194440e-4f), v_fma(n, v_set(-0.693359375f), x));
    *scale = v_power_of_two(n);
    r = r * v_set(log2e);
    *fraction = v_exp2_minus_1_quotient(r) * r;
}

/// eˣ, 3 ulp; 0 far below -87, e⁸⁸·³⁶ from there up.
CK_INLINE vf v_exp(vf x) {
    vf scale, fraction;
    v_exp_parts(x, &scale, &fraction);
    return v_fma(scale, fraction, scale);
}

/// Relative error 4e-7.
CK_INLINE vf v_sigmoid(vf x) { return v_set(1) / (v_set(1) + v_exp(v_set(0) - x)); }

/// From expm1(-2|x|), so that small x keep their digits: relative error 5e-7.
CK_INLINE vf v_tanh(vf x) {
    vf scale, fraction;
    v_exp_parts(v_set(-2) * v_abs(x), &scale, &fraction);
    vf m = v_fma(scale, fraction, scale - v_set(1));
    return v_copysign((v_set(0) - m) / (v_set(2) + m), x);
}

/// x · sigmoid(y), with 0 rather than NaN where x is -∞.
CK_INLINE vf v_gated(vf x, vf y) { return v_max(v_set(-1e4f), x) * v_sigmoid(y); }

#if defined(CK_HAS_LOOKUP)

/// a Φ(-a) on [0, 5.4]: a polynomial of degree 4 for each of sixteen stretches, 0 at 0.
CK_INLINE vf v_gelu_tail(vf a) {
    static const float coefficients[5][16] = {
        {
            0.065282844f, 0.0491618104f, 0.0109362127f, -0.0233284663f, -0.0363563001f, -0.0291319322f,
            -0.0140141426f, -0.001986922f, 0.0033478206f, 0.00385016482f, 0.00254510716f, 0.00125826069f,
            0.000500701193f, 0.000165624937f, 4.63438555e-05f, 1.11643612e-05f,
        },
        {
            0.00023797316f, 0.0153594278f, 0.0963631421f, 0.214006051f, 0.274846405f, 0.227810383f, 0.111723721f,
            0.00343128038f, -0.0516335666f, -0.0572194085f, -0.0398617387f, -0.0210723039f, -0.00898441672f,
            -0.00317952642f, -0.000949329464f, -0.000243240429f,
        },
        {
            -0.398957938f, -0.404516399f, -0.470275164f, -0.622972429f, -0.729803741f, -0.614865839f, -0.280036181f,
            0.0860454738f, 0.299356252f, 0.322572231f, 0.235954046f, 0.13302651f, 0.0606697537f, 0.0229463764f,
            0.00730559882f, 0.00198998046f,
        },
        {
            0.500000298f, 0.500926077f, 0.525119483f, 0.613926411f, 0.697538674f, 0.572609961f, 0.142683476f,
            -0.407991976f, -0.775547445f, -0.818272769f, -0.626066804f, -0.375359356f, -0.182788551f, -0.0737999529f,
            -0.0250353627f, -0.00724601513f,
        },
        {
            0.0f, -5.78708423e-05f, -0.00345259346f, -0.0229764525f, -0.04759169f, 0.00336709316f, 0.210714549f,
            0.521720231f, 0.759418368f, 0.788778722f, 0.628757834f, 0.39965257f, 0.207387969f, 0.0892687216f,
            0.0322395489f, 0.00990931876f,
        },
    };
    vf stretch = v_fma(a, v_set(2.86851859f), v_set(0x1.8p23f));  // the nearest integer, in the low bits
    vf p = v_lookup(coefficients[0], stretch);
    CK_UNROLL
    for (int i = 1; i < 5; i++) p = v_fma(p, a, v_lookup(coefficients[i], stretch));
    return p;
}

#else

/// a Φ(-a) on [0, 5.4]: a polynomial.
CK_INLINE vf v_gelu_tail(vf a) {
    vf u = v_fma(a, v_set(2 / 5.4f), v_set(-1));
    vf p = v_set(-0.004876690451055765f);
    p = v_fma(p, u, v_set(0.00570510933175683f));
    p = v_fma(p, u, v_set(0.024582037702202797f));
    p = v_fma(p, u, v_set(-0.0417139045894146f));
    p = v_fma(p, u, v_set(-0.03436526656150818f));
    p = v_fma(p, u, v_set(0.11965547502040863f));
    p = v_fma(p, u, v_set(-0.04914950951933861f));
    p = v_fma(p, u, v_set(-0.13493862748146057f));
    p = v_fma(p, u, v_set(0.2119380533695221f));
    p = v_fma(p, u, v_set(-0.07203572243452072f));
    p = v_fma(p, u, v_set(-0.1549881249666214f));
    p = v_fma(p, u, v_set(0.2673019766807556f));
    p = v_fma(p, u, v_set(-0.21500103175640106f));
    p = v_fma(p, u, v_set(0.10255631059408188f));
    p = v_fma(p, u, v_set(-0.028137056156992912f));
    p = v_fma(p, u, v_set(0.003466985886916518f));
    return a * p;
}

#endif

/// x Φ(x) = max(x, 0) - |x| Φ(-|x|), whose tail is below 2e-7 beyond 5.4.
/// Absolute error 4e-7 for |x| ≤ 5.4, half an ulp more above.
CK_INLINE vf v_gelu(vf x) { return v_max(v_set(0), x) - v_gelu_tail(v_min(v_set(5.4f), v_abs(x))); }

CK_INLINE vf v_gelu_tanh(vf x) {
    // 0.5 (1 + tanh(y)) is sigmoid(2y).
    vf y = v_set(1.5957691216057308f) * x * v_fma(v_set(0.044715f) * x, x, v_set(1));
    return v_gated(x, y);
}

CK_INLINE vf v_activation(ck_activation activation, vf x) {
    switch (activation) {
        case CK_IDENTITY: return x;
        case CK_GELU: return v_gelu(x);
        case CK_GELU_TANH: return v_gelu_tanh(x);
        case CK_SILU: return v_gated(x, x);
        case CK_RELU: return v_max(v_set(0), x);
        case CK_TANH: return v_tanh(x);
        case CK_SIGMOID: return v_sigmoid(x);
    }
    return x;
}
