/* hdf5_catalog.c: the catalog that stands as text in a file of results: it is read or refused with a message, and what
 * was read writes a text that gives the same text again. */
#include "fuzz.h"
#include "fuzz_store.h"

static store_catalog *parse(store_file *store, const char *text)
{
    store_catalog *catalog;
    store->failure = 0;
    catalog = catalog_parse(store, text);
    MUST(catalog != NULL || (store->failure < 0 && fuzz_stage.message[0] != '\0'));
    MUST(catalog != NULL || store->failure != PIPETTE_E_MEMORY);
    return catalog;
}

static char *text_of(const store_catalog *catalog)
{
    store_text text = {NULL, 0, 0, false};
    catalog_write(catalog, &text);
    MUST(!text.failed && text.data != NULL);
    return text.data;
}

/* What is worked out when a file is opened or gets a new structure. */
static void use(store_file *store, store_catalog *catalog)
{
    store_names names = {NULL, 0, 0};
    uint64_t rows = 0;
    uint32_t i;
    MUST(catalog->name != NULL && catalog->comment != NULL && catalog->exploration != NULL);
    for (i = 0; i < catalog->span_count; i++)
        rows += catalog->spans[i].count;
    MUST(rows == catalog->row_count && rows <= INT64_MAX);
    MUST(catalog->grid.axis_count == 0 || catalog_table_elements(&catalog->grid) == rows);
    (void)catalog_plain_runs(catalog);
    (void)catalog_run_type(catalog);
    (void)names_claim_catalog(store, &names, catalog);
    names_free(&names);
    for (i = 0; i < catalog->column_count; i++) {
        store_column *column = &catalog->columns[i];
        char *path = catalog_data_path(store, catalog, column);
        MUST(catalog_rows(catalog, column) <= catalog->row_count);
        MUST(path != NULL && path[0] == '/');
        (void)rows_can_have_holes(column);
        free(path);
    }
    for (i = 0; i < catalog->table_count; i++)
        (void)catalog_table_elements(&catalog->tables[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    store_file store;
    store_catalog *catalog;
    char *text = fuzz_text(data, size);
    fuzz_store_begin(&store);
    catalog = parse(&store, text);
    if (catalog != NULL) {
        char *written = text_of(catalog), *again;
        store_catalog *same = parse(&store, written);
        MUST(same != NULL);
        again = text_of(same);
        MUST(strcmp(written, again) == 0);
        use(&store, catalog);
        catalog_free(same);
        free(again);
        free(written);
    }
    catalog_free(catalog);
    fuzz_store_end(&store);
    free(text);
    return 0;
}
