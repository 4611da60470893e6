/* config_source.c: the text of a config, made ready for libconfig: comments, literals, includes. */
#include "config/config_reader.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

#include "base/utf8.h"

static int read_text(config_reader *reader, config_reader_text *text);

/* ---- tokens: each reads one from text->at, moves on, and writes it to `plain` ---- */

static int read_comment(config_reader *reader, config_reader_text *text)
{
    config_origin begin = text->here;
    if (text->at[0] == '#' || text->at[1] == '/') {
        while (text->at < text->end && *text->at != '\n')
            text->at++;
        return PIPETTE_OK;
    }
    for (text->at += 2; text->at < text->end; text->at++) {
        if (text->at[0] == '*' && text->at[1] == '/') {
            text->at += 2;
            return config_reader_emit(reader, " ", 1);
        }
        if (*text->at == '\n' && config_reader_new_line(reader, text) != PIPETTE_OK)
            return PIPETTE_E_MEMORY;
    }
    return config_reader_fail(reader, begin, "the comment that begins here never ends");
}

/* libconfig would cut text off at \x00; \x01 is our mark. */
static int forbidden(const char *at)
{
    if (*at == '\001')
        return 1;
    return at[0] == '\\' && (at[1] == 'x' || at[1] == 'X') && at[2] == '0' && (at[3] == '0' || at[3] == '1');
}

static int read_string(config_reader *reader, config_reader_text *text)
{
    config_origin begin = text->here;
    const char *start = text->at;
    int status = config_reader_begin_value(reader, text, "\"", 1, 1);
    if (status != PIPETTE_OK)
        return status;
    for (text->at++; text->at < text->end && *text->at != '"'; text->at++) {
        if (forbidden(text->at))
            return config_reader_fail(reader, text->here, "text may not hold the characters \\x00 and \\x01");
        if (*text->at == '\n') {
            status = config_reader_emit(reader, start, (size_t)(text->at - start));
            if (status == PIPETTE_OK)
                status = config_reader_new_line(reader, text);
            if (status != PIPETTE_OK)
                return status;
            start = text->at + 1;
        } else if (*text->at == '\\' && text->at + 1 < text->end && (text->at[1] == '"' || text->at[1] == '\\')) {
            text->at++;
        }
    }
    if (text->at >= text->end)
        return config_reader_fail(reader, begin, "the text that begins here has no closing quote");
    text->at++;
    return config_reader_emit(reader, start, (size_t)(text->at - start));
}

static int name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

static size_t name_length(const config_reader_text *text)
{
    const char *p = text->at;
    while (p < text->end && name_character(*p))
        p++;
    return (size_t)(p - text->at);
}

/* The length of nan, inf, -inf or +inf at `at`, or 0. */
static size_t special_length(const char *at, const char *end)
{
    size_t sign = *at == '-' || *at == '+';
    if ((size_t)(end - at) < sign + 3 ||
        (strncmp(at + sign, "inf", 3) != 0 && (sign > 0 || strncmp(at, "nan", 3) != 0)))
        return 0;
    return at + sign + 3 < end && name_character(at[sign + 3]) ? 0 : sign + 3;
}

static int read_special(config_reader *reader, config_reader_text *text, size_t length)
{
    char marked[32];
    int size, status = config_reader_begin_value(reader, text, text->at, length, 0);
    if (status != PIPETTE_OK)
        return status;
    size = snprintf(marked, sizeof marked, "\"" CONFIG_MARK_F64 "%.*s\"", (int)length, text->at);
    text->at += length;
    return config_reader_emit(reader, marked, (size_t)size);
}

static int read_name(config_reader *reader, config_reader_text *text)
{
    const config_frame *frame = &reader->frames[reader->depth];
    const char *begin = text->at;
    size_t length = name_length(text), special_size = special_length(begin, text->end);
    int status;
    if (frame->bracket == '{' && (frame->expect == EXPECT_KEY || frame->expect == EXPECT_AFTER)) {
        status = config_reader_add_key(reader, text, begin, length);
    } else if ((length == 4 && strncasecmp(begin, "true", 4) == 0) ||
               (length == 5 && strncasecmp(begin, "false", 5) == 0)) {
        status = config_reader_begin_value(reader, text, begin, length, 0);
    } else if (special_size > 0 && (frame->expect == EXPECT_VALUE || frame->expect == EXPECT_FIRST)) {
        return read_special(reader, text, special_size);
    } else {
        return config_reader_unexpected(reader, text, begin, length);
    }
    text->at += length;
    return status != PIPETTE_OK ? status : config_reader_emit(reader, begin, length);
}

/* Writes an integer so that libconfig keeps its value. */
static int write_integer(config_reader *reader, const config_reader_text *text, const char *digits, int base,
                         size_t length)
{
    char written[48];
    uint64_t magnitude = 0;
    int size, negative = *text->at == '-', fits = 1;
    for (; isxdigit((unsigned char)*digits) && (base == 16 || isdigit((unsigned char)*digits)); digits++) {
        char c = *digits;
        uint64_t digit = (uint64_t)(isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10);
        fits = fits && magnitude <= (UINT64_MAX - digit) / (uint64_t)base;
        magnitude = magnitude * (uint64_t)base + digit;
    }
    if (!fits || (negative && magnitude > (uint64_t)INT64_MAX + 1))
        return config_reader_fail(reader, text->here,
                                  "the integer %.*s does not fit into 64 bits; a float or text can hold it",
                                  length > 60 ? 60 : (int)length, text->at);
    if (negative || magnitude <= INT64_MAX)
        size = snprintf(written, sizeof written, "%s%" PRIu64 "L", negative ? "-" : "", magnitude);
    else
        size = snprintf(written, sizeof written, "\"" CONFIG_MARK_U64 "%" PRIu64 "\"", magnitude);
    return config_reader_emit(reader, written, (size_t)size);
}

static const char *skip_digits(const char *p)
{
    while (isdigit((unsigned char)*p))
        p++;
    return p;
}

/* The text ends with a zero byte, so that looking one character ahead is safe. */
static int read_number(config_reader *reader, config_reader_text *text)
{
    const char *begin = text->at, *digits = begin + (*begin == '-' || *begin == '+'), *p = skip_digits(digits);
    size_t length = special_length(begin, text->end);
    int is_float = 0, is_hex = 0, status;
    if (length > 0)
        return read_special(reader, text, length);
    if (p == digits + 1 && digits == begin && *digits == '0' && (*p == 'x' || *p == 'X') &&
        isxdigit((unsigned char)p[1])) {
        is_hex = 1;
        for (digits = ++p; isxdigit((unsigned char)*p); p++)
            continue;
    } else {
        int has_digits = p > digits;
        if (*p == '.') {
            const char *fraction = p + 1;
            p = skip_digits(fraction);
            has_digits |= p > fraction;
            is_float = 1;
        }
        if (!has_digits)
            return config_reader_unexpected(reader, text, begin, (size_t)(p - begin) + (p == begin));
        if (*p == 'e' || *p == 'E') {
            const char *exponent = p + 1 + (p[1] == '-' || p[1] == '+');
            if (isdigit((unsigned char)*exponent)) {
                p = skip_digits(exponent);
                is_float = 1;
            }
        }
    }
    if (!is_float && *p == 'L')
        p += p[1] == 'L' ? 2 : 1;
    length = (size_t)(p - begin);
    if (name_character(*p) || *p == '.') { /* 5abc, 1.2.3 */
        for (; name_character(*p) || *p == '.'; p++)
            length++;
        return config_reader_fail(reader, text->here, "syntax error at '%.*s': not a number; text needs quotes",
                                  length > 40 ? 40 : (int)length, begin);
    }
    status = config_reader_begin_value(reader, text, begin, length, 0);
    if (status != PIPETTE_OK)
        return status;
    status = is_float ? config_reader_emit(reader, begin, length)
                      : write_integer(reader, text, digits, is_hex ? 16 : 10, length);
    text->at += length;
    return status;
}

/* ---- includes ---- */

/* The path of `name`, included from `file`: beside it unless absolute. The caller frees it. */
static char *path_beside(const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');
    size_t folder = slash == NULL || name[0] == '/' ? 0 : (size_t)(slash - file) + 1;
    char *path = malloc(folder + strlen(name) + 1);
    if (path != NULL) {
        memcpy(path, file, folder);
        memcpy(path + folder, name, strlen(name) + 1);
    }
    return path;
}

static int add_raw(config_reader *reader, const char *data, size_t size)
{
    return config_buffer_add(&reader->source->raw, data, size, reader->error);
}

/* All of it is text, comments too. */
static int check_utf8(const config_reader *reader, const config_reader_text *text)
{
    config_origin origin = text->here;
    const char *at = text->at;
    if (utf8_wrong(at, (size_t)(text->end - at)) == 0)
        return PIPETTE_OK;
    while (at < text->end) {
        size_t length = utf8_character(at, (size_t)(text->end - at));
        if (length == 0)
            return config_reader_fail(reader, origin, "byte 0x%02x is no UTF-8; a config is UTF-8 text",
                                      (unsigned)(unsigned char)*at);
        origin.line += *at == '\n';
        at += length;
    }
    return PIPETTE_OK;
}

/* Reads a text, with a zero behind its end, into `raw` and `plain`. `name` is what messages call it. */
static int read_bytes(config_reader *reader, const char *name, const char *data, size_t size)
{
    config_reader_text text = {0};
    int status;
    text.here.file = config_keep(reader->source->owner, name);
    text.here.line = 1;
    text.line_start = 1;
    text.at = data;
    text.end = data + size;
    if (strncmp(text.at, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark */
        text.at += 3;
    status = text.here.file == NULL ? pipette_error_set(reader->error, PIPETTE_E_MEMORY, "out of memory for the config")
                                    : config_reader_note_line(reader, text.here);
    if (status == PIPETTE_OK)
        status = check_utf8(reader, &text);
    return status == PIPETTE_OK ? read_text(reader, &text) : status;
}

/* Reads one file into `raw` and `plain`. `where`: "" or "FILE:LINE: " of the @include; `line` is that place. */
static int read_file(config_reader *reader, const char *path, const char *where, config_origin from)
{
    config_buffer whole = {0};
    config_file_identity identity;
    size_t i;
    int status = config_file_read(where, path, &whole, &identity, reader->error);
    for (i = 0; status == PIPETTE_OK && i < reader->open_count; i++)
        if (identity.device == reader->open_files[i].device && identity.inode == reader->open_files[i].inode)
            status = config_reader_fail(
                reader, from, "@include \"%s\" goes round in a circle: that file is being read already", path);
    if (status == PIPETTE_OK && reader->open_count == CONFIG_INCLUDE_LIMIT)
        status =
            config_reader_fail(reader, from, "@include \"%s\" is more than %d files deep", path, CONFIG_INCLUDE_LIMIT);
    if (status == PIPETTE_OK) {
        reader->open_files[reader->open_count++] = identity;
        status = read_bytes(reader, path, whole.data, whole.size);
        reader->open_count--;
    }
    free(whole.data);
    return status;
}

/* The name between the quotes at text->at; moves behind them. The caller frees it. */
static char *quoted_name(config_reader_text *text)
{
    char *name = malloc((size_t)(text->end - text->at));
    size_t length = 0;
    if (name == NULL)
        return NULL;
    for (text->at++; text->at < text->end && *text->at != '"' && *text->at != '\n'; text->at++) {
        if (*text->at == '\\' && (text->at[1] == '"' || text->at[1] == '\\'))
            text->at++;
        name[length++] = *text->at;
    }
    name[length] = '\0';
    return name;
}

static int read_include(config_reader *reader, config_reader_text *text, const char *begin)
{
    config_origin here = text->here;
    char where[512], *name, *path = NULL;
    int status;
    name = quoted_name(text);
    if (name != NULL)
        path = path_beside(here.file, name);
    if (path == NULL) {
        free(name);
        return pipette_error_set(reader->error, PIPETTE_E_MEMORY, "out of memory for the config");
    }
    if (text->at >= text->end || *text->at != '"') {
        status = config_reader_fail(reader, here, "the file name of this @include has no closing quote");
    } else if (name[0] == '\0') {
        status = config_reader_fail(reader, here, "this @include names no file");
    } else {
        text->at++;
        (void)snprintf(where, sizeof where, "%s:%d: @include: ", here.file, here.line);
        status = add_raw(reader, "# ", 2); /* the line stays as a comment, so that `raw` can be read again */
        if (status == PIPETTE_OK)
            status = add_raw(reader, begin, (size_t)(text->at - begin));
        if (status == PIPETTE_OK)
            status = add_raw(reader, "\n", 1);
        if (status == PIPETTE_OK)
            status = config_reader_emit(reader, "\n", 1);
        if (status == PIPETTE_OK)
            status = read_file(reader, path, where, here);
        if (status == PIPETTE_OK)
            status = add_raw(reader, "\n", 1);
        if (status == PIPETTE_OK)
            status = config_reader_emit(reader, "\n", 1);
        if (status == PIPETTE_OK)
            status = config_reader_note_line(reader, here);
    }
    free(path);
    free(name);
    return status;
}

/* If an @include stands at text->at: its length up to the quote, else 0. */
static size_t include_length(const config_reader *reader, const config_reader_text *text)
{
    size_t keyword = strlen("@include"), blanks;
    if (!reader->includes || !text->line_start || strncmp(text->at, "@include", keyword) != 0)
        return 0;
    blanks = strspn(text->at + keyword, " \t");
    return text->at[keyword + blanks] == '"' ? keyword + blanks : 0;
}

/* ---- the whole ---- */

/* Bytes of a UTF-8 character. */
static size_t character_length(const char *at)
{
    size_t length = 1;
    while (((unsigned char)at[length] & 0xC0u) == 0x80u)
        length++;
    return length;
}

static int next_token(config_reader *reader, config_reader_text *text)
{
    char c = *text->at;
    int status;
    text->line_start = 0;
    if (c == '#' || (c == '/' && (text->at[1] == '/' || text->at[1] == '*')))
        return read_comment(reader, text);
    if (c == '"')
        return read_string(reader, text);
    if (isdigit((unsigned char)c) || c == '-' || c == '+' || c == '.')
        return read_number(reader, text);
    if (isalpha((unsigned char)c) || c == '*')
        return read_name(reader, text);
    if (strchr("{([", c) != NULL)
        status = config_reader_open(reader, text);
    else if (strchr("})]", c) != NULL)
        status = config_reader_close(reader, text);
    else if (strchr("=:;,", c) != NULL)
        status = config_reader_separator(reader, text);
    else if (c == '@')
        status = config_reader_fail(reader, text->here,
                                    "syntax error at '@': an include is a line of its own: @include \"FILE\"");
    else
        status = config_reader_unexpected(reader, text, text->at, character_length(text->at));
    text->at++;
    return status;
}

static int read_text(config_reader *reader, config_reader_text *text)
{
    int status = PIPETTE_OK;
    const char *copied = text->at;
    while (status == PIPETTE_OK && text->at < text->end) {
        size_t keyword = include_length(reader, text);
        if (keyword > 0) {
            const char *begin = text->at;
            status = add_raw(reader, copied, (size_t)(begin - copied));
            text->at += keyword;
            if (status == PIPETTE_OK)
                status = read_include(reader, text, begin);
            text->line_start = 0;
            copied = text->at;
        } else if (*text->at == '\n') {
            status = config_reader_new_line(reader, text);
            text->at++;
        } else if (strchr(" \t\r\f", *text->at) != NULL) {
            status = config_reader_emit(reader, " ", 1);
            text->at++;
        } else {
            status = next_token(reader, text);
        }
    }
    return status != PIPETTE_OK ? status : add_raw(reader, copied, (size_t)(text->end - copied));
}

/* `text` NULL: of the file `name`. */
int config_source_read(config_source *source, const char *name, const char *text, pipette_error *error)
{
    config_reader *reader = config_reader_new(source, error);
    config_origin none = {name, 0};
    int status;
    if (reader == NULL)
        return PIPETTE_E_MEMORY;
    reader->includes = text == NULL;
    status = text == NULL ? read_file(reader, name, "", none) : read_bytes(reader, name, text, strlen(text));
    if (status == PIPETTE_OK)
        status = config_reader_check_end(reader, source->origins[source->origin_count - 1]);
    config_reader_free(reader);
    return status;
}

/* True if VALUE is one number, wrong or not: then a message about it beats taking it as text. */
static int looks_like_integer(const char *value)
{
    size_t sign = value[0] == '-' || value[0] == '+';
    return value[sign] != '\0' && strspn(value + sign, "0123456789") == strlen(value + sign);
}

int config_source_value(config_source *source, const char *label, const char *value, int *is_value,
                        pipette_error *error)
{
    pipette_error ignored;
    config_buffer whole = {0};
    config_reader_text text = {.here = {label, 0}};
    config_reader *reader = config_reader_new(source, looks_like_integer(value) ? error : &ignored);
    int status;
    *is_value = 0;
    if (reader == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
    status = config_buffer_add(&whole, "value = ", 8, error);
    if (status == PIPETTE_OK)
        status = config_buffer_add(&whole, value, strlen(value), error);
    if (status == PIPETTE_OK)
        status = config_reader_note_line(reader, text.here);
    if (status == PIPETTE_OK) {
        text.at = whole.data;
        text.end = whole.data + whole.size;
        status = read_text(reader, &text);
        if (status == PIPETTE_OK)
            status = config_reader_check_end(reader, text.here);
        *is_value = status == PIPETTE_OK && reader->frames[0].key_count == 1;
        if (status == PIPETTE_E_CONFIG && !looks_like_integer(value))
            status = PIPETTE_OK;
    }
    if (status == PIPETTE_E_MEMORY)
        (void)pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
    free(whole.data);
    config_reader_free(reader);
    return status;
}

void config_source_free(config_source *source)
{
    free(source->raw.data);
    free(source->plain.data);
    free(source->origins);
    memset(source, 0, sizeof *source);
}
