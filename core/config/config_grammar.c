/* config_grammar.c: the grammar of a config, token by token, so that messages can say what was expected. */
#include "config/config_reader.h"

#include <ctype.h>
#include <stdlib.h>

static void clear_keys(config_frame *frame)
{
    size_t i;
    for (i = 0; i < frame->key_count; i++)
        free(frame->keys[i].name);
    free(frame->keys);
    free(frame->places);
    memset(frame, 0, sizeof *frame);
}

config_reader *config_reader_new(config_source *source, pipette_error *error)
{
    config_reader *made = calloc(1, sizeof *made);
    if (made == NULL) {
        (void)pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the config");
        return NULL;
    }
    made->source = source;
    made->error = error;
    made->frames[0].bracket = '{';
    made->frames[0].expect = EXPECT_KEY;
    return made;
}

void config_reader_free(config_reader *reader)
{
    size_t i;
    for (i = 0; i <= reader->depth; i++)
        clear_keys(&reader->frames[i]);
    free(reader);
}

/* ---- messages and output ---- */

int config_reader_fail(const config_reader *reader, config_origin origin, const char *format, ...)
{
    pipette_error what;
    va_list arguments;
    va_start(arguments, format);
    (void)pipette_error_vset(&what, PIPETTE_E_CONFIG, format, arguments);
    va_end(arguments);
    if (origin.line == 0)
        return pipette_error_set(reader->error, PIPETTE_E_CONFIG, "%s: %s", origin.file, what.message);
    return pipette_error_set(reader->error, PIPETTE_E_CONFIG, "%s:%d: %s", origin.file, origin.line, what.message);
}

int config_reader_emit(config_reader *reader, const char *data, size_t size)
{
    return config_buffer_add(&reader->source->plain, data, size, reader->error);
}

int config_reader_note_line(config_reader *reader, config_origin origin)
{
    config_source *source = reader->source;
    if (source->origin_count == source->origin_capacity) {
        size_t capacity = 2 * source->origin_capacity + 256;
        config_origin *origins = realloc(source->origins, capacity * sizeof *origins);
        if (origins == NULL)
            return pipette_error_set(reader->error, PIPETTE_E_MEMORY, "out of memory for the config");
        source->origins = origins;
        source->origin_capacity = capacity;
    }
    source->origins[source->origin_count++] = origin;
    return PIPETTE_OK;
}

int config_reader_new_line(config_reader *reader, config_reader_text *text)
{
    int status = config_reader_emit(reader, "\n", 1);
    if (text->here.line > 0) /* VALUE of --set has no lines */
        text->here.line++;
    text->line_start = 1;
    return status != PIPETTE_OK ? status : config_reader_note_line(reader, text->here);
}

/* ---- grammar ---- */

int config_reader_unexpected(const config_reader *reader, const config_reader_text *text, const char *token,
                             size_t length)
{
    const config_frame *frame = &reader->frames[reader->depth];
    const char *last = frame->key_count > 0 ? frame->keys[frame->key_count - 1].name : "";
    int shown = length > 40 ? 40 : (int)length;
    int group = frame->bracket == '{';
    char closing = frame->bracket == '[' ? ']' : ')';
    switch (frame->expect) {
    case EXPECT_EQUALS:
        return config_reader_fail(reader, text->here, "syntax error at '%.*s': expected '=' after '%s'", shown, token,
                                  last);
    case EXPECT_VALUE:
    case EXPECT_FIRST:
        if (isalpha((unsigned char)token[0]))
            return config_reader_fail(reader, text->here,
                                      "syntax error at '%.*s': expected a value; text needs quotes: \"%.*s\"", shown,
                                      token, shown, token);
        if (frame->expect == EXPECT_FIRST)
            return config_reader_fail(reader, text->here, "syntax error at '%.*s': expected a value or '%c'", shown,
                                      token, closing);
        if (group)
            return config_reader_fail(reader, text->here, "syntax error at '%.*s': expected a value for '%s'", shown,
                                      token, last);
        return config_reader_fail(reader, text->here, "syntax error at '%.*s': expected a value after ','", shown,
                                  token);
    case EXPECT_AFTER:
        if (!group)
            return config_reader_fail(reader, text->here, "syntax error at '%.*s': expected ',' or '%c'", shown, token,
                                      closing);
        return config_reader_fail(reader, text->here,
                                  "syntax error at '%.*s': expected ';' or a key after the value of '%s'", shown, token,
                                  last);
    default:
        return config_reader_fail(reader, text->here, "syntax error at '%.*s': expected a key%s", shown, token,
                                  reader->depth > 0 ? " or '}'" : "");
    }
}

int config_reader_begin_value(config_reader *reader, const config_reader_text *text, const char *token, size_t length,
                              int is_text)
{
    config_frame *frame = &reader->frames[reader->depth];
    int continues = is_text && frame->expect == EXPECT_AFTER && frame->after_text;
    if (frame->expect != EXPECT_VALUE && frame->expect != EXPECT_FIRST && !continues)
        return config_reader_unexpected(reader, text, token, length);
    frame->expect = EXPECT_AFTER;
    frame->after_text = is_text;
    return PIPETTE_OK;
}

/* Where a key of that name is noted, or would be. */
static uint32_t *place_of(const config_frame *frame, const char *name, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t i;
    for (i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    for (i = (size_t)hash & (frame->place_count - 1); frame->places[i] != 0; i = (i + 1) & (frame->place_count - 1)) {
        const char *old = frame->keys[frame->places[i] - 1].name;
        if (strncmp(old, name, length) == 0 && old[length] == '\0')
            break;
    }
    return &frame->places[i];
}

/* Room for one more key. */
static int grow_keys(config_frame *frame)
{
    size_t capacity = frame->key_capacity == 0 ? 8 : 2 * frame->key_capacity, i;
    config_key *keys;
    uint32_t *places;
    if (frame->key_count < frame->key_capacity)
        return 1;
    keys = realloc(frame->keys, capacity * sizeof *keys);
    if (keys == NULL)
        return 0;
    frame->keys = keys;
    places = calloc(2 * capacity, sizeof *places);
    if (places == NULL)
        return 0;
    free(frame->places);
    frame->places = places;
    frame->place_count = 2 * capacity;
    frame->key_capacity = capacity;
    for (i = 0; i < frame->key_count; i++)
        *place_of(frame, keys[i].name, strlen(keys[i].name)) = (uint32_t)(i + 1);
    return 1;
}

int config_reader_add_key(config_reader *reader, const config_reader_text *text, const char *name, size_t length)
{
    config_frame *frame = &reader->frames[reader->depth];
    uint32_t *place;
    if (!grow_keys(frame))
        return pipette_error_set(reader->error, PIPETTE_E_MEMORY, "out of memory for the config");
    place = place_of(frame, name, length);
    if (*place != 0) {
        const config_key *old = &frame->keys[*place - 1];
        if (old->origin.file == text->here.file)
            return config_reader_fail(reader, text->here, "'%s' is given twice, first in line %d; remove one",
                                      old->name, old->origin.line);
        return config_reader_fail(reader, text->here, "'%s' is given twice, first in %s:%d; remove one", old->name,
                                  old->origin.file, old->origin.line);
    }
    frame->keys[frame->key_count].origin = text->here;
    frame->keys[frame->key_count].name = strndup(name, length);
    if (frame->keys[frame->key_count].name == NULL)
        return pipette_error_set(reader->error, PIPETTE_E_MEMORY, "out of memory for the config");
    *place = (uint32_t)++frame->key_count;
    frame->expect = EXPECT_EQUALS;
    return PIPETTE_OK;
}

int config_reader_open(config_reader *reader, const config_reader_text *text)
{
    char bracket = *text->at;
    config_frame *inner;
    int status;
    if (reader->frames[reader->depth].bracket == '[')
        return config_reader_fail(reader, text->here,
                                  "an array [ ] holds plain values only; write a list ( ) of groups, lists or arrays");
    status = config_reader_begin_value(reader, text, text->at, 1, 0);
    if (status != PIPETTE_OK)
        return status;
    if (reader->depth == CONFIG_DEPTH_LIMIT)
        return config_reader_fail(reader, text->here, "brackets are nested more than %d deep", CONFIG_DEPTH_LIMIT);
    inner = &reader->frames[++reader->depth];
    memset(inner, 0, sizeof *inner);
    inner->bracket = bracket;
    inner->origin = text->here;
    inner->expect = bracket == '{' ? EXPECT_KEY : EXPECT_FIRST;
    return config_reader_emit(reader, bracket == '{' ? "{" : "(",
                              1); /* libconfig's arrays take no mixture of 1.0 and 2, its lists do */
}

int config_reader_close(config_reader *reader, const config_reader_text *text)
{
    char bracket = *text->at, opening = bracket == '}' ? '{' : bracket == ']' ? '[' : '(';
    config_frame *frame = &reader->frames[reader->depth];
    if (reader->depth == 0)
        return config_reader_fail(reader, text->here, "syntax error at '%c': nothing is open here", bracket);
    if (frame->bracket != opening)
        return config_reader_fail(reader, text->here, "'%c' does not close the '%c' of %s:%d", bracket, frame->bracket,
                                  frame->origin.file, frame->origin.line);
    if (frame->expect == EXPECT_VALUE || frame->expect == EXPECT_EQUALS)
        return config_reader_unexpected(reader, text, text->at, 1);
    clear_keys(frame);
    reader->depth--;
    return config_reader_emit(reader, bracket == '}' ? "}" : ")", 1);
}

int config_reader_separator(config_reader *reader, const config_reader_text *text)
{
    config_frame *frame = &reader->frames[reader->depth];
    char mark = *text->at;
    if (mark == '=' || mark == ':') {
        if (frame->expect != EXPECT_EQUALS)
            return config_reader_unexpected(reader, text, text->at, 1);
        frame->expect = EXPECT_VALUE;
    } else {
        if (frame->expect != EXPECT_AFTER || (frame->bracket != '{' && mark == ';'))
            return config_reader_unexpected(reader, text, text->at, 1);
        frame->expect = frame->bracket == '{' ? EXPECT_KEY : EXPECT_VALUE;
    }
    return config_reader_emit(reader, text->at, 1);
}

int config_reader_check_end(const config_reader *reader, config_origin end)
{
    const config_frame *frame = &reader->frames[reader->depth];
    if (reader->depth > 0)
        return config_reader_fail(reader, frame->origin, "the '%c' that opens here is never closed", frame->bracket);
    if (frame->expect == EXPECT_EQUALS || frame->expect == EXPECT_VALUE)
        return config_reader_fail(reader, end, "the text ends, but '%s' has no value",
                                  frame->keys[frame->key_count - 1].name);
    return PIPETTE_OK;
}
