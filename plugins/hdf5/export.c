/* The grid as a file of its own: every result of fixed shape over the explored parameters, sorted, whatever the order
 * of the runs; points that no run has computed are missing. Without groups, so that tools that know none (CDO) take it,
 * too.
 */
#include "layout.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { SPARSE_MOST = 1000, GATHER_MOST = 256 << 20, HEAD_BYTES = 512 };

typedef struct export_axis {
    store_column *column;
    uint64_t extent;
    uint64_t *index; /* where along it each row is */
    void *values;    /* `extent` elements; texts are pointers */
    char **texts;    /* by row, of a text */
    uint32_t scale;
} export_axis;

typedef struct exporter {
    writer w;
    h5_overlay overlay;
    export_axis axes[STORE_RANK_MAX];
    uint32_t axis_count;
    uint64_t rows, points;
    bool holes;
    store_text coordinates; /* names of the parameters that are one number */
} exporter;

/* ---- Axes ---- */

typedef struct sorting {
    int type;
    const void *values;
} sorting;

static int compare_rows(const void *a, const void *b, void *user)
{
    const sorting *by = user;
    const uint64_t i = *(const uint64_t *)a, k = *(const uint64_t *)b;
    int order;
#define ORDER(type)                                                                                                    \
    (((const type *)by->values)[i] < ((const type *)by->values)[k]                                                     \
         ? -1                                                                                                          \
         : ((const type *)by->values)[i] > ((const type *)by->values)[k])
    switch (by->type) {
    case PIPETTE_TYPE_F64:
        order = ORDER(double);
        break;
    case PIPETTE_TYPE_F32:
        order = ORDER(float);
        break;
    case PIPETTE_TYPE_I64:
        order = ORDER(int64_t);
        break;
    case PIPETTE_TYPE_I32:
        order = ORDER(int32_t);
        break;
    case PIPETTE_TYPE_U64:
        order = ORDER(uint64_t);
        break;
    case PIPETTE_TYPE_STRING:
        order = strcmp(((char *const *)by->values)[i], ((char *const *)by->values)[k]);
        break;
    default:
        order = ORDER(int8_t);
        break;
    }
#undef ORDER
    return order != 0 ? order : i < k ? -1 : i > k;
}

static int read_texts(store_file *store, export_axis *axis, uint64_t rows)
{
    uint64_t row;
    int status = PIPETTE_OK;
    axis->texts = calloc((size_t)rows + 1, sizeof *axis->texts);
    if (axis->texts == NULL)
        return store_memory(store);
    for (row = 0; status == PIPETTE_OK && row < rows; row++) {
        store_value value;
        status = read_row(store, axis->column, row, &value);
        if (status == PIPETTE_OK && (axis->texts[row] = store_copy(value.value.as.string)) == NULL)
            status = store_memory(store);
        store_value_free(&value);
    }
    return status == STORE_NONE ? store_fail(store, PIPETTE_E_STORAGE, "'%s': '%s' is not there for all runs",
                                             store->path, axis->column->path)
                                : status;
}

/* The distinct values in ascending order, and where each row is among them. */
static int make_axis(store_file *store, export_axis *axis, uint64_t rows)
{
    const size_t size = pipette_type_size(axis->column->type);
    char *values = malloc((size_t)rows * size + 1);
    uint64_t *order = malloc((size_t)rows * sizeof *order + 1), i;
    sorting by = {axis->column->type, values};
    int status;
    axis->index = malloc((size_t)rows * sizeof *axis->index + 1);
    axis->values = malloc((size_t)rows * size + 1);
    if (values == NULL || order == NULL || axis->index == NULL || axis->values == NULL)
        status = store_memory(store);
    else if (axis->column->type == PIPETTE_TYPE_STRING)
        status = read_texts(store, axis, rows);
    else
        status = read_column(store, axis->column->path, 0, rows, axis->column->type, values);
    if (axis->texts != NULL)
        by.values = axis->texts;
    for (i = 0; status == PIPETTE_OK && i < rows; i++)
        order[i] = i;
    if (status == PIPETTE_OK)
        qsort_r(order, (size_t)rows, sizeof *order, compare_rows, &by);
    for (i = 0; status == PIPETTE_OK && i < rows; i++) {
        const char *value = (const char *)by.values + order[i] * size;
        if (i == 0 || (axis->texts != NULL ? strcmp(axis->texts[order[i]], axis->texts[order[i - 1]]) != 0
                                           : memcmp(value, (const char *)by.values + order[i - 1] * size, size) != 0))
            memcpy((char *)axis->values + axis->extent++ * size, value, size);
        axis->index[order[i]] = axis->extent - 1;
    }
    free(values);
    free(order);
    return status;
}

static int make_axes(store_file *store, exporter *e)
{
    uint32_t i;
    int status = PIPETTE_OK;
    e->points = e->rows = store->catalog->row_count;
    for (i = 0; i < store->catalog->column_count; i++)
        if (store->catalog->columns[i].role == PIPETTE_ROLE_PARAMETER && store->catalog->columns[i].rank == 0 &&
            store->catalog->columns[i].placed) {
            if (e->axis_count == STORE_RANK_MAX / 2)
                return store_fail(store, PIPETTE_E_UNSUPPORTED,
                                  "'%s' explores more than %d parameters: too many for a grid", store->path,
                                  STORE_RANK_MAX / 2);
            e->axes[e->axis_count++].column = &store->catalog->columns[i];
        }
    if (e->axis_count == 0 || e->rows == 0)
        return store_fail(store, PIPETTE_E_INVALID, "'%s' explores no parameter: there is no grid", store->path);
    for (i = 0, e->points = 1; status == PIPETTE_OK && i < e->axis_count; i++) {
        status = make_axis(store, &e->axes[i], e->rows);
        if (status == PIPETTE_OK &&
            (__builtin_mul_overflow(e->points, e->axes[i].extent, &e->points) || e->points / SPARSE_MOST > e->rows))
            return store_fail(store, PIPETTE_E_INVALID,
                              "the %" PRIu64 " runs of '%s' are not one in %d of the points of a grid over all "
                              "explored parameters; choose some of it by "
                              "`pipette get`",
                              e->rows, store->path, SPARSE_MOST);
    }
    return status;
}

static char *root_path(exporter *e, const char *path)
{
    uint32_t parts;
    for (parts = grid_parts(&e->w, path);; parts++) {
        char *name = grid_name(path, parts), *full = name != NULL ? store_format("/%s", name) : NULL;
        bool taken = full != NULL && (names_taken(&e->w.names, full) || grid_is_dimension(e->w.catalog, name));
        free(name);
        if (!taken)
            return full;
        free(full);
    }
}

static int write_axis(exporter *e, export_axis *axis)
{
    const char *paths[STORE_RANK_MAX];
    uint32_t i;
    char *name, *path;
    writer *w = &e->w;
    const hid_t type = axis->column->type == PIPETTE_TYPE_STRING ? w->text_type : h5_number_type(axis->column->type);
    int status;
    for (i = 0; i < e->axis_count; i++)
        paths[i] = e->axes[i].column->path;
    name = grid_axis_name(w->store->catalog, paths, e->axis_count, (uint32_t)(axis - e->axes));
    path = name != NULL ? store_format("/%s", name) : NULL;
    free(name);
    status = path != NULL ? names_claim(w->store, &w->names, path, axis->column->path) : store_memory(w->store);
    if (status == PIPETTE_OK)
        status = scales_add(w, path, axis->extent, type, true, &axis->scale);
    if (status == PIPETTE_OK &&
        (H5Dwrite(w->scales[axis->scale].id, type, H5S_ALL, H5S_ALL, h5_transfer(), axis->values) < 0 ||
         !scales_describe(w->scales[axis->scale].id, axis->column->unit, axis->column->doc)))
        status = layout_failed(w);
    free(path);
    return status;
}

/* ---- Parameters that are not explored ---- */

static int write_parameter(exporter *e, const store_leaf *leaf)
{
    writer *w = &e->w;
    store_value value = {{0}, NULL};
    char *path;
    hid_t id;
    int status;
    if (strncmp(leaf->path, "parameters.", strlen("parameters.")) != 0 || leaf->rank > 0 ||
        leaf->type == PIPETTE_TYPE_STRING || leaf->type == PIPETTE_TYPE_COMPLEX ||
        (path = root_path(e, leaf->path)) == NULL)
        return PIPETTE_OK;
    status = read_leaf(w->store, leaf, &value);
    if (status == PIPETTE_OK)
        status = names_claim(w->store, &w->names, path, leaf->path);
    if (status == PIPETTE_OK) {
        id = layout_numbers(w, path, leaf->type, 0, NULL, false);
        if (id < 0 ||
            H5Dwrite(id, h5_number_type(leaf->type), H5S_ALL, H5S_ALL, H5P_DEFAULT, pipette_value_data(&value.value)) <
                0 ||
            !scales_describe(id, leaf->unit, leaf->comment))
            status = layout_failed(w);
        if (id >= 0)
            (void)H5Dclose(id);
        store_addf(&e->coordinates, "%s%s", e->coordinates.length > 0 ? " " : "", path + 1);
    }
    store_value_free(&value);
    free(path);
    return status;
}

/* ---- Results ---- */

static uint64_t point_of(const exporter *e, uint64_t row)
{
    uint64_t point = 0;
    uint32_t i;
    for (i = 0; i < e->axis_count; i++)
        point = point * e->axes[i].extent + e->axes[i].index[row];
    return point;
}

/* All of it in memory, written at once; or, where that is too much, run by run. */
static int write_values(exporter *e, const store_column *column, hid_t id, uint32_t rank, const hsize_t *extents)
{
    store_file *store = e->w.store;
    const hid_t type = h5_number_type(column->type);
    const bool gathers = e->points <= GATHER_MOST / column->row_bytes;
    const uint64_t most = STORE_BLOCK / column->row_bytes > 0 ? STORE_BLOCK / column->row_bytes : 1;
    char *all = gathers ? malloc((size_t)(e->points * column->row_bytes)) : NULL,
         *rows = malloc((size_t)(most * column->row_bytes));
    hsize_t start[STORE_RANK_MAX + 2], count[STORE_RANK_MAX + 2];
    hid_t file = H5Screate_simple((int)rank, extents, NULL), memory;
    uint64_t row, n, k;
    uint32_t i;
    int status = rows != NULL && (all != NULL || !gathers) ? PIPETTE_OK : store_memory(store);
    for (i = 0; i < rank; i++) {
        start[i] = 0;
        count[i] = i < e->axis_count ? 1 : extents[i];
    }
    memory = H5Screate_simple((int)rank, count, NULL);
    if (status == PIPETTE_OK && gathers)
        store_fill(column->type, all, e->points * column->elements);
    for (row = 0; status == PIPETTE_OK && row < e->rows; row += n) {
        n = e->rows - row < most ? e->rows - row : most;
        status = read_column(store, column->path, row, n, column->type, rows);
        for (k = 0; status == PIPETTE_OK && k < n; k++) {
            if (gathers) {
                memcpy(all + point_of(e, row + k) * column->row_bytes, rows + k * column->row_bytes,
                       (size_t)column->row_bytes);
                continue;
            }
            for (i = 0; i < e->axis_count; i++)
                start[i] = e->axes[i].index[row + k];
            if (H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
                H5Dwrite(id, type, memory, file, H5P_DEFAULT, rows + k * column->row_bytes) < 0)
                status = layout_failed(&e->w);
        }
    }
    if (status == PIPETTE_OK && gathers && H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, all) < 0)
        status = layout_failed(&e->w);
    (void)H5Sclose(memory);
    (void)H5Sclose(file);
    free(all);
    free(rows);
    return status;
}

static int write_result(exporter *e, const store_column *column)
{
    writer *w = &e->w;
    store_column described = *column;
    hsize_t extents[STORE_RANK_MAX + 2];
    uint32_t scales[STORE_RANK_MAX + 2], rank, i;
    char *path;
    hid_t id = -1;
    int status = PIPETTE_OK;
    if (column->rank + e->axis_count > STORE_RANK_MAX || (path = root_path(e, column->path)) == NULL)
        return PIPETTE_OK;
    for (rank = 0; rank < e->axis_count; rank++) {
        extents[rank] = e->axes[rank].extent;
        scales[rank] = e->axes[rank].scale;
    }
    for (i = 0; status == PIPETTE_OK && i < column->rank; i++, rank++) {
        char fallback[300];
        (void)snprintf(fallback, sizeof fallback, "%s_dim_%u", path + 1, i);
        extents[rank] = column->dimensions[i].extent;
        status = scales_of_result(w, "", &column->dimensions[i], fallback, &scales[rank]);
    }
    if (status == PIPETTE_OK && column->type == PIPETTE_TYPE_COMPLEX) {
        extents[rank] = 2;
        status = scales_complex(w, &scales[rank++]);
    }
    if (status == PIPETTE_OK)
        status = names_claim(w->store, &w->names, path, column->path);
    if (status == PIPETTE_OK &&
        (id = layout_numbers(w, path, column->type, rank, extents, e->points * column->row_bytes > GATHER_MOST)) < 0)
        status = layout_failed(w);
    if (status == PIPETTE_OK)
        status = scales_attach(w, id, rank, scales);
    described.holes = rows_can_have_holes(column) && (e->holes || column->optional);
    if (status == PIPETTE_OK && !layout_describe(id, &described, e->coordinates.data))
        status = layout_failed(w);
    if (status == PIPETTE_OK && column->row_bytes > 0)
        status = write_values(e, column, id, rank, extents);
    if (id >= 0)
        (void)H5Dclose(id);
    free(path);
    return status;
}

/* ---- The file ---- */

static int write_all(exporter *e)
{
    const store_catalog *catalog = e->w.store->catalog;
    hid_t root = H5Gopen2(e->w.file, "/", H5P_DEFAULT);
    uint32_t i;
    int status = PIPETTE_OK;
    if (root < 0 || !scales_put_text(root, "Conventions", "CF-1.9") || !scales_put_text(root, "title", catalog->name) ||
        !scales_put_text(root, "comment", catalog->comment) ||
        !scales_put_text(root, "source", "pipette export --grid"))
        status = layout_failed(&e->w);
    if (status == PIPETTE_OK)
        status = grid_note_names(&e->w);
    for (i = 0; status == PIPETTE_OK && i < e->axis_count; i++)
        status = write_axis(e, &e->axes[i]);
    for (i = 0; status == PIPETTE_OK && i < catalog->leaf_count; i++)
        status = write_parameter(e, &catalog->leaves[i]);
    store_add(&e->coordinates, "", 0);
    if (status == PIPETTE_OK && e->coordinates.failed)
        status = store_memory(e->w.store);
    for (i = 0; status == PIPETTE_OK && i < catalog->column_count; i++) {
        const store_column *column = &catalog->columns[i];
        if (column->role != PIPETTE_ROLE_RESULT)
            continue;
        if (column->form == STORE_FIXED || column->form == STORE_PACKED)
            status = write_result(e, column);
        else
            pipette_stage_log(e->w.store->stage, PIPETTE_LOG_INFO,
                              "'%s' is left out: it is no array of numbers of one shape", column->path);
    }
    if (root >= 0)
        (void)H5Gclose(root);
    return status;
}

/* HDF5 writes through the driver that survives a full disk; the superblock comes last. */
static int write_file(exporter *e, int fd)
{
    writer *w = &e->w;
    int status, closed;
    e->overlay.first = e->overlay.room.end = HEAD_BYTES;
    w->overlay = &e->overlay;
    w->file = h5_create(w->store, fd, &e->overlay);
    if (w->file < 0)
        return h5_fail(w->store, "cannot create '%s'", w->store->path);
    layout_types(w);
    status = write_all(e);
    closed = scales_close(w, status == PIPETTE_OK);
    status = status == PIPETTE_OK ? closed : status;
    layout_types_free(w);
    status = h5_close(w->store, w->file, status);
    if (status == PIPETTE_OK)
        status = structure_seal(w->store, fd, &e->overlay, e->overlay.room.end);
    blocks_free(&e->overlay.blocks);
    blocks_room_free(&e->overlay.room);
    return status;
}

static void free_exporter(exporter *e)
{
    uint64_t row;
    uint32_t i;
    for (i = 0; i < e->axis_count; i++) {
        for (row = 0; e->axes[i].texts != NULL && row < e->rows; row++)
            free(e->axes[i].texts[row]);
        free(e->axes[i].texts);
        free(e->axes[i].index);
        free(e->axes[i].values);
    }
    free(e->coordinates.data);
    names_free(&e->w.names);
    names_free(&e->w.shared);
    free(e);
}

int export_grid(store_file *store, const char *path, bool replace)
{
    exporter *e = calloc(1, sizeof *e);
    char *part = store_format("%s.part", path), *own = store->path;
    int fd = -1, status = e != NULL && part != NULL ? PIPETTE_OK : store_memory(store);
    if (status == PIPETTE_OK && !replace && access(path, F_OK) == 0)
        status = store_fail(store, PIPETTE_E_EXISTS, "'%s' exists already; --overwrite replaces it", path);
    if (status == PIPETTE_OK)
        status = rows_holes(store, &e->holes);
    if (status == PIPETTE_OK)
        status = make_axes(store, e);
    if (status == PIPETTE_OK) {
        e->holes = e->holes || e->points != e->rows;
        e->w.store = store;
        e->w.catalog = store->catalog;
        (void)unlink(part);
        store->path = part; /* in messages */
        fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        status = fd >= 0 ? write_file(e, fd) : store_system(store, "cannot create '%s'", path);
        if (fd >= 0 && close(fd) != 0 && status == PIPETTE_OK)
            status = store_system(store, "cannot write '%s'", path);
        if (status == PIPETTE_OK && rename(part, path) != 0)
            status = store_system(store, "cannot create '%s'", path);
        if (fd >= 0 && status != PIPETTE_OK)
            (void)unlink(part);
        store->path = own;
    }
    if (e != NULL)
        free_exporter(e);
    free(part);
    return status;
}
