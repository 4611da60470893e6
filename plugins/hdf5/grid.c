/* /grid: the results of fixed shape over the explored parameters, where the rows are the points of one product in its
 * order: V(tau_ref, I, time) beside V(run, time). Its datasets are second headers over the columns' own bytes and take
 * no room. Each of the two counts one link more than it has, so that whoever deletes one does not give the bytes of the
 * other away.
 */
#include "packed.h"

#include <stdlib.h>

enum { PARTS_MOST = 64 };

char *grid_name(const char *path, uint32_t count)
{
    const char *parts[PARTS_MOST], *part = path + strcspn(path, ".");
    size_t lengths[PARTS_MOST];
    store_text name = {NULL, 0, 0, false};
    uint32_t n = 0, i;
    for (; *part == '.' && n < PARTS_MOST; part += lengths[n], n += parts[n][0] != '$') {
        parts[n] = ++part;
        lengths[n] = strcspn(part, ".");
    }
    for (i = n - count; count <= n && i < n; i++) {
        if (name.length > 0)
            store_add(&name, "_", 1);
        store_add(&name, parts[i], lengths[i]);
    }
    store_add(&name, "", 0);
    if (count <= n && !name.failed)
        return name.data;
    free(name.data);
    return NULL;
}

/* ---- The axes ---- */

bool grid_is_dimension(const store_catalog *catalog, const char *name)
{
    uint32_t i, k;
    for (i = 0; i < catalog->column_count; i++)
        for (k = 0; catalog->columns[i].role == PIPETTE_ROLE_RESULT && k < catalog->columns[i].rank; k++)
            if (strcmp(catalog->columns[i].dimensions[k].name, name) == 0)
                return true;
    return false;
}

static bool is_another(const char *const *paths, uint32_t count, uint32_t which, const char *name, uint32_t parts)
{
    bool same = false;
    uint32_t i;
    for (i = 0; i < count && !same; i++) {
        char *other = i != which ? grid_name(paths[i], parts) : NULL;
        same = other != NULL && strcmp(other, name) == 0;
        free(other);
    }
    return same;
}

/* "/V" of "results.neuron.$.V". To be freed. */
static char *tail_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return store_format("/%s", dot != NULL ? dot + 1 : path);
}

int grid_note_names(writer *w)
{
    store_names seen = {NULL, 0, 0};
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < w->catalog->column_count; i++) {
        char *tail = w->catalog->columns[i].role == PIPETTE_ROLE_RESULT ? tail_of(w->catalog->columns[i].path) : NULL;
        store_names *into = tail != NULL && names_taken(&seen, tail) ? &w->shared : &seen;
        if (tail != NULL && !names_taken(into, tail))
            status = names_claim(w->store, into, tail, w->catalog->columns[i].path);
        free(tail);
    }
    names_free(&seen);
    return status;
}

uint32_t grid_parts(const writer *w, const char *path)
{
    const store_catalog *catalog = w->catalog;
    char *tail = tail_of(path);
    uint32_t parts = 1, i = tail != NULL && names_taken(&w->shared, tail) ? 0 : catalog->column_count;
    free(tail);
    for (; i < catalog->column_count; i++) {
        const store_column *other = &catalog->columns[i];
        char *name, *other_name;
        bool same;
        if (other->role != PIPETTE_ROLE_RESULT || (other->form != STORE_FIXED && other->form != STORE_PACKED) ||
            strcmp(other->path, path) == 0)
            continue;
        name = grid_name(path, parts);
        other_name = grid_name(other->path, parts);
        same = name != NULL && other_name != NULL && strcmp(name, other_name) == 0;
        free(name);
        free(other_name);
        if (same) { /* once more from the first one */
            parts++;
            i = UINT32_MAX;
        }
    }
    return parts;
}

char *grid_axis_name(const store_catalog *catalog, const char *const *paths, uint32_t count, uint32_t which)
{
    uint32_t parts = 1;
    char *name = grid_name(paths[which], parts), *longer;
    while (name != NULL && (grid_is_dimension(catalog, name) || is_another(paths, count, which, name, parts))) {
        longer = grid_name(paths[which], ++parts);
        free(name);
        name = longer != NULL ? longer : store_format("parameter_%s", paths[which] + strcspn(paths[which], ".") + 1);
        if (longer == NULL)
            break;
    }
    return name;
}

int grid_axes(store_file *store, store_catalog *catalog, const pipette_layout *layout)
{
    const pipette_table table = {.size = sizeof table,
                                 .path = "results.grid",
                                 .comment = "",
                                 .dimensions = layout->axes,
                                 .dimension_count = layout->axis_count,
                                 .dimension_stride = layout->axis_stride};
    store_table *grid = &catalog->grid;
    const char *paths[STORE_RANK_MAX];
    char *names[STORE_RANK_MAX];
    uint64_t rows = 1;
    uint32_t i;
    int status = catalog_table(store, grid, &table, false);
    if (status != PIPETTE_OK)
        return status;
    for (i = 0; i < grid->axis_count; i++)
        paths[i] = grid->axes[i].name;
    for (i = 0; i < grid->axis_count; i++) {
        names[i] = grid_axis_name(catalog, paths, grid->axis_count, i);
        if (names[i] == NULL)
            status = store_memory(store);
        if (__builtin_mul_overflow(rows, grid->axes[i].extent, &rows))
            rows = 0;
    }
    for (i = 0; i < grid->axis_count; i++) {
        free(grid->axes[i].name);
        grid->axes[i].name = names[i];
    }
    if (status == PIPETTE_OK && rows != catalog->row_count)
        status = store_fail(store, PIPETTE_E_INVALID, "the axes of the layout are not those of its rows");
    return status == PIPETTE_OK ? catalog_complete_grid(store, grid) : status;
}

static int write_axes(writer *w, uint32_t *scales)
{
    const store_table *grid = &w->catalog->grid, *source = w->store->catalog != NULL ? &w->store->catalog->grid : NULL;
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < grid->axis_count; i++)
        status = names_claim(w->store, &w->names, grid->axes[i].dataset, "an axis of /grid");
    for (i = 0; status == PIPETTE_OK && i < grid->axis_count; i++)
        status =
            layout_axis(w, &grid->axes[i],
                        source != NULL && source->axis_count == grid->axis_count ? &source->axes[i] : NULL, &scales[i]);
    return status;
}

/* ---- The results ---- */

/* A name in /grid, the shortest that nothing has. To be freed. */
static char *free_path(writer *w, const char *path)
{
    uint32_t parts;
    for (parts = grid_parts(w, path);; parts++) {
        char *name = grid_name(path, parts), *dataset = name != NULL ? store_format("/grid/%s", name) : NULL;
        bool taken = dataset != NULL && (names_taken(&w->names, dataset) || grid_is_dimension(w->catalog, name));
        free(name);
        if (!taken)
            return dataset;
        free(dataset);
    }
}

/* The unexplored parameters that are one number each, as links: their names for the attribute `coordinates`. */
static int link_parameters(writer *w, store_text *coordinates)
{
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < w->catalog->leaf_count; i++) {
        const store_leaf *leaf = &w->catalog->leaves[i];
        char *path;
        if (strncmp(leaf->path, "parameters.", strlen("parameters.")) != 0 || leaf->rank > 0 ||
            leaf->type == PIPETTE_TYPE_STRING || leaf->type == PIPETTE_TYPE_COMPLEX)
            continue;
        path = free_path(w, leaf->path);
        if (path == NULL)
            continue;
        status = names_claim(w->store, &w->names, path, leaf->path);
        if (status == PIPETTE_OK && H5Lcreate_hard(w->file, leaf->dataset, w->file, path, w->links, H5P_DEFAULT) < 0)
            status = layout_failed(w);
        store_addf(coordinates, "%s%s", coordinates->length > 0 ? " " : "", strrchr(path, '/') + 1);
        free(path);
    }
    store_add(coordinates, "", 0);
    return status == PIPETTE_OK && coordinates->failed ? store_memory(w->store) : status;
}

static bool belongs(const writer *w, const store_column *column)
{
    return column->placed &&
           ((column->form == STORE_FIXED && column->every == 1 && column->places.bytes > 0) ||
            (column->form == STORE_PACKED && column->chunks != NULL)) &&
           column->rank + w->catalog->grid.axis_count < STORE_RANK_MAX &&
           (column->role == PIPETTE_ROLE_RESULT || strcmp(column->path, "runs.state") == 0);
}

static int write_column(writer *w, const store_column *column, const uint32_t *axes, const char *coordinates)
{
    hsize_t extents[STORE_RANK_MAX + 2];
    uint32_t scales[STORE_RANK_MAX + 2], count = w->catalog->grid.axis_count, rank, i;
    char *path;
    hid_t id = -1, flat;
    int status = PIPETTE_OK;
    for (rank = 0; rank < count; rank++) {
        extents[rank] = w->catalog->grid.axes[rank].extent;
        scales[rank] = axes[rank];
    }
    if (column->form == STORE_FIXED && !chunks_fit(&column->cut, count, extents))
        return PIPETTE_OK;
    path = free_path(w, column->path);
    if (path == NULL)
        return PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < column->rank; i++, rank++) {
        char fallback[300];
        (void)snprintf(fallback, sizeof fallback, "%s_dim_%u", strrchr(path, '/') + 1, i);
        extents[rank] = column->dimensions[i].extent;
        status = scales_of_result(w, "/grid", &column->dimensions[i], fallback, &scales[rank]);
    }
    if (status == PIPETTE_OK && column->type == PIPETTE_TYPE_COMPLEX) {
        extents[rank] = 2;
        status = scales_complex(w, &scales[rank++]);
    }
    if (status == PIPETTE_OK)
        status = names_claim(w->store, &w->names, path, column->path);
    flat = H5Dopen2(w->file, column->dataset, H5P_DEFAULT);
    if (status == PIPETTE_OK)
        status = column->form == STORE_PACKED
                     ? packed_share(w, column, flat, path, count, rank, extents, &id)
                     : chunks_share(w, path, column->type, count, rank, extents, &column->cut, &column->places, &id);
    if (status == PIPETTE_OK)
        status = scales_attach(w, id, rank, scales);
    if (status == PIPETTE_OK && (!layout_describe(id, column, coordinates) || flat < 0 || H5Oincr_refcount(id) < 0 ||
                                 H5Oincr_refcount(flat) < 0))
        status = layout_failed(w);
    if (flat >= 0)
        (void)H5Dclose(flat);
    if (id >= 0)
        (void)H5Dclose(id);
    free(path);
    return status;
}

int grid_write(writer *w)
{
    const store_catalog *catalog = w->catalog;
    store_text coordinates = {NULL, 0, 0, false};
    uint32_t axes[STORE_RANK_MAX], i;
    int status, pass;
    if (catalog->grid.axis_count == 0)
        return PIPETTE_OK;
    status = grid_note_names(w);
    if (status == PIPETTE_OK)
        status = write_axes(w, axes);
    if (status == PIPETTE_OK)
        status = link_parameters(w, &coordinates);
    /* The state comes last: a result may have its name. */
    for (pass = 0; pass < 2; pass++)
        for (i = 0; status == PIPETTE_OK && i < catalog->column_count; i++)
            if (belongs(w, &catalog->columns[i]) && (catalog->columns[i].role == PIPETTE_ROLE_LEDGER) == (pass == 1))
                status = write_column(w, &catalog->columns[i], axes, coordinates.data);
    free(coordinates.data);
    names_free(&w->shared);
    return status;
}
