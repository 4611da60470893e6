/* fake_stage.h: a stage without a core: options from a text in the config's language, messages kept for the test.
 *
 *     fake_stage stage;
 *     fake_stage_begin(&stage, "rows = \"I\"; dimensions = [\"a\", \"b\"];");
 *     ... preprocess(&stage.stage, ...) ...    stage.message is "test.cfg:LINE: ..."
 *     fake_stage_end(&stage);
 */
#ifndef TESTS_FAKE_STAGE_H
#define TESTS_FAKE_STAGE_H

#include <ctype.h>
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>

#include <pipette/plugin.h>

#define FAKE __attribute__((unused)) static

enum { FAKE_SCALAR, FAKE_LIST, FAKE_GROUP };

struct pipette_option {
    int kind, line;
    char *name; /* "" for elements */
    pipette_value value;
    char *text;  /* of a string */
    void *array; /* made by option_value */
    uint64_t array_count;
    pipette_option *first, *next;
};

typedef struct fake_stage {
    pipette_stage stage;
    pipette_option *options;
    char message[1024], log[1024];
    const char *cursor; /* of the parser */
    int line;
} fake_stage;

FAKE void *fake_allocate(size_t size)
{
    void *memory = calloc(1, size == 0 ? 1 : size);
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- Parsing ---- */

FAKE void fake_skip(fake_stage *f)
{
    for (;; f->cursor++) {
        if (*f->cursor == '#')
            while (*f->cursor != '\0' && *f->cursor != '\n')
                f->cursor++;
        if (*f->cursor == '\n')
            f->line++;
        else if (!isspace((unsigned char)*f->cursor))
            return;
    }
}

FAKE void fake_expect(fake_stage *f, char c)
{
    fake_skip(f);
    if (*f->cursor != c) {
        fprintf(stderr, "test.cfg:%d: '%c' expected at: %.20s\n", f->line, c, f->cursor);
        abort();
    }
    f->cursor++;
}

FAKE pipette_option *fake_parse_value(fake_stage *f);

FAKE void fake_parse_members(fake_stage *f, pipette_option *group)
{
    pipette_option **tail = &group->first;
    for (;;) {
        size_t length = 0;
        char *name;
        fake_skip(f);
        if (*f->cursor == '\0' || *f->cursor == '}')
            return;
        while (isalnum((unsigned char)f->cursor[length]) || f->cursor[length] == '_')
            length++;
        name = strndup(f->cursor, length);
        f->cursor += length;
        fake_expect(f, '=');
        *tail = fake_parse_value(f);
        free((*tail)->name);
        (*tail)->name = name;
        tail = &(*tail)->next;
        fake_expect(f, ';');
    }
}

FAKE pipette_option *fake_parse_value(fake_stage *f)
{
    pipette_option *o = (pipette_option *)fake_allocate(sizeof *o);
    fake_skip(f);
    o->name = strdup("");
    o->line = f->line;
    o->value = pipette_value_none();
    if (*f->cursor == '{') {
        o->kind = FAKE_GROUP;
        f->cursor++;
        fake_parse_members(f, o);
        fake_expect(f, '}');
    } else if (*f->cursor == '(' || *f->cursor == '[') {
        const char end = *f->cursor++ == '(' ? ')' : ']';
        pipette_option **tail = &o->first;
        o->kind = FAKE_LIST;
        for (fake_skip(f); *f->cursor != end; fake_skip(f)) {
            *tail = fake_parse_value(f);
            tail = &(*tail)->next;
            fake_skip(f);
            if (*f->cursor == ',')
                f->cursor++;
        }
        f->cursor++;
    } else if (*f->cursor == '"') {
        const char *end = strchr(f->cursor + 1, '"');
        o->text = strndup(f->cursor + 1, (size_t)(end - f->cursor - 1));
        o->value = pipette_value_string(o->text);
        f->cursor = end + 1;
    } else if (strncmp(f->cursor, "true", 4) == 0 || strncmp(f->cursor, "false", 5) == 0) {
        o->value = pipette_value_bool(*f->cursor == 't');
        f->cursor += *f->cursor == 't' ? 4 : 5;
    } else {
        const size_t length = strspn(f->cursor, "+-.0123456789eE");
        char *text = strndup(f->cursor, length), *end;
        if (strpbrk(text, ".eE") != NULL)
            o->value = pipette_value_f64(strtod(text, &end));
        else
            o->value = pipette_value_i64(strtoll(text, &end, 10));
        if (length == 0 || *end != '\0')
            abort();
        free(text);
        f->cursor += length;
    }
    return o;
}

FAKE void fake_option_free(pipette_option *o)
{
    while (o != NULL) {
        pipette_option *next = o->next;
        fake_option_free(o->first);
        free(o->name);
        free(o->text);
        free(o->array);
        free(o);
        o = next;
    }
}

/* ---- The host's functions ---- */

PIPETTE_PRINTF(3, 4)
FAKE int fake_stage_fail(pipette_stage *stage, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(((fake_stage *)stage)->message, sizeof((fake_stage *)stage)->message, format, arguments);
    va_end(arguments);
    return code;
}

PIPETTE_PRINTF(3, 4)
FAKE void fake_stage_log(pipette_stage *stage, int level, const char *format, ...)
{
    fake_stage *f = (fake_stage *)stage;
    va_list arguments;
    const int used = snprintf(f->log, sizeof f->log, "%d: ", level);
    va_start(arguments, format);
    (void)vsnprintf(f->log + used, sizeof f->log - (size_t)used, format, arguments);
    va_end(arguments);
}

PIPETTE_PRINTF(4, 5)
FAKE int fake_option_fail(pipette_stage *stage, const pipette_option *option, int code, const char *format, ...)
{
    fake_stage *f = (fake_stage *)stage;
    va_list arguments;
    const int used = snprintf(f->message, sizeof f->message, "test.cfg:%d: ", option->line);
    va_start(arguments, format);
    (void)vsnprintf(f->message + used, sizeof f->message - (size_t)used, format, arguments);
    va_end(arguments);
    return code;
}

FAKE const pipette_option *fake_option(pipette_stage *stage, const pipette_option *parent, const char *name)
{
    const pipette_option *o = parent != NULL ? parent : ((fake_stage *)stage)->options;
    if (o->kind != FAKE_GROUP)
        return NULL;
    for (o = o->first; o != NULL && strcmp(o->name, name) != 0;)
        o = o->next;
    return o;
}

FAKE uint64_t fake_option_count(pipette_stage *stage, const pipette_option *option)
{
    const pipette_option *o = option != NULL ? option : ((fake_stage *)stage)->options;
    uint64_t count = 0;
    for (o = o->first; o != NULL; o = o->next)
        count++;
    return count;
}

FAKE const pipette_option *fake_option_at(pipette_stage *stage, const pipette_option *option, uint64_t index)
{
    const pipette_option *o = option != NULL ? option : ((fake_stage *)stage)->options;
    for (o = o->first; o != NULL && index > 0; index--)
        o = o->next;
    return o;
}

FAKE const char *fake_option_name(pipette_stage *stage, const pipette_option *option)
{
    (void)stage;
    return option->name;
}

FAKE int fake_scalar(pipette_stage *stage, const pipette_option *o, int type, pipette_value *value)
{
    *value = o->value;
    if (o->kind == FAKE_SCALAR && (type == PIPETTE_TYPE_NONE || type == o->value.type))
        return PIPETTE_OK;
    if (o->kind == FAKE_SCALAR && o->value.type == PIPETTE_TYPE_I64 && type == PIPETTE_TYPE_F64)
        *value = pipette_value_f64((double)o->value.as.i64);
    else if (o->kind == FAKE_SCALAR && o->value.type == PIPETTE_TYPE_I64 && type == PIPETTE_TYPE_U64 &&
             o->value.as.i64 >= 0)
        *value = pipette_value_u64((uint64_t)o->value.as.i64);
    else
        return fake_option_fail(stage, o, PIPETTE_E_TYPE, "takes a %s", pipette_type_text(type));
    return PIPETTE_OK;
}

FAKE int fake_option_value(pipette_stage *stage, const pipette_option *option, int type, pipette_value *value)
{
    pipette_option *o = (pipette_option *)(uintptr_t)option; /* the array is kept there */
    const pipette_option *element;
    size_t size;
    char *out;
    if (o->kind != FAKE_LIST)
        return fake_scalar(stage, option, type, value);
    o->array_count = fake_option_count(stage, o);
    for (element = o->first; type == PIPETTE_TYPE_NONE && element != NULL; element = element->next)
        if (element->value.type == PIPETTE_TYPE_F64)
            type = PIPETTE_TYPE_F64;
    if (type == PIPETTE_TYPE_NONE && o->first != NULL)
        type = o->first->value.type;
    size = pipette_type_size(type);
    free(o->array);
    o->array = out = (char *)fake_allocate(size * (size_t)o->array_count);
    for (element = o->first; element != NULL; element = element->next, out += size) {
        pipette_value scalar;
        const int status = fake_scalar(stage, element, type, &scalar);
        if (status != PIPETTE_OK)
            return status;
        memcpy(out, &scalar.as, size);
    }
    *value = pipette_value_array(type, 1, &o->array_count, o->array);
    return PIPETTE_OK;
}

/* ---- Begin and end ---- */

FAKE void fake_stage_begin(fake_stage *f, const char *text)
{
    static const pipette_stage_host host = {(uint32_t)sizeof host, 0,
                                            fake_stage_fail,       fake_stage_log,
                                            fake_option,           fake_option_count,
                                            fake_option_at,        fake_option_name,
                                            fake_option_value,     fake_option_fail};
    memset(f, 0, sizeof *f);
    f->stage.size = (uint32_t)sizeof f->stage;
    f->stage.host = &host;
    f->cursor = text;
    f->line = 1;
    f->options = (pipette_option *)fake_allocate(sizeof *f->options);
    f->options->kind = FAKE_GROUP;
    f->options->line = 1;
    fake_parse_members(f, f->options);
}

FAKE void fake_stage_end(fake_stage *f)
{
    fake_option_free(f->options);
}

/* The descriptor of a plugin file, or NULL. The file stays loaded. */
FAKE const pipette_descriptor *fake_plugin_load(const char *path)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const pipette_descriptor *(*entry)(void);
    void *symbol = object != NULL ? dlsym(object, PIPETTE_ENTRY_NAME) : NULL;
    if (symbol == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return NULL;
    }
    memcpy(&entry, &symbol, sizeof entry);
    return entry();
}

#endif
