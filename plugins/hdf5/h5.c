/* HDF5 with errors as messages, types, and values of small datasets. */
#include "h5.h"

#include <stdlib.h>

static herr_t keep_first(unsigned position, const H5E_error2_t *error, void *user)
{
    if (position == 0 && error->desc != NULL)
        (void)snprintf(user, 500, "%s", error->desc);
    return 0;
}

static herr_t look_for(unsigned position, const H5E_error2_t *error, void *user)
{
    const char **text = user;
    (void)position;
    if (*text != NULL && error->desc != NULL && strstr(error->desc, *text) != NULL)
        *text = NULL;
    return 0;
}

bool h5_said(const char *text)
{
    return H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, look_for, &text) >= 0 && text == NULL;
}

int h5_fail(store_file *store, const char *format, ...)
{
    char message[400], reason[500] = "HDF5 gives no reason";
    va_list arguments;
    char *at;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, reason);
    (void)H5Eclear2(H5E_DEFAULT);
    for (at = reason; *at != '\0'; at++)
        if (*at == '\n')
            *at = ' ';
    return store_fail(store, PIPETTE_E_STORAGE, "%s: %s", message, reason);
}

hid_t h5_source(store_file *store)
{
    if (store->h5 < 0) {
        store->h5 = h5_open(store, store->fd);
        if (store->h5 < 0)
            (void)h5_fail(store, "cannot read '%s'", store->path);
    }
    return store->h5;
}

hid_t h5_text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0) {
        (void)H5Tset_size(type, H5T_VARIABLE);
        (void)H5Tset_cset(type, H5T_CSET_UTF8);
    }
    return type;
}

hid_t h5_transfer(void)
{
    static hid_t transfer = -1;
    if (transfer < 0) {
        transfer = H5Pcreate(H5P_DATASET_XFER);
        if (transfer >= 0)
            (void)H5Pset_buffer(transfer, 16384, NULL, NULL);
    }
    return transfer < 0 ? H5P_DEFAULT : transfer;
}

hid_t h5_number_type(int type)
{
    switch (type) {
    case PIPETTE_TYPE_F32:
        return H5T_IEEE_F32LE;
    case PIPETTE_TYPE_I64:
        return H5T_STD_I64LE;
    case PIPETTE_TYPE_I32:
        return H5T_STD_I32LE;
    case PIPETTE_TYPE_U64:
        return H5T_STD_U64LE;
    case PIPETTE_TYPE_BOOL:
        return H5T_STD_I8LE;
    default:
        return H5T_IEEE_F64LE;
    }
}

/* Turns texts that HDF5 allocated into a value's own. */
static int take_texts(store_file *store, char **texts, uint32_t rank, const uint64_t *shape, uint64_t count,
                      store_value *out)
{
    size_t bytes = 0;
    uint64_t i;
    int status;
    for (i = 0; i < count; i++)
        bytes += (texts[i] != NULL ? strlen(texts[i]) : 0) + 1;
    status = store_value_make(store, out, PIPETTE_TYPE_STRING, rank, shape, bytes);
    if (status == PIPETTE_OK) {
        const char **elements = store_value_elements(out);
        char *at = store_value_texts(out);
        for (i = 0; i < count; i++) {
            size_t length = texts[i] != NULL ? strlen(texts[i]) : 0;
            if (length > 0)
                memcpy(at, texts[i], length);
            elements[i] = at;
            at += length + 1;
        }
    }
    return status;
}

/* One text, of variable or of fixed length. */
static int read_text(store_file *store, hid_t id, store_value *out)
{
    hid_t type = H5Dget_type(id);
    bool variable = type >= 0 && H5Tis_variable_str(type) > 0;
    size_t size = type >= 0 && H5Tget_class(type) == H5T_STRING && !variable ? H5Tget_size(type) : 0;
    char *text = size > 0 ? calloc(size + 1, 1) : NULL;
    hid_t space = H5Screate(H5S_SCALAR), memory = variable ? h5_text_type() : -1;
    int status = PIPETTE_E_STORAGE;
    if (size > 0 && text == NULL)
        status = store_memory(store);
    else if (variable ? H5Dread(id, memory, H5S_ALL, H5S_ALL, h5_transfer(), &text) >= 0
                      : size > 0 && H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) >= 0)
        status = take_texts(store, &text, 0, NULL, 1, out);
    else
        status = h5_fail(store, "cannot read a text of '%s'", store->path);
    if (variable && text != NULL)
        (void)H5Dvlen_reclaim(memory, space, H5P_DEFAULT, &text);
    else
        free(text);
    if (memory >= 0)
        (void)H5Tclose(memory);
    if (type >= 0)
        (void)H5Tclose(type);
    (void)H5Sclose(space);
    return status;
}

int h5_read(store_file *store, hid_t file, const char *dataset, int type, uint32_t rank, store_value *out)
{
    hid_t id = H5Dopen2(file, dataset, H5P_DEFAULT), space = id >= 0 ? H5Dget_space(id) : -1;
    hsize_t extents[STORE_RANK_MAX + 2];
    uint64_t shape[STORE_RANK_MAX + 2], count = 1;
    int status = PIPETTE_OK, disk_rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1, i;
    memset(out, 0, sizeof *out);
    if (disk_rank != (int)rank + (type == PIPETTE_TYPE_COMPLEX ? 1 : 0) || disk_rank > STORE_RANK_MAX + 1 ||
        H5Sget_simple_extent_dims(space, extents, NULL) < 0) {
        status =
            h5_fail(store, "cannot read %s of '%s', which is damaged; remove it, and run again", dataset, store->path);
    } else {
        for (i = 0; i < (int)rank; i++) {
            shape[i] = extents[i];
            count *= extents[i];
        }
        if (type == PIPETTE_TYPE_STRING && rank == 0) {
            status = read_text(store, id, out);
        } else if (type == PIPETTE_TYPE_STRING) {
            hid_t text_type = h5_text_type();
            char **texts = calloc((size_t)count + 1, sizeof *texts);
            if (texts == NULL) {
                status = store_memory(store);
            } else if (count > 0 && H5Dread(id, text_type, H5S_ALL, H5S_ALL, h5_transfer(), texts) < 0) {
                status = h5_fail(store, "cannot read %s of '%s', which is damaged; remove it, and run again", dataset,
                                 store->path);
            } else {
                status = take_texts(store, texts, rank, shape, count, out);
                (void)H5Dvlen_reclaim(text_type, space, H5P_DEFAULT, texts);
            }
            free(texts);
            (void)H5Tclose(text_type);
        } else {
            status = store_value_make(store, out, type, rank, shape, 0);
            if (status == PIPETTE_OK && count > 0 &&
                H5Dread(id, h5_number_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, store_value_elements(out)) < 0) {
                store_value_free(out);
                status = h5_fail(store, "cannot read %s of '%s', which is damaged; remove it, and run again", dataset,
                                 store->path);
            }
        }
    }
    if (space >= 0)
        (void)H5Sclose(space);
    if (id >= 0)
        (void)H5Dclose(id);
    return status;
}

/* The file's space with `count` rows from `first` selected, and a memory space for them; false on failure. */
static bool select_rows(hid_t dataset, uint64_t first, uint64_t count, hid_t *file_space, hid_t *memory_space)
{
    hsize_t extents[STORE_RANK_MAX + 2], start[STORE_RANK_MAX + 2] = {0};
    int rank;
    *memory_space = -1;
    *file_space = H5Dget_space(dataset);
    rank = *file_space >= 0 ? H5Sget_simple_extent_dims(*file_space, extents, NULL) : -1;
    if (rank < 1)
        return false;
    start[0] = first;
    extents[0] = count;
    *memory_space = H5Screate_simple(rank, extents, NULL);
    return *memory_space >= 0 && H5Sselect_hyperslab(*file_space, H5S_SELECT_SET, start, NULL, extents, NULL) >= 0;
}

static void close_spaces(hid_t file_space, hid_t memory_space)
{
    if (file_space >= 0)
        (void)H5Sclose(file_space);
    if (memory_space >= 0)
        (void)H5Sclose(memory_space);
}

int h5_read_texts(store_file *store, hid_t dataset, uint64_t first, uint64_t count, uint32_t rank,
                  const uint64_t *shape, store_value *out)
{
    hid_t type = h5_text_type(), file_space = -1, memory_space = -1;
    uint64_t elements = 1;
    uint32_t i;
    char **texts;
    int status;
    for (i = 0; i < rank; i++)
        elements *= shape[i];
    texts = calloc((size_t)elements + 1, sizeof *texts);
    if (texts == NULL) {
        status = store_memory(store);
    } else if (elements == 0) {
        status = take_texts(store, texts, rank, shape, 0, out);
    } else if (!select_rows(dataset, first, count, &file_space, &memory_space) ||
               H5Dread(dataset, type, memory_space, file_space, h5_transfer(), texts) < 0) {
        status = h5_fail(store, "cannot read strings of '%s'", store->path);
    } else {
        status = take_texts(store, texts, rank, shape, elements, out);
        (void)H5Dvlen_reclaim(type, memory_space, H5P_DEFAULT, texts);
    }
    free(texts);
    close_spaces(file_space, memory_space);
    (void)H5Tclose(type);
    return status;
}

int h5_read_row(store_file *store, hid_t dataset, uint64_t row, int type, void *elements)
{
    hid_t file_space = -1, memory_space = -1;
    int status = PIPETTE_OK;
    if (!select_rows(dataset, row, 1, &file_space, &memory_space) ||
        H5Dread(dataset, h5_number_type(type), memory_space, file_space, H5P_DEFAULT, elements) < 0)
        status = h5_fail(store, "cannot read a row of '%s'", store->path);
    close_spaces(file_space, memory_space);
    return status;
}

int h5_write_texts(store_file *store, hid_t dataset, uint64_t first, uint64_t count, const char *const *texts)
{
    hid_t type = h5_text_type(), file_space = -1, memory_space = -1;
    int status = PIPETTE_OK;
    if (count > 0 && (!select_rows(dataset, first, count, &file_space, &memory_space) ||
                      H5Dwrite(dataset, type, memory_space, file_space, h5_transfer(), texts) < 0))
        status = h5_fail(store, "cannot write strings to '%s'", store->path);
    close_spaces(file_space, memory_space);
    (void)H5Tclose(type);
    return status;
}
