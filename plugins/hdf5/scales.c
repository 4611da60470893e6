/* Dimension scales and attributes of a structure that is being written.
 *
 * HDF5's own functions for scales rewrite a scale's list of users at every use; here each list is written once.
 */
#include "layout.h"

#include <stdlib.h>

int layout_failed(writer *w)
{
    return h5_fail(w->store, "cannot write '%s'", w->store->path);
}

/* ---- Attributes ---- */

static bool put_attribute(hid_t id, const char *name, hid_t type, hid_t space, const void *data)
{
    hid_t attribute = H5Acreate2(id, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool ok = attribute >= 0 && H5Awrite(attribute, type, data) >= 0;
    if (attribute >= 0)
        (void)H5Aclose(attribute);
    return ok;
}

bool scales_put_text_sized(hid_t id, const char *name, const char *text, size_t size)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    bool ok = H5Tset_size(type, size) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
              put_attribute(id, name, type, space, text);
    (void)H5Sclose(space);
    (void)H5Tclose(type);
    return ok;
}

bool scales_put_text(hid_t id, const char *name, const char *text)
{
    enum {
        IN_PLACE = 60000
    }; /* an attribute of this format holds 64 KiB at most; of a longer text it holds the place */
    size_t size = strlen(text);
    hid_t type, space;
    bool ok;
    if (size <= IN_PLACE)
        return size == 0 || scales_put_text_sized(id, name, text, size);
    type = h5_text_type();
    space = H5Screate(H5S_SCALAR);
    ok = put_attribute(id, name, type, space, &text);
    (void)H5Sclose(space);
    (void)H5Tclose(type);
    return ok;
}

/* xarray turns numbers of these units into time spans. */
static const char *short_unit(const char *unit)
{
    static const char *const words[][2] = {{"days", "d"},        {"hours", "h"},         {"minutes", "min"},
                                           {"seconds", "s"},     {"milliseconds", "ms"}, {"microseconds", "us"},
                                           {"nanoseconds", "ns"}};
    size_t i;
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(unit, words[i][0]) == 0)
            return words[i][1];
    return unit;
}

bool scales_describe(hid_t id, const char *unit, const char *doc)
{
    size_t length = strlen(doc);
    char *name = strdup(doc);
    bool ok = name != NULL;
    /* It labels axes: without the full stop of a sentence. */
    if (ok && length > 0 && name[length - 1] == '.' && (length == 1 || name[length - 2] != '.'))
        name[length - 1] = '\0';
    ok = ok && scales_put_text(id, "units", short_unit(unit)) && scales_put_text(id, "long_name", name);
    free(name);
    return ok;
}

bool scales_put_number(hid_t id, const char *name, int64_t number)
{
    hid_t space = H5Screate(H5S_SCALAR);
    bool ok = put_attribute(id, name, H5T_NATIVE_INT64, space, &number);
    (void)H5Sclose(space);
    return ok;
}

bool scales_put_fill(hid_t id, int type)
{
    char fill[16];
    hsize_t one = 1;
    hid_t space = H5Screate_simple(1, &one, NULL);
    bool ok;
    store_fill(type, fill, 1);
    ok = put_attribute(id, "_FillValue", h5_number_type(type), space, fill);
    (void)H5Sclose(space);
    return ok;
}

bool scales_put_flags(hid_t id, uint32_t count, const char *const *meanings)
{
    store_text text = {NULL, 0, 0, false};
    int8_t values[128];
    hsize_t extent = count > 128 ? 128 : count;
    hid_t space = H5Screate_simple(1, &extent, NULL);
    uint32_t i;
    bool ok;
    for (i = 0; i < (uint32_t)extent; i++) {
        values[i] = (int8_t)i;
        if (i > 0)
            store_add(&text, " ", 1);
        store_add(&text, meanings[i], strlen(meanings[i]));
    }
    ok = !text.failed && put_attribute(id, "flag_values", H5T_STD_I8LE, space, values) &&
         scales_put_text(id, "flag_meanings", text.data);
    free(text.data);
    (void)H5Sclose(space);
    return ok;
}

/* ---- Dimension scales ---- */

static int add_scale(writer *w, const char *path, uint64_t extent, hid_t type, bool visible, bool kept, uint32_t *index)
{
    hsize_t dims = extent;
    hid_t space = H5Screate_simple(1, &dims, NULL), properties = H5Pcreate(H5P_DATASET_CREATE);
    file_scale *scale = catalog_grow(w->store, (void **)&w->scales, &w->scale_count, sizeof *scale);
    char name[96];
    int status = PIPETTE_OK;
    if (scale == NULL) {
        status = PIPETTE_E_MEMORY;
    } else {
        scale->id = -1;
        scale->path = store_copy(path);
        scale->extent = extent;
        scale->unit = "";
        if (visible)
            (void)snprintf(name, sizeof name, "%s", strrchr(path, '/') + 1);
        else
            (void)snprintf(name, sizeof name, "This is a netCDF dimension but not a netCDF variable.%10llu",
                           (unsigned long long)extent);
        if (kept) {
            (void)H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY);
            (void)H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER);
        }
        if (scale->path == NULL)
            status = store_memory(w->store);
        else if ((scale->id = H5Dcreate2(w->file, path, type, space, w->links, properties, H5P_DEFAULT)) < 0 ||
                 !scales_put_text_sized(scale->id, "CLASS", "DIMENSION_SCALE", 16) ||
                 !scales_put_text_sized(scale->id, "NAME", name, strlen(name) + 1) ||
                 H5Rcreate(&scale->reference, scale->id, ".", H5R_OBJECT, -1) < 0)
            status = layout_failed(w);
    }
    (void)H5Pclose(properties);
    (void)H5Sclose(space);
    if (status == PIPETTE_OK)
        *index = w->scale_count - 1;
    return status;
}

int scales_add(writer *w, const char *path, uint64_t extent, hid_t type, bool visible, uint32_t *index)
{
    return add_scale(w, path, extent, type, visible, false, index);
}

int scales_add_bare(writer *w, const char *path, uint64_t extent, uint32_t *index)
{
    return scales_add(w, path, extent, H5T_IEEE_F32BE, false, index);
}

static int write_block(writer *w, hid_t id, hid_t type, uint64_t first, uint64_t count, const void *data)
{
    hsize_t start = first, block = count;
    hid_t space = H5Dget_space(id), memory = H5Screate_simple(1, &block, NULL);
    bool ok = H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &block, NULL) >= 0 &&
              H5Dwrite(id, type, memory, space, H5P_DEFAULT, data) >= 0;
    (void)H5Sclose(space);
    (void)H5Sclose(memory);
    return ok ? PIPETTE_OK : layout_failed(w);
}

static bool same_labels(const char *const *a, const char *const *b, uint64_t count)
{
    uint64_t i;
    if (a == NULL || b == NULL)
        return a == b;
    for (i = 0; i < count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

/* Where the open file has that dataset; 0 if it has none of that size. */
static uint64_t old_place(writer *w, const char *path, uint64_t bytes)
{
    hid_t file = h5_source(w->store), id = file >= 0 ? H5Dopen2(file, path, H5P_DEFAULT) : -1;
    haddr_t address = id >= 0 && H5Dget_storage_size(id) == bytes ? H5Dget_offset(id) : HADDR_UNDEF;
    if (id >= 0)
        (void)H5Dclose(id);
    (void)H5Eclear2(H5E_DEFAULT);
    return address == HADDR_UNDEF ? 0 : address;
}

/* Where the open file has these coordinates, if they are many enough to stay there. */
static uint64_t kept_values(writer *w, const char *path, const pipette_dimension *dimension)
{
    enum { FEW = 512 };
    const uint64_t count = dimension->extent, places[] = {0, count / 2, count - 1};
    uint64_t at;
    double value;
    uint32_t i;
    if (!w->in_place || dimension->labels != NULL || dimension->step == 0 || count < FEW ||
        (at = old_place(w, path, count * sizeof value)) == 0)
        return 0;
    for (i = 0; i < 3; i++)
        if (file_read(w->store, w->store->fd, &value, sizeof value, at + places[i] * sizeof value) != PIPETTE_OK ||
            value != dimension->start + (double)places[i] * dimension->step)
            return 0;
    return at;
}

int scales_of_result(writer *w, const char *group, const pipette_dimension *dimension, const char *fallback,
                     uint32_t *index)
{
    const char *name = dimension->name[0] != '\0' ? dimension->name : fallback;
    char *path = store_format("%s/%s", group, name);
    double values[4096];
    uint64_t first, count, k, kept = 0;
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 2; path != NULL; i++) {
        uint32_t s;
        for (s = 0; s < w->scale_count; s++)
            if (strcmp(w->scales[s].path, path) == 0 && w->scales[s].extent == dimension->extent &&
                w->scales[s].start == dimension->start && w->scales[s].step == dimension->step &&
                same_labels(w->scales[s].labels, dimension->labels, dimension->extent) &&
                strcmp(w->scales[s].unit, dimension->unit) == 0) {
                free(path);
                *index = s;
                return PIPETTE_OK;
            }
        if (!names_taken(&w->names, path))
            break;
        free(path);
        path = store_format("%s/%s_%u", group, name, i);
    }
    if (path == NULL)
        return store_memory(w->store);
    status = names_claim(w->store, &w->names, path, name);
    if (status == PIPETTE_OK && (kept = kept_values(w, path, dimension)) > 0) {
        layout_keep(w, kept, dimension->extent * sizeof values[0]);
        status = add_scale(w, path, dimension->extent, H5T_IEEE_F64LE, true, true, index);
        if (status == PIPETTE_OK)
            status = layout_kept(w, w->scales[*index].id, kept);
    } else if (status == PIPETTE_OK) {
        status = dimension->labels != NULL ? scales_add(w, path, dimension->extent, w->text_type, true, index)
                 : dimension->step == 0    ? scales_add_bare(w, path, dimension->extent, index)
                                           : scales_add(w, path, dimension->extent, H5T_IEEE_F64LE, true, index);
    }
    free(path);
    if (status != PIPETTE_OK)
        return status;
    w->scales[*index].start = dimension->start;
    w->scales[*index].step = dimension->step;
    w->scales[*index].unit = dimension->unit;
    w->scales[*index].labels = dimension->labels;
    if (dimension->labels == NULL && dimension->step == 0)
        return PIPETTE_OK;
    if (dimension->labels != NULL &&
        H5Dwrite(w->scales[*index].id, w->text_type, H5S_ALL, H5S_ALL, h5_transfer(), dimension->labels) < 0)
        return layout_failed(w);
    for (first = 0; kept == 0 && dimension->labels == NULL && status == PIPETTE_OK && first < dimension->extent;
         first += count) {
        count = dimension->extent - first < 4096 ? dimension->extent - first : 4096;
        for (k = 0; k < count; k++)
            values[k] = dimension->start + (double)(first + k) * dimension->step;
        status = write_block(w, w->scales[*index].id, H5T_NATIVE_DOUBLE, first, count, values);
    }
    if (status == PIPETTE_OK && !scales_describe(w->scales[*index].id, dimension->unit, dimension->doc))
        status = layout_failed(w);
    return status;
}

int scales_block(writer *w, uint64_t every, uint32_t *index)
{
    char name[40] = "/run_block";
    uint64_t rows = w->catalog->row_count;
    uint32_t i;
    int status;
    for (i = 0; i < w->scale_count; i++)
        if (w->scales[i].every == every) {
            *index = i;
            return PIPETTE_OK;
        }
    for (i = 2; names_taken(&w->names, name); i++)
        (void)snprintf(name, sizeof name, "/run_block_%u", i);
    status = names_claim(w->store, &w->names, name, "the dimension of blocks of runs");
    if (status == PIPETTE_OK)
        status = scales_add_bare(w, name, rows / every + (rows % every != 0), index);
    if (status == PIPETTE_OK)
        w->scales[*index].every = every;
    return status;
}

int scales_complex(writer *w, uint32_t *index)
{
    if (w->complex == UINT32_MAX) {
        /* xarray takes no variable of several dimensions that is called like one of them. */
        const char *name = "/complex";
        uint32_t i;
        int status;
        for (i = 0; i < w->catalog->column_count; i++)
            if (w->catalog->columns[i].type == PIPETTE_TYPE_COMPLEX &&
                strcmp(strrchr(w->catalog->columns[i].dataset, '/'), "/complex") == 0)
                name = "/complex_2";
        status = scales_add_bare(w, name, 2, &w->complex);
        if (status != PIPETTE_OK)
            return status;
    }
    *index = w->complex;
    return PIPETTE_OK;
}

int scales_run(writer *w)
{
    const store_catalog *catalog = w->catalog;
    int64_t runs[4096];
    uint64_t row = 0, used = 0, kept, k;
    uint32_t i;
    int status;
    if (catalog_plain_runs(catalog))
        return scales_add_bare(w, "/run", catalog->row_count, &w->run);
    /* Rows do not change where they stand already. */
    kept = w->in_place ? old_place(w, "/run", catalog->row_count * sizeof runs[0]) : 0;
    layout_keep(w, kept, catalog->row_count * sizeof runs[0]);
    status = add_scale(w, "/run", catalog->row_count, H5T_STD_I64LE, true, kept > 0, &w->run);
    if (status == PIPETTE_OK && kept > 0)
        status = layout_kept(w, w->scales[w->run].id, kept);
    for (i = 0; kept == 0 && status == PIPETTE_OK && i < catalog->span_count; i++)
        for (k = 0; status == PIPETTE_OK && k < catalog->spans[i].count; k++) {
            runs[used++] = (int64_t)(catalog->spans[i].first + k);
            if (used == 4096 || row + used == catalog->row_count) {
                status = write_block(w, w->scales[w->run].id, H5T_NATIVE_INT64, row, used, runs);
                row += used;
                used = 0;
            }
        }
    if (status == PIPETTE_OK && (!scales_put_text(w->scales[w->run].id, "long_name", "index of the run") ||
                                 !scales_put_text(w->scales[w->run].id, "standard_name", "realization")))
        status = layout_failed(w);
    return status;
}

int scales_attach(writer *w, hid_t id, uint32_t rank, const uint32_t *scales)
{
    hvl_t lists[STORE_RANK_MAX + 2];
    hsize_t extent = rank;
    hobj_ref_t reference;
    hid_t space;
    uint32_t i;
    bool ok;
    if (rank == 0)
        return PIPETTE_OK;
    if (H5Rcreate(&reference, id, ".", H5R_OBJECT, -1) < 0)
        return layout_failed(w);
    for (i = 0; i < rank; i++) {
        file_scale *scale = &w->scales[scales[i]];
        scale_user *user = catalog_grow(w->store, (void **)&scale->users, &scale->user_count, sizeof *user);
        if (user == NULL)
            return PIPETTE_E_MEMORY;
        user->dataset = reference;
        user->axis = (int)i;
        lists[i].len = 1;
        lists[i].p = &scale->reference;
    }
    space = H5Screate_simple(1, &extent, NULL);
    ok = put_attribute(id, "DIMENSION_LIST", w->reference_list, space, lists);
    (void)H5Sclose(space);
    return ok ? PIPETTE_OK : layout_failed(w);
}

int scales_close(writer *w, bool write)
{
    int status = PIPETTE_OK;
    uint32_t i;
    for (i = 0; i < w->scale_count; i++) {
        file_scale *scale = &w->scales[i];
        hsize_t extent = scale->user_count;
        /* Readers go by DIMENSION_LIST; a list that no attribute holds can be missing. */
        if (write && status == PIPETTE_OK && scale->user_count > 0 && scale->user_count < 3800) {
            hid_t space = H5Screate_simple(1, &extent, NULL);
            if (!put_attribute(scale->id, "REFERENCE_LIST", w->user_type, space, scale->users))
                status = layout_failed(w);
            (void)H5Sclose(space);
        }
        if (scale->id >= 0)
            (void)H5Dclose(scale->id);
        free(scale->path);
        free(scale->users);
    }
    free(w->scales);
    return status;
}
