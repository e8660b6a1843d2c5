// SPDX-License-Identifier: Apache-2.0
//
// Puts the page's files into the executable's read-only data.

#include "CPage.h"

#ifdef __APPLE__
#define SECTION ".section __TEXT,__const"
#define NAME(symbol) "_hearth_page_" #symbol
// The linker must not part an end from what it is the end of.
#define END(symbol) "\t.alt_entry " NAME(symbol##_end) "\n" NAME(symbol##_end) ":"
#else
#define SECTION ".section .rodata,\"a\",%progbits"
#define NAME(symbol) "hearth_page_" #symbol
#define END(symbol) NAME(symbol##_end) ":"
#endif

// A file's content and, behind it, its end; found by the path to headers.
#define PAGE_FILE(symbol, name)                                                                                        \
    __asm__(SECTION "\n\t.globl " NAME(symbol) "\n" NAME(symbol) ":\n\t.incbin \"files/" name "\"\n\t.globl " NAME(    \
        symbol##_end) "\n" END(symbol) "\n\t.byte 0\n\t.text");                                                         \
    extern const unsigned char hearth_page_##symbol[], hearth_page_##symbol##_end[];

PAGE_FILE(html, "index.html")
PAGE_FILE(css, "page.css")
PAGE_FILE(script, "page.js")
PAGE_FILE(daemon, "daemon.js")
PAGE_FILE(charts, "charts.js")
PAGE_FILE(text, "text.js")

static const hearth_page_file files[] = {
    {"/", "text/html; charset=utf-8", hearth_page_html, hearth_page_html_end},
    {"/page.css", "text/css; charset=utf-8", hearth_page_css, hearth_page_css_end},
    {"/page.js", "text/javascript; charset=utf-8", hearth_page_script, hearth_page_script_end},
    {"/daemon.js", "text/javascript; charset=utf-8", hearth_page_daemon, hearth_page_daemon_end},
    {"/charts.js", "text/javascript; charset=utf-8", hearth_page_charts, hearth_page_charts_end},
    {"/text.js", "text/javascript; charset=utf-8", hearth_page_text, hearth_page_text_end},
    {0, 0, 0, 0},
};

const hearth_page_file *hearth_page_files(void) {
    return files;
}
