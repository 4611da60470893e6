/* Strings of the open file go into a structure that is being written: the only data of runs that takes the way through
 * HDF5. */
#include "h5.h"

#include <stdlib.h>

enum { STRING_ROWS = 1024 };

/* The value of a row if it counts; STORE_NONE otherwise. */
static int take_row(store_file *store, store_states *states, store_column *source, uint64_t row, store_value *out)
{
    int counts = row < store->catalog->row_count ? columns_counts(store, states, source, row) : 0;
    memset(out, 0, sizeof *out);
    if (counts <= 0)
        return counts < 0 ? counts : STORE_NONE;
    return read_row(store, source, row, out);
}

int strings_text(store_file *store, store_column *column, int64_t dataset)
{
    static const char *const empty = "";
    store_value values[STRING_ROWS];
    const char **texts = calloc((size_t)(STRING_ROWS * column->elements) + 1, sizeof *texts);
    store_states *states = calloc(1, sizeof *states);
    uint64_t rows = store->catalog->row_count, first, count, i, k;
    int status = texts != NULL && states != NULL ? PIPETTE_OK : store_memory(store);
    for (first = 0; status == PIPETTE_OK && first < rows; first += count) {
        count = rows - first < STRING_ROWS ? rows - first : STRING_ROWS;
        memset(values, 0, sizeof values);
        for (i = 0; status >= 0 && i < count; i++) {
            const char *const *from;
            status = take_row(store, states, column->source, first + i, &values[i]);
            from = status == PIPETTE_OK ? pipette_value_data(&values[i].value) : NULL;
            for (k = 0; k < column->elements; k++)
                texts[i * column->elements + k] = from != NULL ? from[k] : empty;
        }
        if (status >= 0)
            status = h5_write_texts(store, dataset, first, count, texts);
        for (i = 0; i < count; i++)
            store_value_free(&values[i]);
    }
    free(states);
    free(texts);
    return status;
}

int strings_ragged(store_file *store, store_column *column, int64_t dataset)
{
    store_states *states = calloc(1, sizeof *states);
    uint64_t row, at = 0;
    int status = states != NULL ? PIPETTE_OK : store_memory(store);
    for (row = 0; status >= 0 && row < store->catalog->row_count; row++) {
        store_value value;
        status = take_row(store, states, column->source, row, &value);
        if (status == PIPETTE_OK) {
            uint64_t count = pipette_value_count(&value.value);
            status = h5_write_texts(store, dataset, at, count, pipette_value_data(&value.value));
            at += count;
        }
        store_value_free(&value);
    }
    free(states);
    return status < 0 ? status : PIPETTE_OK;
}

int strings_sparse(store_file *store, store_column *column, int64_t rows, int64_t texts)
{
    store_states *states = calloc(1, sizeof *states);
    uint64_t row, at = 0;
    int status = states != NULL ? PIPETTE_OK : store_memory(store);
    for (row = 0; status >= 0 && row < store->catalog->row_count; row++) {
        store_value value;
        status = take_row(store, states, column->source, row, &value);
        if (status == PIPETTE_OK) {
            hsize_t start = at++, one = 1;
            int64_t number = (int64_t)row;
            hid_t space = H5Dget_space(rows), memory = H5Screate(H5S_SCALAR);
            if (H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &one, NULL) < 0 ||
                H5Dwrite(rows, H5T_NATIVE_INT64, memory, space, H5P_DEFAULT, &number) < 0)
                status = h5_fail(store, "cannot write '%s'", store->path);
            (void)H5Sclose(space);
            (void)H5Sclose(memory);
            if (status == PIPETTE_OK)
                status = h5_write_texts(store, texts, start, 1, pipette_value_data(&value.value));
        }
        store_value_free(&value);
    }
    free(states);
    return status < 0 ? status : PIPETTE_OK;
}
