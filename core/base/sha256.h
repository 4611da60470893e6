/* sha256.h: SHA-256 (FIPS 180-4). */
#ifndef CORE_BASE_SHA256_H
#define CORE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
} sha256;

enum { SHA256_TEXT_SIZE = 65 };

void sha256_begin(sha256 *s);
void sha256_add(sha256 *s, const void *data, size_t size);
/* The digest as 64 hexadecimal digits and a zero byte. */
void sha256_end(sha256 *s, char out[SHA256_TEXT_SIZE]);

#endif
