// SPDX-License-Identifier: Apache-2.0
//
// Puts the model's files into the executable's read-only data.

#include "CEmbeddedModel.h"

#ifdef __APPLE__
#define SECTION ".section __TEXT,__const"
#define NAME(symbol) "_hearth_embedded_" #symbol
#else
#define SECTION ".section .rodata,\"a\",%progbits"
#define NAME(symbol) "hearth_embedded_" #symbol
#endif

// A file's content, found by the path to headers.
#define EMBEDDED_FILE(symbol, name, size, sha256)                                                                      \
    __asm__(SECTION "\n\t.p2align 6\n\t.globl " NAME(symbol) "\n" NAME(symbol) ":\n\t.incbin \"model/" name            \
                    "\"\n\t.byte 0\n\t.text");                                                                         \
    extern const unsigned char hearth_embedded_##symbol[];
#include "files.h"
#undef EMBEDDED_FILE

#define EMBEDDED_FILE(symbol, name, size, sha256) {name, hearth_embedded_##symbol, size, sha256},
static const hearth_embedded_file files[] = {
#include "files.h"
    {NULL, NULL, 0, NULL}};

const hearth_embedded_file *hearth_embedded_model(void) {
    return files;
}
