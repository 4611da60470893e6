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

static void drop_pending(store_file *store, const char *path)
{
    store_table *table = tables_find(store->pending, store->pending_count, path);
    if (table == NULL)
        return;
    catalog_table_free(table);
    *table = store->pending[--store->pending_count];
}

/* Whether its names can be in the file. A table that takes another's place only has to agree with itself. */
static int check_names(store_file *store, const store_table *table, bool replaces)
{
    store_names names = {NULL, 0, 0};
    uint32_t i;
    int status = replaces ? PIPETTE_OK : names_claim_catalog(store, &names, store->catalog);
    for (i = 0; status == PIPETTE_OK && i < table->axis_count; i++)
        status = names_claim(store, &names, table->axes[i].dataset, table->path);
    for (i = 0; status == PIPETTE_OK && i < table->array_count; i++)
        status = names_claim(store, &names, table->arrays[i].dataset, table->path);
    names_free(&names);
    return status;
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
