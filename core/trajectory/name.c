/* name.c: paths and names: what is allowed, wildcards, run names, distance between names. */
#include "trajectory/name.h"

#include "trajectory/trajectory.h"

#include <ctype.h>
#include <stdlib.h>

static const struct {
    int branch;
    const char *name, *shortcut;
} branches[] = {
    {PIPETTE_BRANCH_CONFIG, "config", "conf"},
    {PIPETTE_BRANCH_PARAMETERS, "parameters", "par"},
    {PIPETTE_BRANCH_DERIVED_PARAMETERS, "derived_parameters", "dpar"},
    {PIPETTE_BRANCH_RESULTS, "results", "res"},
};

static int is(const char *component, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(component, word, length) == 0;
}

const char *name_branch(int branch)
{
    size_t i;
    for (i = 0; i < sizeof branches / sizeof branches[0]; i++)
        if (branches[i].branch == branch)
            return branches[i].name;
    return "";
}

int name_branch_of(const char *component, size_t length)
{
    size_t i;
    for (i = 0; i < sizeof branches / sizeof branches[0]; i++)
        if (is(component, length, branches[i].name) || is(component, length, branches[i].shortcut))
            return branches[i].branch;
    return 0;
}

static int is_run_wildcard(const char *component, size_t length)
{
    return is(component, length, "$") || is(component, length, "crun");
}

static int is_set_wildcard(const char *component, size_t length)
{
    return is(component, length, "$set") || is(component, length, "crunset");
}

static int check_component(const char *path, const char *component, size_t length, int allow_run, pipette_error *error)
{
    size_t i;
    if (length == 0)
        return pipette_error_set(error, PIPETTE_E_INVALID,
                                 "name '%.200s': an empty part; write names with single dots between", path);
    if (is_run_wildcard(component, length) || is_set_wildcard(component, length)) {
        if (allow_run)
            return PIPETTE_OK;
        return pipette_error_set(error, PIPETTE_E_INVALID,
                                 "name '%.200s': '%.*s' stands for a run and has no place here", path, (int)length,
                                 component);
    }
    if (length > NAME_COMPONENT_MAX)
        return pipette_error_set(error, PIPETTE_E_INVALID,
                                 "name '%.200s': a part has %zu characters; at most %d are allowed", path, length,
                                 (int)NAME_COMPONENT_MAX);
    if (component[0] == '_')
        return pipette_error_set(error, PIPETTE_E_INVALID, "name '%.200s': '%.*s' starts with '_'", path, (int)length,
                                 component);
    for (i = 0; i < length; i++) {
        unsigned char c = (unsigned char)component[i];
        int good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!good && c > 32 && c < 127)
            return pipette_error_set(error, PIPETTE_E_INVALID,
                                     "name '%.200s': '%c' is not allowed; use letters, digits, _ and -", path, (int)c);
        if (!good)
            return pipette_error_set(error, PIPETTE_E_INVALID,
                                     "name '%.200s': only letters, digits, _ and - are allowed (byte 0x%02x is not)",
                                     path, (unsigned)c);
    }
    return PIPETTE_OK;
}

int name_check(const char *path, int allow_run, pipette_error *error)
{
    const char *at = path;
    if (path == NULL || path[0] == '\0')
        return pipette_error_set(error, PIPETTE_E_INVALID, "a name is empty");
    if (strlen(path) > NAME_PATH_MAX)
        return pipette_error_set(error, PIPETTE_E_INVALID,
                                 "name '%.60s...' is too long; at most %d characters are allowed", path,
                                 (int)NAME_PATH_MAX);
    if (is(path, strcspn(path, "."), "overview"))
        return pipette_error_set(error, PIPETTE_E_INVALID, "name '%.200s': 'overview' is reserved", path);
    for (;;) {
        size_t length = strcspn(at, ".");
        int status = check_component(path, at, length, allow_run, error);
        if (status != PIPETTE_OK)
            return status;
        if (at[length] == '\0')
            return PIPETTE_OK;
        at += length + 1;
    }
}

int trajectory_check_path(const char *path, int allow_run, pipette_error *error)
{
    return name_check(path, allow_run, error);
}

int name_has_wildcard(const char *path)
{
    for (;;) {
        size_t length = strcspn(path, ".");
        if (is_run_wildcard(path, length) || is_set_wildcard(path, length))
            return 1;
        if (path[length] == '\0')
            return 0;
        path += length + 1;
    }
}

/* "run_" and digits: their number, however many. */
static uint64_t digits(const char *component, size_t length, const char *prefix)
{
    size_t i = strlen(prefix);
    uint64_t number = 0;
    if (length <= i || length > i + 19 || memcmp(component, prefix, i) != 0)
        return NAME_NO_RUN;
    for (; i < length; i++) {
        if (component[i] < '0' || component[i] > '9')
            return NAME_NO_RUN;
        number = number * 10 + (uint64_t)(component[i] - '0');
    }
    return number;
}

uint64_t name_run(const char *component, size_t length)
{
    char name[PIPETTE_RUN_NAME_SIZE];
    uint64_t run = digits(component, length, "run_");
    return run != NAME_NO_RUN && is(component, length, pipette_run_name(run, name)) ? run : NAME_NO_RUN;
}

uint64_t name_run_set(const char *component, size_t length)
{
    uint64_t set = digits(component, length, "run_set_");
    return set != NAME_NO_RUN && length >= strlen("run_set_00000") ? set : NAME_NO_RUN;
}

int name_expand(const char *path, uint64_t run, int shortcuts, int aliases, char *out, int *changed,
                pipette_error *error)
{
    const char *at = path;
    size_t used = 0;
    if (changed != NULL)
        *changed = 0;
    for (;;) {
        size_t length = strcspn(at, "."), size;
        char name[PIPETTE_RUN_NAME_SIZE];
        const char *part = at;
        uint64_t number = NAME_NO_RUN;
        size = length;
        if (is_run_wildcard(at, length))
            part = pipette_run_name(run, name);
        else if (is_set_wildcard(at, length))
            part = pipette_run_set_name(run, name);
        else if (shortcuts && at == path && name_branch_of(at, length) != 0)
            part = name_branch(name_branch_of(at, length));
        else if (aliases && ((number = digits(at, length, "run_")) != NAME_NO_RUN ||
                             (number = digits(at, length, "r_")) != NAME_NO_RUN)) {
            part = pipette_run_name(number, name);
            if (changed != NULL)
                *changed = 1;
        }
        if (part != at)
            size = strlen(part);
        if (used + size + 2 > NAME_PATH_SIZE)
            return pipette_error_set(error, PIPETTE_E_INVALID, "name '%.60s...' is too long", path);
        memcpy(out + used, part, size);
        used += size;
        out[used] = '\0';
        if (at[length] == '\0')
            return PIPETTE_OK;
        out[used++] = '.';
        at += length + 1;
    }
}

/* Optimal string alignment with three rows; names longer than the rows are never near. */
uint32_t name_distance(const char *a, const char *b, uint32_t limit)
{
    enum { LONGEST = 255 };
    uint32_t rows[3][LONGEST + 1];
    size_t n = strlen(a), m = strlen(b), i, j;
    if (n > LONGEST || m > LONGEST || (n > m ? n - m : m - n) > limit)
        return limit + 1;
    for (j = 0; j <= m; j++)
        rows[0][j] = (uint32_t)j;
    for (i = 1; i <= n; i++) {
        uint32_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        uint32_t least = row[0] = (uint32_t)i;
        for (j = 1; j <= m; j++) {
            uint32_t cost = above[j - 1] + (a[i - 1] != b[j - 1] ? 1u : 0u);
            if (cost > above[j] + 1)
                cost = above[j] + 1;
            if (cost > row[j - 1] + 1)
                cost = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && cost > before[j - 2] + 1)
                cost = before[j - 2] + 1;
            row[j] = cost;
            if (cost < least)
                least = cost;
        }
        if (least > limit + 1)
            return limit + 1;
    }
    return rows[n % 3][m];
}

/* ---- Lists of paths ---- */

int name_fits(const char *path, const char *name)
{
    while (*path != '\0') {
        size_t length = strcspn(path, "."), wanted = strcspn(name, ".");
        if (length == wanted && memcmp(path, name, length) == 0) {
            name += wanted;
            if (*name == '\0')
                return path[length] == '\0';
            name++;
        }
        path += length;
        path += *path == '.';
    }
    return 0;
}

static unsigned depth_of(const char *path)
{
    unsigned depth = 0;
    for (; *path != '\0'; path++)
        depth += *path == '.';
    return depth;
}

/* Which paths natural naming looks at first. */
static unsigned order_of(const char *path)
{
    size_t length = strcspn(path, ".");
    return is(path, length, "config") ? 2 : is(path, length, "runs") ? 1 : 0;
}

int64_t name_find(const char *name, uint32_t count, const char *(*path_of)(const void *user, uint32_t index),
                  const void *user, char *candidates, size_t size)
{
    int64_t found = NAME_FIND_NONE;
    unsigned best = 0;
    size_t used = 0;
    uint32_t i;
    if (candidates != NULL)
        candidates[0] = '\0';
    for (i = 0; i < count; i++) {
        const char *path = path_of(user, i);
        unsigned depth = order_of(path) * (NAME_PATH_MAX + 1u) + depth_of(path);
        if (strcmp(path, name) == 0)
            return i;
        if (!name_fits(path, name) || (found != NAME_FIND_NONE && depth > best))
            continue;
        if (found == NAME_FIND_NONE || depth < best) {
            found = i;
            best = depth;
            used = 0;
        } else {
            found = NAME_FIND_SEVERAL;
        }
        if (candidates != NULL && used < size) {
            int added = snprintf(candidates + used, size - used, "%s%s", used == 0 ? "" : ", ", path);
            used += added > 0 ? (size_t)added : 0;
        }
    }
    return found;
}

/* ---- Near names ---- */

/* The path without its wildcards, which nobody needs to write. */
static void without_wildcards(const char *path, char *out, size_t size)
{
    size_t used = 0;
    while (*path != '\0') {
        size_t length = strcspn(path, ".");
        if (!is_run_wildcard(path, length) && !is_set_wildcard(path, length) && used + length + 2 < size) {
            if (used > 0)
                out[used++] = '.';
            memcpy(out + used, path, length);
            used += length;
        }
        path += length;
        path += *path == '.';
    }
    out[used] = '\0';
}

static const char *last_parts(const char *path, unsigned parts)
{
    const char *tail = path + strlen(path);
    while (tail > path)
        if (*--tail == '.' && --parts == 0)
            return tail + 1;
    return tail;
}

static void lower(const char *text, char *out, size_t size)
{
    size_t i;
    for (i = 0; text[i] != '\0' && i + 1 < size; i++)
        out[i] = (char)tolower((unsigned char)text[i]);
    out[i] = '\0';
}

static uint32_t near_texts(const char *a, const char *b)
{
    char low[2][NAME_COMPONENT_MAX + 1];
    size_t length = strlen(a);
    uint32_t limit = length < 2 ? 0 : length < 6 ? 1 : (uint32_t)length / 3, away;
    if (length >= sizeof low[0] || strlen(b) >= sizeof low[0])
        return NAME_FAR;
    lower(a, low[0], sizeof low[0]);
    lower(b, low[1], sizeof low[1]);
    away = name_distance(low[0], low[1], limit);
    return away <= limit ? away : NAME_FAR;
}

uint32_t name_away(const char *name, const char *path)
{
    char plain[NAME_PATH_SIZE];
    uint32_t away;
    if (!name_has_wildcard(name)) {
        without_wildcards(path, plain, sizeof plain);
        path = plain;
    }
    away = near_texts(name, last_parts(path, depth_of(name) + 1));
    if (away != NAME_FAR)
        return away;
    away = near_texts(last_parts(name, 1), last_parts(path, 1));
    return away == NAME_FAR ? away : away + NAME_PATH_MAX;
}

const char *name_nearest(const char *name, uint32_t count, const char *(*path_of)(const void *user, uint32_t index),
                         const void *user)
{
    const char *nearest = NULL;
    uint32_t best = NAME_FAR, i;
    for (i = 0; i < count; i++) {
        const char *path = path_of(user, i);
        uint32_t away = path == NULL ? NAME_FAR : name_away(name, path);
        if (away < best || (away == best && nearest != NULL && order_of(path) < order_of(nearest))) {
            best = away;
            nearest = path;
        }
    }
    return nearest;
}

static const char *listed(const void *user, uint32_t index)
{
    return ((const char *const *)user)[index];
}

const char *name_nearest_of(const char *name, const char *const *names, uint32_t count)
{
    return name_nearest(name, count, listed, names);
}
