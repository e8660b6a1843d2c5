// SPDX-License-Identifier: Apache-2.0
//
// The AMX tile operations that amx.c uses: the instructions, or with
// CK_EMULATE_TILES defined plain C of the same semantics (Intel SDM), so that
// the logic above them is tested on machines without AMX.

#ifndef CK_TILES_H
#define CK_TILES_H

#include <stdint.h>

/// The tile configuration's memory image.
typedef struct __attribute__((packed)) tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

#if !defined(CK_EMULATE_TILES)

#include <immintrin.h>

#define CK_TILES __attribute__((target("amx-tile,amx-bf16,amx-int8")))

#define tile_load_config(config) _tile_loadconfig(config)
#define tile_release() _tile_release()
#define tile_zero(t) _tile_zero(t)
#define tile_load(t, base, stride) _tile_loadd(t, base, (long)(stride))
#define tile_store(t, base, stride) _tile_stored(t, base, (long)(stride))
#define tile_dot_bf16(c, a, b) _tile_dpbf16ps(c, a, b)
#define tile_dot_int8(c, a, b) _tile_dpbusd(c, a, b)

#else

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CK_TILES

static _Thread_local tile_config tile_state;
static _Thread_local uint8_t tiles[8][16][64];

/// What raises #UD on the CPU.
static void tile_require(int condition) {
    if (!condition) abort();
}

static void tile_load_config(const tile_config *config) {
    tile_require(config->palette == 1);
    for (int t = 0; t < 16; t++) {
        const int limit = t < 8;
        tile_require(config->rows[t] <= 16 * limit && config->row_bytes[t] <= 64 * limit);
        tile_require((config->rows[t] == 0) == (config->row_bytes[t] == 0));
    }
    tile_state = *config;
    memset(tiles, 0, sizeof tiles);
}

static void tile_release(void) {
    memset(&tile_state, 0, sizeof tile_state);
    memset(tiles, 0, sizeof tiles);
}

static void tile_zero(int t) {
    tile_require(tile_state.palette == 1 && tile_state.rows[t] > 0);
    memset(tiles[t], 0, sizeof tiles[t]);
}

static void tile_load(int t, const void *base, int64_t stride) {
    tile_zero(t);
    for (int i = 0; i < tile_state.rows[t]; i++)
        memcpy(tiles[t][i], (const char *)base + i * stride, tile_state.row_bytes[t]);
}

static void tile_store(int t, void *base, int64_t stride) {
    tile_require(tile_state.palette == 1 && tile_state.rows[t] > 0);
    for (int i = 0; i < tile_state.rows[t]; i++)
        memcpy((char *)base + i * stride, tiles[t][i], tile_state.row_bytes[t]);
}

/// The shapes that a product of a and b into c needs.
static void tile_require_shapes(int c, int a, int b) {
    tile_require(tile_state.palette == 1 && c != a && c != b && a != b);
    tile_require(tile_state.rows[c] == tile_state.rows[a] && tile_state.row_bytes[c] == tile_state.row_bytes[b]);
    tile_require(tile_state.row_bytes[a] == 4 * tile_state.rows[b] && tile_state.row_bytes[c] % 4 == 0);
}

static float tile_flush(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }

static float tile_bf16(const uint8_t *p) {
    const uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 24;
    float x;
    memcpy(&x, &bits, sizeof x);
    return tile_flush(x);
}

static void tile_dot_bf16(int c, int a, int b) {
    tile_require_shapes(c, a, b);
    for (int m = 0; m < tile_state.rows[c]; m++)
        for (int n = 0; n < tile_state.row_bytes[c] / 4; n++) {
            float even = 0, odd = 0, sum;
            for (int k = 0; k < tile_state.row_bytes[a] / 4; k++) {
                const uint8_t *left = tiles[a][m] + 4 * k, *right = tiles[b][k] + 4 * n;
                even = tile_flush(fmaf(tile_bf16(left), tile_bf16(right), even));
                odd = tile_flush(fmaf(tile_bf16(left + 2), tile_bf16(right + 2), odd));
            }
            memcpy(&sum, tiles[c][m] + 4 * n, sizeof sum);
            sum = tile_flush(tile_flush(sum) + tile_flush(even + odd));
            memcpy(tiles[c][m] + 4 * n, &sum, sizeof sum);
        }
}

static void tile_dot_int8(int c, int a, int b) {  // unsigned by signed, wrapping
    tile_require_shapes(c, a, b);
    for (int m = 0; m < tile_state.rows[c]; m++)
        for (int n = 0; n < tile_state.row_bytes[c] / 4; n++) {
            uint32_t sum;
            memcpy(&sum, tiles[c][m] + 4 * n, sizeof sum);
            for (int k = 0; k < tile_state.row_bytes[a]; k++)
                sum += (uint32_t)(tiles[a][m][k] * (int8_t)tiles[b][k / 4][4 * n + k % 4]);
            memcpy(tiles[c][m] + 4 * n, &sum, sizeof sum);
        }
}

#endif

#endif
