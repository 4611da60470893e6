/* file.c: result files for looking: a storage plugin opened for reading, and natural naming over what stands in it. */
#include <ctype.h>
#include <stdlib.h>

#include "pipeline/pipeline.h"
#include "base/element.h"
#include "trajectory/name.h"

struct pipette_file {
    plugin_search *search;
    stage storage;
    char *path;
    pipette_entry *entries; /* whole copies: a storage may forget what it listed */
    uint32_t entry_count, entry_capacity;
    char **groups; /* that the entries stand in; listed when they are first asked for */
    uint32_t group_count;
    uint64_t part; /* elements of the value that was read last */
    int opened;
};

static const pipette_storage *table_of(const pipette_file *file)
{
    return file->storage.descriptor->table;
}

static int failed(const pipette_file *file, int status, pipette_error *error)
{
    const char *text = file->storage.message;
    return pipette_error_set(error, status, "%s", text[0] != '\0' ? text : pipette_status_text(status));
}

static int keep_text(const char **text)
{
    if (*text == NULL)
        *text = "";
    *text = strdup(*text);
    return *text == NULL ? PIPETTE_E_MEMORY : PIPETTE_OK;
}

static int own_labels(pipette_dimension *dimension)
{
    const char *const *from = dimension->labels;
    const char **to;
    uint64_t i;
    if (from == NULL)
        return PIPETTE_OK;
    dimension->labels = to = calloc((size_t)dimension->extent + 1, sizeof *to);
    for (i = 0; to != NULL && i < dimension->extent; i++)
        if ((to[i] = strdup(from[i])) == NULL)
            return PIPETTE_E_MEMORY;
    return to == NULL ? PIPETTE_E_MEMORY : PIPETTE_OK;
}

/* Makes the copy own what it points to. On failure it is left so that drop_entry() can free it. The storage may know a
 * shorter struct than we do. */
static int own_entry(pipette_entry *entry)
{
    const void *from = entry->dimensions;
    pipette_dimension *to = calloc(entry->rank + 1u, sizeof *to);
    int status = to == NULL ? PIPETTE_E_MEMORY : PIPETTE_OK;
    const char **texts[3] = {&entry->path, &entry->unit, &entry->doc};
    uint32_t rank = entry->rank, i;
    entry->dimensions = to;
    entry->rank = 0;
    for (i = 0; i < 3; i++)
        if (keep_text(texts[i]) != PIPETTE_OK)
            status = PIPETTE_E_MEMORY;
    for (i = 0; status == PIPETTE_OK && i < rank; i++) {
        element_read(&to[i], sizeof to[i], element_at(from, 0, i));
        entry->rank = i + 1;
        status |= keep_text(&to[i].name);
        status |= keep_text(&to[i].unit);
        status |= keep_text(&to[i].doc);
        status |= own_labels(&to[i]);
    }
    return status == PIPETTE_OK ? status : PIPETTE_E_MEMORY;
}

static void drop_entry(pipette_entry *entry)
{
    uint32_t i;
    uint64_t k;
    for (i = 0; i < entry->rank; i++) {
        for (k = 0; entry->dimensions[i].labels != NULL && k < entry->dimensions[i].extent; k++)
            free((void *)(uintptr_t)entry->dimensions[i].labels[k]);
        free((void *)(uintptr_t)entry->dimensions[i].labels);
        free((void *)(uintptr_t)entry->dimensions[i].name);
        free((void *)(uintptr_t)entry->dimensions[i].unit);
        free((void *)(uintptr_t)entry->dimensions[i].doc);
    }
    free((void *)(uintptr_t)entry->dimensions);
    free((void *)(uintptr_t)entry->path);
    free((void *)(uintptr_t)entry->unit);
    free((void *)(uintptr_t)entry->doc);
}

static int keep_entry(const pipette_entry *entry, void *user)
{
    pipette_file *file = user;
    if (file->entry_count == file->entry_capacity) {
        uint32_t capacity = file->entry_capacity == 0 ? 64 : 2 * file->entry_capacity;
        pipette_entry *more = realloc(file->entries, capacity * sizeof *more);
        if (more == NULL)
            return PIPETTE_E_MEMORY;
        file->entries = more;
        file->entry_capacity = capacity;
    }
    memset(&file->entries[file->entry_count], 0, sizeof *file->entries);
    memcpy(&file->entries[file->entry_count], entry, entry->size < sizeof *entry ? entry->size : sizeof *entry);
    return own_entry(&file->entries[file->entry_count++]);
}

int file_open(const char *path, const char *storage, const char *const *folders, uint32_t folder_count, int mode,
              pipette_file **out, pipette_error *error)
{
    pipette_file *file = calloc(1, sizeof *file);
    int status;
    *out = NULL;
    if (file == NULL || (file->path = strdup(path)) == NULL) {
        free(file);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    }
    stage_init(&file->storage, storage == NULL ? "hdf5" : storage, NULL, NULL, NULL);
    status = plugin_search_create(folders, folder_count, &file->search, error);
    if (status == PIPETTE_OK)
        status = stage_load(&file->storage, file->search, NULL, PIPETTE_KIND_STORAGE, error);
    if (status == PIPETTE_OK && table_of(file)->create != NULL) {
        status = table_of(file)->create(&file->storage.handle);
        if (status != PIPETTE_OK)
            (void)failed(file, status, error);
    }
    if (status == PIPETTE_OK) {
        file->storage.created = 1;
        status = table_of(file)->open(&file->storage.handle, path, mode);
        if (status == PIPETTE_OK) {
            file->opened = 1;
            status = table_of(file)->list(&file->storage.handle, keep_entry, file);
        }
        if (status != PIPETTE_OK)
            status = failed(file, PIPETTE_E_STORAGE, error);
    }
    if (status != PIPETTE_OK) {
        pipette_file_destroy(file);
        return status;
    }
    *out = file;
    return PIPETTE_OK;
}

int pipette_file_open(const char *path, const char *storage, const char *const *folders, uint32_t folder_count,
                      pipette_file **out, pipette_error *error)
{
    return file_open(path, storage, folders, folder_count, PIPETTE_STORAGE_READ, out, error);
}

stage *file_storage(pipette_file *file)
{
    return &file->storage;
}

int file_finish(pipette_file *file, pipette_error *error)
{
    int status = table_of(file)->finish(&file->storage.handle, 0);
    file->opened = 0;
    return status == PIPETTE_OK ? status : failed(file, PIPETTE_E_STORAGE, error);
}

void file_leave(pipette_file *file)
{
    file->opened = 0;
}

void pipette_file_destroy(pipette_file *file)
{
    uint32_t i;
    if (file == NULL)
        return;
    if (file->opened)
        (void)table_of(file)->finish(&file->storage.handle, 0);
    if (file->storage.created)
        table_of(file)->destroy(&file->storage.handle);
    if (file->search != NULL)
        plugin_search_destroy(file->search);
    for (i = 0; i < file->entry_count; i++)
        drop_entry(&file->entries[i]);
    for (i = 0; i < file->group_count; i++)
        free(file->groups[i]);
    free(file->groups);
    free(file->entries);
    free(file->path);
    free(file);
}

int pipette_file_info(pipette_file *file, pipette_storage_info *info, pipette_error *error)
{
    int status = table_of(file)->info(&file->storage.handle, info);
    return status == PIPETTE_OK ? status : failed(file, status, error);
}

int pipette_file_list(pipette_file *file, pipette_entry_visit visit, void *user, pipette_error *error)
{
    uint32_t i;
    int status = 0;
    (void)error;
    for (i = 0; status == 0 && i < file->entry_count; i++)
        status = visit(&file->entries[i], user);
    return status;
}

int pipette_file_read(pipette_file *file, const char *path, uint64_t first, uint64_t count, int type, void *out,
                      pipette_error *error)
{
    int status = table_of(file)->read(&file->storage.handle, path, first, count, type, out);
    return status == PIPETTE_OK ? status : failed(file, status, error);
}

int pipette_file_read_one(pipette_file *file, const char *path, uint64_t row, pipette_value *value,
                          pipette_error *error)
{
    int status = table_of(file)->read_one(&file->storage.handle, path, row, value);
    return status == PIPETTE_OK ? status : failed(file, status, error);
}

int pipette_file_read_part(pipette_file *file, const char *path, uint64_t row, uint64_t first, uint64_t count,
                           pipette_value *value, uint64_t *total, pipette_error *error)
{
    const pipette_storage *table = table_of(file);
    int status;
    if (PIPETTE_HAS(table, read_part) && table->read_part != NULL) {
        status = table->read_part(&file->storage.handle, path, row, first, count, value, total);
        return status == PIPETTE_OK ? status : failed(file, status, error);
    }
    status = pipette_file_read_one(file, path, row, value, error);
    if (status != PIPETTE_OK)
        return status;
    *total = pipette_value_count(value);
    if (value->rank > 0) {
        first = first < *total ? first : *total;
        file->part = *total - first < count ? *total - first : count;
        *value = pipette_value_array(value->type, 1, &file->part,
                                     (const char *)value->data + first * pipette_type_size(value->type));
    }
    return PIPETTE_OK;
}

int pipette_file_run(pipette_file *file, uint64_t row, uint64_t *run, pipette_error *error)
{
    pipette_storage_info info = {.size = sizeof info};
    uint64_t rest = row;
    uint32_t i;
    int status = pipette_file_info(file, &info, error);
    for (i = 0; status == PIPETTE_OK && i < info.span_count; i++) {
        if (rest < info.spans[i].count) {
            *run = info.spans[i].first + rest;
            return PIPETTE_OK;
        }
        rest -= info.spans[i].count;
    }
    if (status == PIPETTE_OK && info.span_count == 0 && row < info.row_count) {
        *run = row;
        return PIPETTE_OK;
    }
    return status != PIPETTE_OK ? status
                                : pipette_error_set(error, PIPETTE_E_NOT_FOUND, "%s: has no row %llu", file->path,
                                                    (unsigned long long)row);
}

int pipette_file_row(pipette_file *file, uint64_t run, uint64_t *row, pipette_error *error)
{
    pipette_storage_info info = {.size = sizeof info};
    uint64_t base = 0;
    uint32_t i;
    int status = pipette_file_info(file, &info, error);
    if (status != PIPETTE_OK)
        return status;
    for (i = 0; i < info.span_count; i++) {
        if (run >= info.spans[i].first && run - info.spans[i].first < info.spans[i].count) {
            *row = base + (run - info.spans[i].first);
            return PIPETTE_OK;
        }
        base += info.spans[i].count;
    }
    return pipette_error_set(error, PIPETTE_E_NOT_FOUND,
                             "%s: holds no run %llu; it has %llu runs, see `pipette show %s`", file->path,
                             (unsigned long long)run, (unsigned long long)info.row_count, file->path);
}

/* ---- Names ---- */

/* "run_13", "r_13", "run_00000013": the run; else PIPETTE_DEFAULT_RUN. */
static uint64_t run_named(const char *component, size_t length)
{
    size_t prefix = 0, i;
    uint64_t run = 0;
    if (length > 4 && strncmp(component, "run_", 4) == 0)
        prefix = 4;
    else if (length > 2 && strncmp(component, "r_", 2) == 0)
        prefix = 2;
    if (prefix == 0 || length - prefix > 18)
        return PIPETTE_DEFAULT_RUN;
    for (i = prefix; i < length; i++) {
        if (!isdigit((unsigned char)component[i]))
            return PIPETTE_DEFAULT_RUN;
        run = 10 * run + (uint64_t)(component[i] - '0');
    }
    return run;
}

/* The name with the shortcut of a branch written out and, if `aliases`, each word for a run replaced by `$`. */
static void normalise(const char *name, int aliases, char *out, size_t size, uint64_t *run)
{
    size_t used = 0;
    int first = 1;
    out[0] = '\0';
    while (*name != '\0' && used + 1 < size) {
        size_t length = strcspn(name, "."), take = length;
        const char *component = name;
        uint64_t named = aliases ? run_named(component, length) : PIPETTE_DEFAULT_RUN;
        if (named != PIPETTE_DEFAULT_RUN || (aliases && ((length == 4 && strncmp(name, "crun", 4) == 0) ||
                                                         (length == 7 && strncmp(name, "run_ALL", 7) == 0)))) {
            if (named != PIPETTE_DEFAULT_RUN)
                *run = named;
            component = "$";
            take = 1;
        } else if (first && name_branch_of(name, length) != 0) {
            component = name_branch(name_branch_of(name, length));
            take = strlen(component);
        }
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", first ? "" : ".", (int)take, component);
        name += length;
        name += *name == '.';
        first = 0;
    }
}

static const char *entry_path(const void *user, uint32_t i)
{
    return ((const pipette_file *)user)->entries[i].path;
}

/* The entries, and behind them the groups that they stand in. */
static const char *place_path(const void *user, uint32_t i)
{
    const pipette_file *file = user;
    return i < file->entry_count ? file->entries[i].path : file->groups[i - file->entry_count];
}

static int has_group(const pipette_file *file, const char *path, size_t length)
{
    uint32_t i;
    for (i = 0; i < file->group_count; i++)
        if (strncmp(file->groups[i], path, length) == 0 && file->groups[i][length] == '\0')
            return 1;
    return 0;
}

static int list_groups(pipette_file *file)
{
    uint32_t i, capacity = 0;
    if (file->groups != NULL)
        return PIPETTE_OK;
    for (i = 0; i < file->entry_count; i++) {
        const char *path = file->entries[i].path, *dot;
        for (dot = strchr(path, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
            size_t length = (size_t)(dot - path);
            if (has_group(file, path, length))
                continue;
            if (file->group_count == capacity) {
                char **more = realloc(file->groups, (capacity = 2 * capacity + 16) * sizeof *more);
                if (more == NULL)
                    return PIPETTE_E_MEMORY;
                file->groups = more;
            }
            file->groups[file->group_count] = strndup(path, length);
            if (file->groups[file->group_count] == NULL)
                return PIPETTE_E_MEMORY;
            file->group_count++;
        }
    }
    return PIPETTE_OK;
}

/* The number of the place that a name finds, among the entries alone or with the groups; a status below 0. Names are
 * taken as written first: a parameter may well be called r_1. */
static int64_t find_place(pipette_file *file, const char *name, int groups, uint64_t *run, pipette_error *error)
{
    char wanted[2][NAME_PATH_SIZE], candidates[600];
    const char *nearest;
    uint32_t count = file->entry_count + (groups ? file->group_count : 0), i;
    int64_t found = NAME_FIND_NONE;
    *run = PIPETTE_DEFAULT_RUN;
    for (i = 0; i < 2 && found == NAME_FIND_NONE; i++) {
        normalise(name, (int)i, wanted[i], sizeof wanted[i], run);
        if (i == 0 || strcmp(wanted[0], wanted[1]) != 0)
            found = name_find(wanted[i], count, groups ? place_path : entry_path, file, candidates, sizeof candidates);
    }
    if (found >= 0)
        return found;
    if (found == NAME_FIND_SEVERAL)
        return pipette_error_set(error, PIPETTE_E_AMBIGUOUS, "%s: '%s' fits several places: %s; write more of the name",
                                 file->path, name, candidates);
    nearest = name_nearest(wanted[1], count, groups ? place_path : entry_path, file);
    if (nearest != NULL)
        return pipette_error_set(error, PIPETTE_E_NOT_FOUND, "%s: holds no '%s'; did you mean '%s'?", file->path, name,
                                 nearest);
    return pipette_error_set(error, PIPETTE_E_NOT_FOUND, "%s: holds no '%s'; `pipette show %s` lists what it holds",
                             file->path, name, file->path);
}

int pipette_file_find(pipette_file *file, const char *name, const pipette_entry **entry, uint64_t *run,
                      pipette_error *error)
{
    int64_t found = find_place(file, name, 0, run, error);
    if (found < 0)
        return (int)found;
    *entry = &file->entries[found];
    return PIPETTE_OK;
}

int pipette_file_find_any(pipette_file *file, const char *name, const pipette_entry **entry, const char **group,
                          uint64_t *run, pipette_error *error)
{
    int64_t found;
    *entry = NULL;
    *group = NULL;
    if (list_groups(file) != PIPETTE_OK)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    found = find_place(file, name, 1, run, error);
    if (found < 0)
        return (int)found;
    if (found < file->entry_count)
        *entry = &file->entries[found];
    else
        *group = file->groups[found - file->entry_count];
    return PIPETTE_OK;
}
