/* spec_names.c: names and paths that plugins declare, and where two of them would meet in a file. */
#include "plugin/spec_names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/element.h"
#include "plugin/object_file.h"
#include "base/utf8.h"

enum { NAME_LIMIT = 128 };

int spec_is_text(const char *text)
{
    return utf8_wrong(text, strlen(text)) == 0;
}

static int is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

int spec_is_plugin_name(const char *name)
{
    size_t length = 0;
    while (is_name_character(name[length]))
        length++;
    return length > 0 && length < NAME_LIMIT && name[length] == '\0';
}

static int is(const char *part, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(part, word, length) == 0;
}

/* "run_00000013", "run_ALL" and the like, which stand for runs and sets of runs. */
static int is_run_name(const char *part, size_t length)
{
    size_t digits;
    if (is(part, length, "crun") || is(part, length, "crunset") || is(part, length, "run_ALL") ||
        is(part, length, "run_set_ALL"))
        return 1;
    if (length > 8 && memcmp(part, "run_set_", 8) == 0)
        digits = 8;
    else if (length > 4 && memcmp(part, "run_", 4) == 0)
        digits = 4;
    else
        return 0;
    while (digits < length && isdigit((unsigned char)part[digits]))
        digits++;
    return digits == length;
}

const char *spec_wrong_part(const char *part, size_t length)
{
    size_t i;
    if (length == 0)
        return "an empty part between dots";
    if (length >= NAME_LIMIT)
        return "a part of 128 characters or more";
    if (part[0] == '_')
        return "a part that begins with '_'";
    for (i = 0; i < length; i++)
        if (!is_name_character(part[i]))
            return "a character that is no letter, digit, '_' or '-'";
    if (is_run_name(part, length))
        return "a part that is the name of a run";
    return NULL;
}

const char *spec_wrong_path(const char *name, int runs)
{
    const char *at = name;
    int seen = 0;
    if (*name == '\0')
        return "no characters";
    for (;;) {
        size_t length = strcspn(at, ".");
        if (runs && length == 1 && *at == '$') {
            if (at[1] == '\0')
                return "'$' as its last part";
            if (seen)
                return "'$' twice";
            seen = 1;
        } else {
            const char *wrong = spec_wrong_part(at, length);
            if (wrong != NULL)
                return wrong;
        }
        if (at[length] == '\0')
            return NULL;
        at += length + 1;
    }
}

int spec_is_option_path(const char *name)
{
    for (;;) {
        size_t length = 0;
        if (*name == '*')
            length = 1;
        else
            while (is_name_character(name[length]))
                length++;
        if (length == 0)
            return 0;
        name += length;
        while (name[0] == '[' && name[1] == ']')
            name += 2;
        if (*name == '\0')
            return 1;
        if (*name != '.')
            return 0;
        name++;
    }
}

typedef struct place {
    char *path;           /* the place in a file; owned */
    const char *declared; /* as the plugin has it */
    uint32_t index;       /* in the declaration */
} place;

/* Dots sort before everything else, so that a group's members stand right behind a leaf of its name. */
static int compare_places(const void *a, const void *b)
{
    const unsigned char *left = (const unsigned char *)((const place *)a)->path;
    const unsigned char *right = (const unsigned char *)((const place *)b)->path;
    while (*left != 0 && *left == *right) {
        left++;
        right++;
    }
    if (*left == *right)
        return ((const place *)a)->index < ((const place *)b)->index ? -1 : 1;
    if (*left == 0 || *right == 0)
        return *left == 0 ? -1 : 1;
    if (*left == '.' || *right == '.')
        return *left == '.' ? -1 : 1;
    return *left < *right ? -1 : 1;
}

/* The place of a path in a file: "neuron.$.V" is neuron.V, "V" is runs.V; a parameter is where it is. */
static char *place_path(const char *name, int runs)
{
    size_t length = strlen(name), out = 0;
    char *path = malloc(length + sizeof "runs.");
    const char *at = name;
    if (path == NULL)
        return NULL;
    if (runs && strchr(name, '$') == NULL) {
        memcpy(path, "runs.", 5);
        out = 5;
    }
    for (; *at != '\0'; at++) {
        if (*at == '$' && at[1] == '.')
            at++;
        else
            path[out++] = *at;
    }
    path[out] = '\0';
    return path;
}

static int check_places(const char *path, const char *what, place *places, uint32_t count, pipette_error *error)
{
    uint32_t i;
    qsort(places, count, sizeof *places, compare_places);
    for (i = 1; i < count; i++) {
        const place *a = &places[i - 1], *b = &places[i];
        size_t length = strlen(a->path);
        if (strcmp(a->declared, b->declared) == 0)
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " declares %s '%s' twice", what, a->declared);
        if (strcmp(a->path, b->path) == 0)
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                                 ": %ss '%s' and '%s' would both be '%s' in a file: rename one of them", what,
                                 a->declared, b->declared, a->path);
        if (strncmp(a->path, b->path, length) == 0 && b->path[length] == '.')
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                                 ": %s '%s' cannot be a value and the group of '%s' in a file: rename one of them",
                                 what, a->declared, b->declared);
    }
    return PIPETTE_OK;
}

int spec_check_collisions(const char *path, const char *what, const void *array, uint32_t count, uint32_t stride,
                          size_t path_offset, int runs, pipette_error *error)
{
    place *places = count > 0 ? calloc(count, sizeof *places) : NULL;
    int status = PIPETTE_OK;
    uint32_t i;
    if (count == 0)
        return PIPETTE_OK;
    for (i = 0; places != NULL && i < count; i++) {
        memcpy(&places[i].declared, (const char *)element_at(array, stride, i) + path_offset,
               sizeof places[i].declared);
        places[i].index = i;
        places[i].path = place_path(places[i].declared, runs);
        if (places[i].path == NULL)
            break;
    }
    if (places == NULL || i < count)
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory while checking plugin '%s'", path);
    else
        status = check_places(path, what, places, count, error);
    for (i = 0; places != NULL && i < count; i++)
        free(places[i].path);
    free(places);
    return status;
}
