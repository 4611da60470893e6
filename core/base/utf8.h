/* utf8.h: text that crosses from others to us: whether it is UTF-8, and what becomes of what is none. */
#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The bytes (1 to 4) of the character that begins at `at`, of which `left` bytes are there; 0 where that is no UTF-8: a
 * stray byte, too long a form, half of a surrogate, a code beyond U+10FFFF, or a zero byte, which ends texts elsewhere.
 */
size_t utf8_character(const char *at, size_t left);

/* How many of the `size` bytes are no UTF-8. */
uint64_t utf8_wrong(const char *text, size_t size);

/* The first byte of a text that is no UTF-8; -1: there is none. */
int utf8_first_wrong(const char *text);

/* Copies the text, each byte that is no UTF-8 as U+FFFD, and ends it with a zero byte. `out` has room for size + 2 *
 * utf8_wrong() + 1. */
void utf8_repair(const char *text, size_t size, char *out);

#endif
