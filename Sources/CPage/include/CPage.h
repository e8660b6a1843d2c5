// SPDX-License-Identifier: Apache-2.0
//
// The files of the page that the daemon serves, as read-only data of the executable.

#ifndef HEARTH_PAGE_H
#define HEARTH_PAGE_H

typedef struct {
    /// Its path on the server: "/page.css"; the page itself is "/".
    const char *path;
    const char *media_type;
    const unsigned char *begin, *end;
} hearth_page_file;

/// Every file of the page; the last entry's path is NULL.
const hearth_page_file *hearth_page_files(void);

#endif
