/* growing_text.c: text that grows. */
#include "base/growing_text.h"

#include <stdlib.h>

void growing_text_add(growing_text *to, const char *format, ...)
{
    va_list arguments;
    char *bytes;
    int more;
    va_start(arguments, format);
    more = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    bytes = more < 0 || to->failed ? NULL : realloc(to->bytes, to->length + (size_t)more + 1);
    if (bytes == NULL) {
        to->failed = 1;
        return;
    }
    to->bytes = bytes;
    va_start(arguments, format);
    (void)vsnprintf(bytes + to->length, (size_t)more + 1, format, arguments);
    va_end(arguments);
    to->length += (size_t)more;
}
