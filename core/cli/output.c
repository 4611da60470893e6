/* output.c: values as CSV and as JSON into a buffer, and the buffer onto standard output in blocks. */
#include "cli/output.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

enum { OUTPUT_BLOCK = 1 << 16 };

static void drain(output *out)
{
    size_t done = 0;
    while (done < out->used && out->failed == 0) {
        ssize_t part = write(out->file, out->data + done, out->used - done);
        if (part < 0 && errno != EINTR)
            out->failed = errno;
        done += part > 0 ? (size_t)part : 0;
    }
    out->used = 0;
}

/* Room for `count` more; NULL after a failure. */
static char *room(output *out, size_t count)
{
    if (out->file != 0 && out->used + count > OUTPUT_BLOCK)
        drain(out);
    if (out->failed != 0)
        return NULL;
    if (out->used + count > out->capacity) {
        size_t capacity =
            2 * (out->used + count) < OUTPUT_BLOCK && out->file != 0 ? OUTPUT_BLOCK : 2 * (out->used + count);
        char *more = realloc(out->data, capacity);
        if (more == NULL) {
            out->failed = ENOMEM;
            return NULL;
        }
        out->data = more;
        out->capacity = capacity;
    }
    return out->data + out->used;
}

void output_bytes(output *out, const char *bytes, size_t count)
{
    char *to = room(out, count);
    if (to == NULL || count == 0)
        return;
    memcpy(to, bytes, count);
    out->used += count;
}

void output_text(output *out, const char *text)
{
    output_bytes(out, text, strlen(text));
}

void output_u64(output *out, uint64_t number)
{
    char text[20];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    output_bytes(out, text + at, sizeof text - at);
}

static void put_i64(output *out, int64_t number)
{
    if (number < 0)
        output_bytes(out, "-", 1);
    output_u64(out, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

static void put_f64(output *out, double number)
{
    char *to = room(out, 28);
    if (to != NULL)
        out->used += (size_t)(pipette_f64_text(number, to) - to);
}

/* Numbers that CSV and JSON write alike. */
static void put_number(output *out, int type, const void *elements, uint64_t index)
{
    char *to;
    switch (type) {
    case PIPETTE_TYPE_F64:
        put_f64(out, ((const double *)elements)[index]);
        break;
    case PIPETTE_TYPE_F32:
        to = room(out, 28);
        if (to != NULL)
            out->used += (size_t)(pipette_f32_text(((const float *)elements)[index], to) - to);
        break;
    case PIPETTE_TYPE_I64:
        put_i64(out, ((const int64_t *)elements)[index]);
        break;
    case PIPETTE_TYPE_I32:
        put_i64(out, ((const int32_t *)elements)[index]);
        break;
    case PIPETTE_TYPE_U64:
        output_u64(out, ((const uint64_t *)elements)[index]);
        break;
    case PIPETTE_TYPE_BOOL:
        output_text(out, ((const uint8_t *)elements)[index] ? "true" : "false");
        break;
    default:
        break;
    }
}

/* ---- CSV ---- */

void output_csv(output *out, const char *text)
{
    size_t plain = strcspn(text, ",\"\n\r");
    if (text[plain] == '\0') {
        output_bytes(out, text, plain);
        return;
    }
    output_bytes(out, "\"", 1);
    for (;;) {
        size_t part = strcspn(text, "\"");
        output_bytes(out, text, part);
        if (text[part] == '\0')
            break;
        output_bytes(out, "\"\"", 2);
        text += part + 1;
    }
    output_bytes(out, "\"", 1);
}

void output_csv_element(output *out, int type, const void *elements, uint64_t index)
{
    if (type == PIPETTE_TYPE_STRING) {
        const char *text = ((const char *const *)elements)[index];
        output_csv(out, text == NULL ? "" : text);
    } else if (type == PIPETTE_TYPE_COMPLEX) {
        const pipette_complex *z = &((const pipette_complex *)elements)[index];
        put_f64(out, z->real);
        if (!signbit(z->imaginary) || isnan(z->imaginary))
            output_bytes(out, "+", 1);
        put_f64(out, z->imaginary);
        output_bytes(out, "j", 1);
    } else {
        put_number(out, type, elements, index);
    }
}

/* ---- JSON ---- */

/* The bytes of the UTF-8 character that begins here; 0: it is none. */
static size_t character(const unsigned char *at)
{
    size_t length = at[0] < 0x80                    ? 1
                    : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                    : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                    : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                    : 0,
           i;
    for (i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

void output_json(output *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    output_bytes(out, "\"", 1);
    while (*at != '\0') {
        size_t length = character(at);
        char code[8];
        if (length == 0) {
            output_text(out, "\xef\xbf\xbd");
            at++;
            continue;
        }
        if (*at == '"' || *at == '\\') {
            output_bytes(out, "\\", 1);
            output_bytes(out, (const char *)at, 1);
        } else if (*at == '\n' || *at == '\t' || *at == '\r') {
            output_text(out, *at == '\n' ? "\\n" : *at == '\t' ? "\\t" : "\\r");
        } else if (*at < 0x20) {
            (void)snprintf(code, sizeof code, "\\u%04x", *at);
            output_text(out, code);
        } else {
            output_bytes(out, (const char *)at, length);
        }
        at += length;
    }
    output_bytes(out, "\"", 1);
}

static void json_f64(output *out, double number)
{
    if (isfinite(number))
        put_f64(out, number);
    else
        output_text(out, "null");
}

void output_json_element(output *out, int type, const void *elements, uint64_t index)
{
    if (type == PIPETTE_TYPE_STRING) {
        const char *text = ((const char *const *)elements)[index];
        output_json(out, text == NULL ? "" : text);
    } else if (type == PIPETTE_TYPE_COMPLEX) {
        const pipette_complex *z = &((const pipette_complex *)elements)[index];
        output_bytes(out, "[", 1);
        json_f64(out, z->real);
        output_bytes(out, ", ", 2);
        json_f64(out, z->imaginary);
        output_bytes(out, "]", 1);
    } else if ((type == PIPETTE_TYPE_F64 && !isfinite(((const double *)elements)[index])) ||
               (type == PIPETTE_TYPE_F32 && !isfinite(((const float *)elements)[index]))) {
        output_text(out, "null");
    } else {
        put_number(out, type, elements, index);
    }
}

static void json_nested(output *out, const pipette_value *value, parts *elements, const pipette_entry *table,
                        uint32_t depth, uint64_t *index)
{
    uint64_t i;
    if (depth == value->rank) {
        const void *element = parts_at(elements, (*index)++);
        if (element == NULL)
            return;
        if (table != NULL && pipette_entry_missing(table, 0, element, 1))
            output_text(out, "null");
        else
            output_json_element(out, value->type, element, 0);
        return;
    }
    output_bytes(out, "[", 1);
    for (i = 0; i < value->shape[depth] && out->failed == 0 && elements->error.code == 0; i++) {
        if (i > 0)
            output_bytes(out, ", ", 2);
        json_nested(out, value, elements, table, depth + 1, index);
    }
    output_bytes(out, "]", 1);
}

void output_json_value(output *out, const pipette_value *value, parts *elements, const pipette_entry *table)
{
    uint64_t index = 0;
    json_nested(out, value, elements, table, 0, &index);
}

/* ---- The end ---- */

int output_end(output *out)
{
    if (out->file != 0)
        drain(out);
    if (out->failed == 0 || out->failed == EPIPE)
        return CLI_OK;
    cli_error("cannot write to standard output: %s", strerror(out->failed));
    return CLI_SYSTEM;
}

void output_free(output *out)
{
    free(out->data);
    memset(out, 0, sizeof *out);
}
