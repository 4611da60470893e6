/* Tables: into their place if they were declared so, else kept until the file is built anew. */
#include "store.h"

#include <stdlib.h>

store_table *tables_find(store_table *tables, uint32_t count, const char *path)
{
    uint32_t i;
    for (i = 0; i < count; i++)
        if (strcmp(tables[i].path, path) == 0)
            return &tables[i];
    return NULL;
}

uint64_t tables_bytes(const store_table *table, const store_array *array)
{
    return catalog_table_elements(table) * pipette_type_size(array->type);
}

int tables_load(store_file *store, store_table *table)
{
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < table->axis_count; i++)
        if (table->axes[i].type != PIPETTE_TYPE_NONE && table->axes[i].values.block == NULL)
            status = read_axis(store, &table->axes[i], &table->axes[i].values);
    return status;
}

store_leaf *tables_find_leaf(store_leaf *leaves, uint32_t count, const char *path)
{
    uint32_t i;
    for (i = 0; i < count; i++)
        if (strcmp(leaves[i].path, path) == 0)
            return &leaves[i];
    return NULL;
}

static void drop_pending(store_file *store, const char *path)
{
    store_table *table = tables_find(store->pending, store->pending_count, path);
    if (table == NULL)
        return;
    catalog_table_free(table);
    *table = store->pending[--store->pending_count];
}

/* Claims what the file has and what waits, but for the table or leaf `path`. */
static int claim_others(store_file *store, store_names *names, const char *path)
{
    uint32_t i, k;
    int status = names_claim_catalog(store, names, store->catalog);
    for (i = 0; status == PIPETTE_OK && i < store->pending_leaf_count; i++) {
        const store_leaf *leaf = &store->pending_leaves[i];
        if (strcmp(leaf->path, path) != 0 &&
            tables_find_leaf(store->catalog->leaves, store->catalog->leaf_count, leaf->path) == NULL)
            status = names_claim(store, names, leaf->dataset, leaf->path);
    }
    for (i = 0; status == PIPETTE_OK && i < store->pending_count; i++) {
        const store_table *table = &store->pending[i];
        if (strcmp(table->path, path) == 0 ||
            tables_find(store->catalog->tables, store->catalog->table_count, table->path) != NULL)
            continue;
        for (k = 0; status == PIPETTE_OK && k < table->axis_count; k++)
            status = names_claim(store, names, table->axes[k].dataset, table->path);
        for (k = 0; status == PIPETTE_OK && k < table->array_count; k++)
            status = names_claim(store, names, table->arrays[k].dataset, table->path);
    }
    return status;
}

/* Whether its names can be in the file. A table that takes another's place only has to agree with itself. */
static int check_names(store_file *store, const store_table *table, bool replaces)
{
    store_names names = {NULL, 0, 0};
    uint32_t i;
    int status = replaces ? PIPETTE_OK : claim_others(store, &names, table->path);
    for (i = 0; status == PIPETTE_OK && i < table->axis_count; i++)
        status = names_claim(store, &names, table->axes[i].dataset, table->path);
    for (i = 0; status == PIPETTE_OK && i < table->array_count; i++)
        status = names_claim(store, &names, table->arrays[i].dataset, table->path);
    names_free(&names);
    return status;
}

/* Whether the file has that value already. */
static bool stands(store_file *store, const store_leaf *leaf)
{
    store_leaf *placed = tables_find_leaf(store->catalog->leaves, store->catalog->leaf_count, leaf->path);
    store_value value;
    bool same;
    if (placed == NULL || placed->type != leaf->type || placed->rank != leaf->rank ||
        strcmp(placed->unit, leaf->unit) != 0 || strcmp(placed->comment, leaf->comment) != 0 ||
        read_leaf(store, placed, &value) != PIPETTE_OK)
        return false;
    same = store_value_equal(&value.value, &leaf->value.value);
    store_value_free(&value);
    return same;
}

int tables_put_leaf(store_file *store, const pipette_leaf_spec *spec)
{
    store_names names = {NULL, 0, 0};
    store_leaf leaf, *kept;
    bool known;
    int status = catalog_leaf(store, &leaf, spec);
    if (status != PIPETTE_OK) {
        catalog_leaf_free(&leaf);
        return status;
    }
    kept = tables_find_leaf(store->pending_leaves, store->pending_leaf_count, leaf.path);
    known = kept != NULL || tables_find_leaf(store->catalog->leaves, store->catalog->leaf_count, leaf.path) != NULL;
    if (!known) {
        status = claim_others(store, &names, leaf.path);
        if (status == PIPETTE_OK)
            status = names_claim(store, &names, leaf.dataset, leaf.path);
        names_free(&names);
    }
    if (status == PIPETTE_OK && kept == NULL && stands(store, &leaf)) {
        catalog_leaf_free(&leaf);
        return PIPETTE_OK;
    }
    if (status == PIPETTE_OK && kept != NULL)
        catalog_leaf_free(kept);
    else if (status == PIPETTE_OK && (kept = catalog_grow(store, (void **)&store->pending_leaves,
                                                          &store->pending_leaf_count, sizeof *kept)) == NULL)
        status = PIPETTE_E_MEMORY;
    if (status != PIPETTE_OK) {
        catalog_leaf_free(&leaf);
        return status;
    }
    *kept = leaf;
    return PIPETTE_OK;
}

int tables_put(store_file *store, const pipette_table *table)
{
    store_table copy, *placed, *kept;
    uint32_t i;
    int status = catalog_table(store, &copy, table, true);
    if (status != PIPETTE_OK) {
        catalog_table_free(&copy);
        return status;
    }
    placed = tables_find(store->catalog->tables, store->catalog->table_count, copy.path);
    if (placed != NULL)
        status = tables_load(store, placed);
    if (status == PIPETTE_OK && placed != NULL && catalog_table_same(placed, &copy)) {
        for (i = 0; status == PIPETTE_OK && i < copy.array_count; i++)
            status = file_write(store, store->fd, copy.arrays[i].data, tables_bytes(&copy, &copy.arrays[i]),
                                placed->arrays[i].offset);
        drop_pending(store, copy.path);
        catalog_table_free(&copy);
        return status;
    }
    if (status == PIPETTE_OK)
        status = check_names(store, &copy, placed != NULL);
    if (status == PIPETTE_OK) {
        drop_pending(store, copy.path);
        kept = catalog_grow(store, (void **)&store->pending, &store->pending_count, sizeof *kept);
        if (kept != NULL) {
            *kept = copy;
            return PIPETTE_OK;
        }
        status = PIPETTE_E_MEMORY;
    }
    catalog_table_free(&copy);
    return status;
}
