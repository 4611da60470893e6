/* Names in the file: every path has one owner, and a path is either a group or a dataset. */
#include "store.h"

#include <stdlib.h>

struct store_name {
    char *path;
    const char *owner; /* borrowed; NULL: a group */
};

char *names_dataset(store_file *store, const char *path)
{
    size_t length = strlen(path), i = 0, used = 0;
    char *dataset = malloc(length + 2);
    if (dataset == NULL) {
        (void)store_memory(store);
        return NULL;
    }
    while (i <= length) {
        size_t end = i + strcspn(path + i, ".");
        if (end == i || memchr(path + i, '/', end - i) != NULL) {
            (void)store_fail(store, PIPETTE_E_INVALID, "'%s' is not a name that a file can have", path);
            free(dataset);
            return NULL;
        }
        if (path[i] != '$') {
            dataset[used++] = '/';
            memcpy(dataset + used, path + i, end - i);
            used += end - i;
        }
        i = end + 1;
    }
    dataset[used] = '\0';
    if (used == 0) { /* nothing but $ */
        (void)store_fail(store, PIPETTE_E_INVALID, "'%s' is not a name that a file can have", path);
        free(dataset);
        return NULL;
    }
    return dataset;
}

static struct store_name *slot_of(const store_names *names, const char *path, size_t length)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    size_t i;
    for (i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)path[i]) * UINT64_C(1099511628211);
    for (i = (size_t)hash & (names->capacity - 1);; i = (i + 1) & (names->capacity - 1)) {
        struct store_name *slot = &names->slots[i];
        if (slot->path == NULL || (strncmp(slot->path, path, length) == 0 && slot->path[length] == '\0'))
            return slot;
    }
}

static int names_add(store_file *store, store_names *names, const char *path, size_t length, const char *owner)
{
    struct store_name *slot;
    if (names->count * 2 >= names->capacity) {
        store_names grown = {NULL, 0, names->capacity ? names->capacity * 2 : 256};
        size_t i;
        grown.slots = calloc(grown.capacity, sizeof *grown.slots);
        if (grown.slots == NULL)
            return store_memory(store);
        for (i = 0; i < names->capacity; i++)
            if (names->slots[i].path != NULL)
                *slot_of(&grown, names->slots[i].path, strlen(names->slots[i].path)) = names->slots[i];
        grown.count = names->count;
        free(names->slots);
        *names = grown;
    }
    slot = slot_of(names, path, length);
    if (slot->path == NULL) {
        slot->path = strndup(path, length);
        if (slot->path == NULL)
            return store_memory(store);
        slot->owner = owner;
        names->count++;
    }
    return PIPETTE_OK;
}

bool names_taken(const store_names *names, const char *path)
{
    return names->capacity > 0 && slot_of(names, path, strlen(path))->path != NULL;
}

int names_claim(store_file *store, store_names *names, const char *dataset, const char *owner)
{
    const char *slash;
    int status;
    if (names_taken(names, dataset)) {
        const char *other = slot_of(names, dataset, strlen(dataset))->owner;
        if (other == NULL)
            return store_fail(store, PIPETTE_E_EXISTS,
                              "'%s' would be %s in the file, where other names are below; rename it", owner, dataset);
        return store_fail(store, PIPETTE_E_EXISTS, "'%s' and '%s' would both be %s in the file; rename one of them",
                          other, owner, dataset);
    }
    for (slash = strchr(dataset + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - dataset);
        status = names_add(store, names, dataset, length, NULL);
        if (status != PIPETTE_OK)
            return status;
        if (slot_of(names, dataset, length)->owner != NULL)
            return store_fail(store, PIPETTE_E_EXISTS,
                              "'%s' would be below '%s' (%.*s) in the file; rename one of them", owner,
                              slot_of(names, dataset, length)->owner, (int)length, dataset);
    }
    return names_add(store, names, dataset, strlen(dataset), owner);
}

static int claim_part(store_file *store, store_names *names, const char *dataset, const char *part, const char *owner)
{
    char *path = store_format("%s%s", dataset, part);
    int status = path != NULL ? names_claim(store, names, path, owner) : store_memory(store);
    free(path);
    return status;
}

int names_claim_column(store_file *store, store_names *names, const store_column *column)
{
    int status;
    if (column->form == STORE_SPARSE) {
        status = claim_part(store, names, column->dataset, "/row", column->path);
        if (status == PIPETTE_OK)
            status = claim_part(store, names, column->dataset, "/text", column->path);
        if (status == PIPETTE_OK)
            status = claim_part(store, names, column->dataset, "/entry", column->path);
        return status;
    }
    /* xarray takes no variable of several dimensions that is called like one of them. */
    if (strcmp(strrchr(column->dataset, '/'), "/run") == 0 &&
        (column->rank > 0 || column->type == PIPETTE_TYPE_COMPLEX))
        return store_fail(store, PIPETTE_E_EXISTS, "'%s' has the name of the dimension of the runs; rename it",
                          column->path);
    if (column->form != STORE_RAGGED)
        return names_claim(store, names, column->dataset, column->path);
    status = claim_part(store, names, column->dataset, strrchr(column->dataset, '/'), column->path);
    if (status == PIPETTE_OK)
        status = claim_part(store, names, column->dataset, "/run", column->path);
    if (status == PIPETTE_OK)
        status =
            claim_part(store, names, column->dataset,
                       strcmp(strrchr(column->dataset, '/'), "/sample") == 0 ? "/sample_2" : "/sample", column->path);
    if (status == PIPETTE_OK)
        status = claim_part(store, names, column->dataset, column->rank == 1 ? "_count" : "_shape", column->path);
    if (status == PIPETTE_OK && column->rank > 1)
        status = claim_part(store, names, column->dataset, "_axis", column->path);
    return status;
}

int names_claim_catalog(store_file *store, store_names *names, const store_catalog *catalog)
{
    int status = names_claim(store, names, "/run", "the dimension of the runs");
    uint32_t i, k;
    if (status == PIPETTE_OK)
        status = names_claim(store, names, "/complex", "the dimension of complex numbers");
    if (status == PIPETTE_OK)
        status = names_claim(store, names, "/pipette/layout", "the layout");
    if (status == PIPETTE_OK)
        status = names_claim(store, names, "/pipette/exploration", "the exploration");
    if (status == PIPETTE_OK)
        status = names_claim(store, names, "/pipette/finished", "the mark of the end");
    for (i = 0; status == PIPETTE_OK && i < catalog->column_count; i++)
        status =
            catalog->columns[i].path[0] == '\0' ? PIPETTE_OK : names_claim_column(store, names, &catalog->columns[i]);
    for (i = 0; status == PIPETTE_OK && i < catalog->leaf_count; i++)
        status = names_claim(store, names, catalog->leaves[i].dataset, catalog->leaves[i].path);
    for (i = 0; status == PIPETTE_OK && i < catalog->table_count; i++) {
        const store_table *table = &catalog->tables[i];
        for (k = 0; status == PIPETTE_OK && k < table->axis_count; k++)
            status = names_claim(store, names, table->axes[k].dataset, table->path);
        for (k = 0; status == PIPETTE_OK && k < table->array_count; k++)
            status = names_claim(store, names, table->arrays[k].dataset, table->path);
    }
    return status;
}

void names_free(store_names *names)
{
    size_t i;
    for (i = 0; i < names->capacity; i++)
        free(names->slots[i].path);
    free(names->slots);
    memset(names, 0, sizeof *names);
}
