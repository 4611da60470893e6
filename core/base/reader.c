/* reader.c: words, numbers and quoted text, with every end checked. */
#include "base/reader.h"

#include <errno.h>
#include <stdlib.h>

void reader_start(reader *in, const char *text, pipette_error *error)
{
    size_t length = strlen(text);
    in->at = text;
    in->line = 1;
    in->cut = length == 0 || text[length - 1] != '\n';
    in->error = error;
}

int reader_line(reader *in)
{
    in->at += strcspn(in->at, "\n");
    if (*in->at == '\0' || in->at[1] == '\0')
        return 0;
    in->at++;
    in->line++;
    return 1;
}

int reader_fail(reader *in, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return pipette_error_set(in->error, PIPETTE_E_INVALID, "exploration, line %llu: %s", (unsigned long long)in->line,
                             text);
}

static void blanks(reader *in)
{
    while (*in->at == ' ' || *in->at == '\t' || *in->at == '\r')
        in->at++;
}

int reader_at_end(reader *in)
{
    blanks(in);
    return *in->at == '\0' || *in->at == '\n';
}

static int ends_word(char c)
{
    return c == '\0' || c == '\n' || c == ' ' || c == '\t' || c == '\r';
}

int reader_skip(reader *in, const char *word)
{
    size_t length = strlen(word);
    blanks(in);
    if (strncmp(in->at, word, length) != 0 || (!ends_word(in->at[length]) && in->at[length] != ':'))
        return 0;
    in->at += length;
    return 1;
}

int reader_mark(reader *in, char mark)
{
    blanks(in);
    if (*in->at != mark)
        return 0;
    in->at++;
    return 1;
}

int reader_word(reader *in, char *out, size_t size)
{
    size_t length = 0;
    blanks(in);
    while (!ends_word(in->at[length]))
        length++;
    if (length == 0 || length >= size)
        return 0;
    memcpy(out, in->at, length);
    out[length] = '\0';
    in->at += length;
    return 1;
}

int reader_u64(reader *in, uint64_t *out)
{
    char *end;
    blanks(in);
    if (*in->at < '0' || *in->at > '9')
        return 0;
    errno = 0;
    *out = strtoull(in->at, &end, 10);
    if (errno != 0)
        return 0;
    in->at = end;
    return 1;
}

static int read_i64(reader *in, int64_t *out)
{
    char *end;
    blanks(in);
    if (*in->at != '-' && (*in->at < '0' || *in->at > '9'))
        return 0;
    errno = 0;
    *out = strtoll(in->at, &end, 10);
    if (errno != 0 || end == in->at)
        return 0;
    in->at = end;
    return 1;
}

int reader_f64(reader *in, double *out)
{
    char *end;
    blanks(in);
    if (ends_word(*in->at))
        return 0;
    *out = strtod(in->at, &end);
    if (end == in->at)
        return 0;
    in->at = end;
    return 1;
}

static int read_f32(reader *in, float *out)
{
    char *end;
    blanks(in);
    if (ends_word(*in->at))
        return 0;
    *out = strtof(in->at, &end);
    if (end == in->at)
        return 0;
    in->at = end;
    return 1;
}

static int hexadecimal(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decoded text is never longer than the quoted. */
static int read_string(reader *in, const char **out)
{
    const char *end;
    char *text, *to;
    int good = 1;
    if (!reader_mark(in, '"'))
        return reader_fail(in, "a text in quotes belongs here");
    for (end = in->at; *end != '"'; end++) {
        if (*end == '\\' && end[1] != '\0')
            end++;
        if (*end == '\0' || *end == '\n')
            return reader_fail(in, "a text that does not end");
    }
    to = text = malloc((size_t)(end - in->at) + 1);
    if (text == NULL)
        return pipette_error_set(in->error, PIPETTE_E_MEMORY, "out of memory");
    while (in->at < end && good) {
        char c = *in->at++;
        if (c == '\\') {
            c = *in->at++;
            if (c == 'n') {
                c = '\n';
            } else if (c == 'x') {
                int high = hexadecimal(in->at[0]), low = high < 0 ? -1 : hexadecimal(in->at[1]);
                good = low >= 0 && high * 16 + low != 0;
                c = good ? (char)(high * 16 + low) : c;
                in->at += good ? 2 : 0;
            } else {
                good = c == '"' || c == '\\';
            }
        }
        *to++ = c;
    }
    *to = '\0';
    if (!good || in->at != end) {
        free(text);
        return reader_fail(in, "an escape that means nothing");
    }
    in->at = end + 1;
    *out = text;
    return PIPETTE_OK;
}

static int read_bool(reader *in, uint8_t *out)
{
    *out = reader_skip(in, "true") ? 1 : 0;
    return *out || reader_skip(in, "false");
}

int reader_element(reader *in, int type, value_element *out)
{
    int good = 0;
    int64_t wide = 0;
    memset(out, 0, sizeof *out);
    switch (type) {
    case PIPETTE_TYPE_F64:
        good = reader_f64(in, &out->f64);
        break;
    case PIPETTE_TYPE_F32:
        good = read_f32(in, &out->f32);
        break;
    case PIPETTE_TYPE_I64:
        good = read_i64(in, &out->i64);
        break;
    case PIPETTE_TYPE_I32:
        good = read_i64(in, &wide) && wide >= INT32_MIN && wide <= INT32_MAX;
        out->i32 = good ? (int32_t)wide : 0;
        break;
    case PIPETTE_TYPE_U64:
        good = reader_u64(in, &out->u64);
        break;
    case PIPETTE_TYPE_BOOL:
        good = read_bool(in, &out->boolean);
        break;
    case PIPETTE_TYPE_COMPLEX:
        good = reader_mark(in, '(') && reader_f64(in, &out->complex.real) && reader_mark(in, ',') &&
               reader_f64(in, &out->complex.imaginary) && reader_mark(in, ')');
        break;
    default:
        return read_string(in, &out->string);
    }
    if (!good || !ends_word(*in->at))
        return reader_fail(in, "a %s belongs here", pipette_type_text(type));
    return PIPETTE_OK;
}
