/* wire.c: bytes that cross from process to process. */
#include "base/wire.h"

#include <stdlib.h>

#include "base/apart.h"
#include "base/utf8.h"

#define APART_BYTES ((size_t)16 << 10) /* at first: it takes pages */

void wire_free(wire *out)
{
    const int apart = out->apart;
    if (apart)
        apart_free(out->data);
    else
        free(out->data);
    memset(out, 0, sizeof *out);
    out->apart = apart;
}

void wire_room(wire *out, size_t size)
{
    size_t wanted, capacity = out->capacity > 0 ? out->capacity : out->apart ? APART_BYTES : 256;
    unsigned char *data;
    if (out->failed || size <= out->capacity - out->size)
        return;
    if (__builtin_add_overflow(out->size, size, &wanted) || wanted > SIZE_MAX / 2) {
        out->failed = 1;
        return;
    }
    while (capacity < wanted)
        capacity *= 2;
    if (!out->apart)
        data = realloc(out->data, capacity);
    else
        data = out->data == NULL ? apart_make(1, capacity) : apart_grow(out->data, capacity);
    if (data == NULL) {
        out->failed = 1;
        return;
    }
    out->data = data;
    out->capacity = capacity;
}

void wire_put(wire *out, const void *bytes, size_t size)
{
    wire_room(out, size);
    if (out->failed)
        return;
    if (size != 0)
        memcpy(out->data + out->size, bytes, size);
    out->size += size;
}

void wire_u32(wire *out, uint32_t number)
{
    wire_put(out, &number, sizeof number);
}

void wire_u64(wire *out, uint64_t number)
{
    wire_put(out, &number, sizeof number);
}

void wire_f64(wire *out, double number)
{
    wire_put(out, &number, sizeof number);
}

void wire_text(wire *out, const char *text)
{
    size_t length;
    if (text == NULL) {
        wire_u64(out, UINT64_MAX);
        return;
    }
    length = strlen(text);
    wire_u64(out, length);
    wire_put(out, text, length + 1);
}

/* A text as UTF-8. */
static uint64_t put_text(wire *out, const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);
    uint64_t wrong = utf8_wrong(text, length);
    if (wrong == 0) {
        wire_text(out, text);
        return 0;
    }
    wire_u64(out, length + 2 * wrong);
    wire_room(out, length + 2 * (size_t)wrong + 1);
    if (!out->failed) {
        utf8_repair(text, length, (char *)out->data + out->size);
        out->size += length + 2 * (size_t)wrong + 1;
    }
    return wrong;
}

uint64_t wire_value(wire *out, const pipette_value *value)
{
    uint64_t i, count = pipette_value_count(value), wrong = 0;
    wire_u32(out, (uint32_t)value->type);
    wire_u32(out, value->rank);
    for (i = 0; i < value->rank; i++)
        wire_u64(out, value->shape[i]);
    if (value->type == PIPETTE_TYPE_STRING) {
        const char *const *texts = value->rank == 0 ? &value->as.string : (const char *const *)value->data;
        for (i = 0; i < count; i++)
            wrong += put_text(out, texts[i]);
    } else {
        wire_put(out, pipette_value_data(value), (size_t)count * pipette_type_size(value->type));
    }
    return wrong;
}

const void *wire_get(wire_reader *in, size_t size)
{
    const void *bytes;
    if (in->failed || size > in->size - in->at) {
        in->failed = 1;
        return NULL;
    }
    bytes = in->data + in->at;
    in->at += size;
    return bytes;
}

uint32_t wire_get_u32(wire_reader *in)
{
    uint32_t number = 0;
    const void *bytes = wire_get(in, sizeof number);
    if (bytes != NULL)
        memcpy(&number, bytes, sizeof number);
    return number;
}

uint64_t wire_get_u64(wire_reader *in)
{
    uint64_t number = 0;
    const void *bytes = wire_get(in, sizeof number);
    if (bytes != NULL)
        memcpy(&number, bytes, sizeof number);
    return number;
}

double wire_get_f64(wire_reader *in)
{
    double number = 0;
    const void *bytes = wire_get(in, sizeof number);
    if (bytes != NULL)
        memcpy(&number, bytes, sizeof number);
    return number;
}

const char *wire_get_text(wire_reader *in)
{
    uint64_t length = wire_get_u64(in);
    const char *text;
    if (in->failed || length == UINT64_MAX)
        return NULL;
    if (length >= in->size - in->at) {
        in->failed = 1;
        return NULL;
    }
    text = wire_get(in, (size_t)length + 1);
    if (text != NULL && text[length] != '\0') {
        in->failed = 1;
        return NULL;
    }
    return text;
}

/* An array of texts as one block: the pointers, then the letters, so that it outlives the message. */
static int get_texts(wire_reader *in, size_t count, pipette_value *value)
{
    wire_reader ahead = *in;
    size_t i, letters = 0;
    const char **texts;
    char *at;
    for (i = 0; i < count && !ahead.failed; i++) {
        const char *text = wire_get_text(&ahead);
        letters += text == NULL ? 0 : strlen(text) + 1;
    }
    texts = ahead.failed ? NULL : malloc(count * sizeof *texts + letters + 1);
    if (texts == NULL)
        return 0;
    at = (char *)(texts + count);
    for (i = 0; i < count; i++) {
        const char *text = wire_get_text(in);
        texts[i] = text == NULL ? NULL : strcpy(at, text);
        at += text == NULL ? 0 : strlen(text) + 1;
    }
    value->data = texts;
    return 1;
}

int wire_get_value(wire_reader *in, pipette_value *value)
{
    uint64_t i, count = 1;
    size_t size;
    *value = pipette_value_none();
    value->type = (int32_t)wire_get_u32(in);
    value->rank = wire_get_u32(in);
    size = pipette_type_size(value->type);
    if (in->failed || size == 0 || value->rank > 32)
        goto failed;
    if (value->rank > 0) {
        uint64_t *shape = malloc(value->rank * sizeof *shape);
        value->shape = shape;
        if (shape == NULL)
            goto failed;
        for (i = 0; i < value->rank; i++)
            shape[i] = wire_get_u64(in);
        count = pipette_value_count(value);
    }
    /* Every element takes its bytes of the message, so a larger count is a lie. */
    if (in->failed || count > in->size / (value->type == PIPETTE_TYPE_STRING ? 8 : size))
        goto failed;
    if (value->type == PIPETTE_TYPE_STRING && value->rank != 0) {
        if (!get_texts(in, (size_t)count, value))
            goto failed;
    } else if (value->type == PIPETTE_TYPE_STRING) {
        value->as.string = wire_get_text(in);
    } else {
        const void *bytes = wire_get(in, (size_t)count * size);
        if (bytes == NULL)
            goto failed;
        if (value->rank == 0) {
            memcpy(&value->as, bytes, size);
        } else {
            void *data = malloc((size_t)count * size + 1);
            value->data = data;
            if (data == NULL)
                goto failed;
            memcpy(data, bytes, (size_t)count * size);
        }
    }
    if (!in->failed)
        return PIPETTE_OK;
failed:
    in->failed = 1;
    wire_value_free(value);
    return PIPETTE_E_INTERNAL;
}

void wire_value_free(pipette_value *value)
{
    if (value->rank != 0) {
        free((void *)(uintptr_t)value->shape);
        free((void *)(uintptr_t)value->data);
    }
    *value = pipette_value_none();
}
