/* growing_text.h: text that grows. For messages that list things. */
#ifndef CORE_BASE_GROWING_TEXT_H
#define CORE_BASE_GROWING_TEXT_H

#include <pipette/base.h>

/* Starts as {NULL, 0, 0}; free(text.bytes) at the end. `failed` is set where memory was short; `bytes` may be NULL
 * then. */
typedef struct growing_text {
    char *bytes;
    size_t length;
    int failed;
} growing_text;

void growing_text_add(growing_text *to, const char *format, ...) PIPETTE_PRINTF(2, 3);

#endif
