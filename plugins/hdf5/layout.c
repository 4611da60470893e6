/* Writes the structure of a file: groups, datasets, and the values of everything small. */
#include "packed.h"

#include <stdlib.h>

enum { HISTORY_MOST = 32 << 10 };

/* ---- Datasets ---- */

hid_t layout_numbers(writer *w, const char *path, int type, uint32_t rank, const hsize_t *extents, bool filled)
{
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE), id;
    hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple((int)rank, extents, NULL);
    char fill[16];
    store_fill(type, fill, 1);
    (void)H5Pset_layout(properties, H5D_CONTIGUOUS);
    (void)H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY);
    (void)H5Pset_fill_time(properties, filled ? H5D_FILL_TIME_ALLOC : H5D_FILL_TIME_NEVER);
    (void)H5Pset_fill_value(properties, h5_number_type(type), fill);
    id = H5Dcreate2(w->file, path, h5_number_type(type), space, w->links, properties, H5P_DEFAULT);
    (void)H5Pclose(properties);
    (void)H5Sclose(space);
    return id;
}

void layout_keep(writer *w, uint64_t offset, uint64_t bytes)
{
    w->keep = w->in_place && bytes > 0 ? offset : 0;
    w->overlay->queue = &w->keep;
    w->overlay->queue_count = w->keep > 0;
    w->overlay->queue_at = 0;
    w->overlay->queue_bytes = bytes;
}

int layout_kept(writer *w, hid_t id, uint64_t offset)
{
    layout_keep(w, 0, 0);
    if (H5Dget_offset(id) == (offset > 0 ? (haddr_t)offset : HADDR_UNDEF))
        return PIPETTE_OK;
    return store_fail(w->store, PIPETTE_E_STORAGE, "cannot write '%s': HDF5 gives its data another place",
                      w->store->path);
}

static void place_of(hid_t id, uint64_t *offset)
{
    haddr_t address = H5Dget_offset(id);
    *offset = address == HADDR_UNDEF ? 0 : address; /* nothing to store: no rows or an extent of 0 */
}

hid_t layout_texts(writer *w, const char *path, uint32_t rank, const hsize_t *extents)
{
    hid_t space = H5Screate_simple((int)rank, extents, NULL), properties = H5Pcreate(H5P_DATASET_CREATE), id;
    id = H5Dcreate2(w->file, path, w->text_type, space, w->links, properties, H5P_DEFAULT);
    (void)H5Pclose(properties);
    (void)H5Sclose(space);
    return id;
}

/* One text. Of variable length, or said to be UTF-8, it keeps Octave from loading its group; one byte long, it crashes
 * R's ncdf4. */
static hid_t create_text(writer *w, const char *path, const char *text)
{
    static const char empty[2] = "";
    size_t length = strlen(text);
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), id = -1;
    if (H5Tset_size(type, length > 0 ? length + 1 : sizeof empty) >= 0)
        id = H5Dcreate2(w->file, path, type, space, w->links, H5P_DEFAULT, H5P_DEFAULT);
    if (id >= 0 && H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, length > 0 ? text : empty) < 0) {
        (void)H5Dclose(id);
        id = -1;
    }
    (void)H5Sclose(space);
    (void)H5Tclose(type);
    return id;
}

static char *folder_of(const char *path)
{
    return strndup(path, (size_t)(strrchr(path, '/') - path));
}

/* ---- Explored parameters in the groups of the results ---- */

/* The last `components` of a path, joined with `_`; NULL if it has fewer or memory is short. */
static char *name_of(const char *path, uint32_t components)
{
    const char *at = path + strlen(path);
    char *name, *dot;
    while (at > path && components > 0)
        if (*--at == '.' && --components == 0) {
            at++;
            break;
        }
    if (components > (at == path ? 1u : 0u))
        return NULL;
    name = strdup(at);
    for (dot = name; dot != NULL && (dot = strchr(dot, '.')) != NULL;)
        *dot = '_';
    return name;
}

static bool is_coordinate(const store_column *column)
{
    return column->role == PIPETTE_ROLE_PARAMETER && column->rank == 0 && column->placed;
}

/* Whether a result in the group has a dimension of that name, which keeps it. */
static bool is_dimension(const writer *w, const char *group, const char *name)
{
    const size_t length = strlen(group);
    uint32_t i, k;
    for (i = 0; i < w->catalog->column_count; i++) {
        const store_column *column = &w->catalog->columns[i];
        if (strncmp(column->dataset, group, length) != 0 || column->dataset[length] != '/' ||
            strchr(column->dataset + length + 1, '/') != NULL)
            continue;
        for (k = 0; k < column->rank; k++)
            if (strcmp(column->dimensions[k].name, name) == 0)
                return true;
    }
    return false;
}

/* The shortest name that no other explored parameter has, and nothing in the group. */
static char *link_name(writer *w, const char *group, const store_column *column)
{
    uint32_t components, i;
    for (components = 1;; components++) {
        char *name = name_of(column->path, components), *path;
        bool taken = false;
        if (name == NULL)
            return NULL;
        for (i = 0; i < w->catalog->column_count && !taken; i++) {
            const store_column *other = &w->catalog->columns[i];
            char *other_name = other != column && is_coordinate(other) ? name_of(other->path, components) : NULL;
            taken = other_name != NULL && strcmp(other_name, name) == 0;
            free(other_name);
        }
        path = store_format("%s/%s", group, name);
        taken = taken || path == NULL || names_taken(&w->names, path) || is_dimension(w, group, name);
        free(path);
        if (!taken)
            return name;
        free(name);
    }
}

/* Hard links of the explored parameters in `group`; their names for the attribute `coordinates`. */
static int link_coordinates(writer *w, const char *group, const char **coordinates)
{
    store_text text = {NULL, 0, 0, false};
    group_links *links;
    uint32_t i;
    int status = PIPETTE_OK;
    for (i = 0; i < w->group_count; i++)
        if (strcmp(w->groups[i].group, group) == 0) {
            *coordinates = w->groups[i].coordinates;
            return PIPETTE_OK;
        }
    for (i = 0; status == PIPETTE_OK && i < w->catalog->column_count; i++) {
        const store_column *column = &w->catalog->columns[i];
        char *name, *path;
        if (!is_coordinate(column))
            continue;
        name = link_name(w, group, column);
        path = name != NULL ? store_format("%s/%s", group, name) : NULL;
        if (path != NULL) {
            status = names_claim(w->store, &w->names, path, column->path);
            if (status == PIPETTE_OK &&
                H5Lcreate_hard(w->file, column->dataset, w->file, path, w->links, H5P_DEFAULT) < 0)
                status = layout_failed(w);
            store_addf(&text, "%s%s", text.length > 0 ? " " : "", name);
        }
        free(path);
        free(name);
    }
    if (status == PIPETTE_OK && !catalog_plain_runs(w->catalog)) {
        char *path = store_format("%s/run", group);
        if (path == NULL)
            status = store_memory(w->store);
        else if (!names_taken(&w->names, path) &&
                 H5Lcreate_hard(w->file, "/run", w->file, path, w->links, H5P_DEFAULT) < 0)
            status = layout_failed(w);
        free(path);
    }
    store_add(&text, "", 0);
    links = status == PIPETTE_OK ? catalog_grow(w->store, (void **)&w->groups, &w->group_count, sizeof *links) : NULL;
    if (links == NULL || text.failed) {
        free(text.data);
        return status != PIPETTE_OK ? status : store_memory(w->store);
    }
    links->coordinates = text.data;
    links->group = store_copy(group);
    *coordinates = text.data;
    return links->group != NULL ? PIPETTE_OK : store_memory(w->store);
}

/* ---- Columns ---- */

bool layout_describe(hid_t id, const store_column *column, const char *coordinates)
{
    static const char *const truth[] = {"false", "true"};
    bool ok = scales_describe(id, column->unit, column->doc);
    if (ok && column->code_count > 0)
        ok = scales_put_flags(id, column->code_count, (const char *const *)column->codes);
    else if (ok && column->type == PIPETTE_TYPE_BOOL)
        ok = scales_put_flags(id, 2, truth);
    if (ok && column->type == PIPETTE_TYPE_COMPLEX)
        ok = scales_put_text(id, "complex_parts", "real imaginary");
    if (ok && column->holes)
        ok = scales_put_fill(id, column->type);
    if (column->every > 1)
        return ok && scales_put_number(id, "rows_per_block", (int64_t)column->every);
    return ok && scales_put_text(id, "coordinates", coordinates);
}

/* Numbers of fixed shape. What stands in the open file stays there. */
static int create_fixed(writer *w, store_column *column, uint32_t rank, const hsize_t *extents, hid_t *id)
{
    const store_column *source = column->source;
    bool stands = source != NULL && source->placed && source->every == column->every;
    const store_table *grid = column->every == 1 && w->catalog->grid.axis_count > 0 ? &w->catalog->grid : NULL;
    chunks_spec spec = {column->dataset,
                        column->type,
                        rank,
                        extents,
                        stands ? &source->places : NULL,
                        stands ? &source->cut : NULL,
                        grid,
                        &column->cut,
                        &column->places};
    return chunks_create(w, &spec, id);
}

/* Numbers of fixed shape, or strings (run, ...). */
static int write_plain_column(writer *w, store_column *column, const char *group, const char *coordinates)
{
    hsize_t extents[STORE_RANK_MAX + 2];
    uint32_t scales[STORE_RANK_MAX + 2], rank = 1, i;
    hid_t id;
    int status = PIPETTE_OK;
    extents[0] = catalog_rows(w->catalog, column);
    scales[0] = w->run;
    if (column->every > 1)
        status = scales_block(w, column->every, &scales[0]);
    if (status != PIPETTE_OK)
        return status;
    for (i = 0; i < column->rank; i++, rank++) {
        char fallback[300];
        (void)snprintf(fallback, sizeof fallback, "%s_dim_%u", strrchr(column->dataset, '/') + 1, i);
        extents[rank] = column->dimensions[i].extent;
        status = scales_of_result(w, group, &column->dimensions[i], fallback, &scales[rank]);
        if (status != PIPETTE_OK)
            return status;
    }
    if (column->type == PIPETTE_TYPE_COMPLEX) {
        extents[rank] = 2;
        status = scales_complex(w, &scales[rank++]);
        if (status != PIPETTE_OK)
            return status;
    }
    if (column->form == STORE_FIXED)
        status = create_fixed(w, column, rank, extents, &id);
    else
        id = column->form == STORE_TEXT ? layout_texts(w, column->dataset, rank, extents)
                                        : packed_create(w, column, rank, extents);
    if (id < 0)
        return status != PIPETTE_OK ? status : layout_failed(w);
    if (status == PIPETTE_OK)
        status = scales_attach(w, id, rank, scales);
    if (status == PIPETTE_OK && !layout_describe(id, column, coordinates))
        status = layout_failed(w);
    if (status == PIPETTE_OK && column->form == STORE_TEXT && column->source != NULL)
        status = strings_text(w->store, column, id);
    if (status == PIPETTE_OK && column->form == STORE_PACKED && column->source != NULL)
        status = packed_fill(w, column, id);
    (void)H5Dclose(id);
    return status;
}

static int write_column(writer *w, store_column *column)
{
    const char *coordinates = "";
    char *group = folder_of(column->dataset);
    int status = group != NULL ? PIPETTE_OK : store_memory(w->store);
    if (status == PIPETTE_OK && column->role != PIPETTE_ROLE_PARAMETER && column->form != STORE_SPARSE)
        status = link_coordinates(w, group, &coordinates);
    if (status == PIPETTE_OK)
        status = column->form == STORE_RAGGED   ? ragged_write(w, column, coordinates)
                 : column->form == STORE_SPARSE ? ragged_write_sparse(w, column)
                                                : write_plain_column(w, column, group, coordinates);
    free(group);
    return status;
}

/* ---- Leaves and tables ---- */

static int write_leaf(writer *w, const store_leaf *leaf)
{
    store_value read = {{0}, NULL};
    const pipette_value *value = &leaf->value.value;
    hsize_t extents[STORE_RANK_MAX + 2];
    uint32_t scales[STORE_RANK_MAX + 2], rank = 0, i;
    hid_t space = -1, type, id = -1;
    int status = PIPETTE_OK;
    if (value->type == PIPETTE_TYPE_NONE) {
        status = read_leaf(w->store, leaf, &read);
        value = &read.value;
    }
    for (i = 0; status == PIPETTE_OK && i < leaf->rank; i++, rank++) {
        char *path = store_format("%s_dim_%u", leaf->dataset, i);
        extents[rank] = value->shape[i];
        status = path != NULL ? names_claim(w->store, &w->names, path, leaf->path) : store_memory(w->store);
        if (status == PIPETTE_OK)
            status = scales_add_bare(w, path, value->shape[i], &scales[rank]);
        free(path);
    }
    if (status == PIPETTE_OK && leaf->type == PIPETTE_TYPE_COMPLEX) {
        extents[rank] = 2;
        status = scales_complex(w, &scales[rank++]);
    }
    if (status == PIPETTE_OK) {
        type = leaf->type == PIPETTE_TYPE_STRING ? w->text_type : h5_number_type(leaf->type);
        if (leaf->type == PIPETTE_TYPE_STRING && rank == 0) {
            id = create_text(w, leaf->dataset, value->as.string);
        } else {
            /* Not in the description itself, however small: R's ncdf4 refuses a file with such a dataset. */
            space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple((int)rank, extents, NULL);
            id = H5Dcreate2(w->file, leaf->dataset, type, space, w->links, H5P_DEFAULT, H5P_DEFAULT);
            if (id >= 0 && pipette_value_count(value) > 0 &&
                H5Dwrite(id, type, H5S_ALL, H5S_ALL, h5_transfer(), pipette_value_data(value)) < 0)
                status = layout_failed(w);
            (void)H5Sclose(space);
        }
        if (id < 0 || (status == PIPETTE_OK && !scales_describe(id, leaf->unit, leaf->comment)))
            status = layout_failed(w);
        if (status == PIPETTE_OK)
            status = scales_attach(w, id, rank, scales);
        if (id >= 0)
            (void)H5Dclose(id);
    }
    store_value_free(&read);
    return status;
}

int layout_axis(writer *w, const store_axis *axis, const store_axis *source, uint32_t *index)
{
    store_value read = {{0}, NULL};
    const pipette_value *value = &axis->values.value;
    int status = PIPETTE_OK;
    if (axis->type == PIPETTE_TYPE_NONE)
        return scales_add_bare(w, axis->dataset, axis->extent, index);
    if (value->type == PIPETTE_TYPE_NONE && source == NULL)
        return store_fail(w->store, PIPETTE_E_INTERNAL, "'%s': nothing tells the values of %s", w->store->path,
                          axis->dataset);
    if (value->type == PIPETTE_TYPE_NONE) {
        status = read_axis(w->store, source, &read);
        value = &read.value;
    }
    if (status == PIPETTE_OK) {
        hid_t type = axis->type == PIPETTE_TYPE_STRING ? w->text_type : h5_number_type(axis->type);
        status = scales_add(w, axis->dataset, axis->extent, type, true, index);
        if (status == PIPETTE_OK && ((axis->extent > 0 && H5Dwrite(w->scales[*index].id, type, H5S_ALL, H5S_ALL,
                                                                   h5_transfer(), value->data) < 0) ||
                                     !scales_describe(w->scales[*index].id, axis->unit, axis->doc)))
            status = layout_failed(w);
    }
    store_value_free(&read);
    return status;
}

static int write_table(writer *w, store_table *table)
{
    hsize_t extents[STORE_RANK_MAX + 2];
    uint32_t scales[STORE_RANK_MAX + 2], i;
    hid_t group;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < table->axis_count; i++) {
        extents[i] = table->axes[i].extent;
        status = layout_axis(w, &table->axes[i], table->source != NULL ? &table->source->axes[i] : NULL, &scales[i]);
    }
    for (i = 0; status == PIPETTE_OK && i < table->array_count; i++) {
        store_array *array = &table->arrays[i];
        uint64_t kept = w->in_place && table->source != NULL ? table->source->arrays[i].offset : 0;
        uint32_t rank = table->axis_count;
        hid_t id;
        if (array->type == PIPETTE_TYPE_COMPLEX) {
            extents[rank] = 2;
            status = scales_complex(w, &scales[rank++]);
            if (status != PIPETTE_OK)
                return status;
        }
        layout_keep(w, kept, tables_bytes(table, array));
        id = layout_numbers(w, array->dataset, array->type, rank, extents, kept == 0);
        if (id >= 0 && kept > 0)
            status = layout_kept(w, id, kept);
        if (id < 0 || (status == PIPETTE_OK && (!scales_describe(id, array->unit, array->doc) ||
                                                (array->type == PIPETTE_TYPE_COMPLEX &&
                                                 !scales_put_text(id, "complex_parts", "real imaginary")))))
            status = layout_failed(w);
        if (status == PIPETTE_OK)
            status = scales_attach(w, id, rank, scales);
        if (id >= 0) {
            place_of(id, &array->offset);
            (void)H5Dclose(id);
        }
    }
    if (status != PIPETTE_OK || table->comment[0] == '\0' || table->axis_count + table->array_count == 0)
        return status;
    group = H5Gopen2(w->file, table->group, H5P_DEFAULT);
    if (group < 0 || !scales_put_text(group, "comment", table->comment))
        status = layout_failed(w);
    if (group >= 0)
        (void)H5Gclose(group);
    return status;
}

/* ---- The file ---- */

static int write_text(writer *w, const char *path, const char *text)
{
    hid_t id = create_text(w, path, text);
    return id < 0 || H5Dclose(id) < 0 ? layout_failed(w) : PIPETTE_OK;
}

/* A dataset of pipette's own, one zero or one for each row; `*offset` is its place. */
static int write_zeros(writer *w, const char *path, int type, bool by_row, uint64_t *offset)
{
    static const int64_t zero = 0;
    hsize_t rows = w->catalog->row_count;
    hid_t id = layout_numbers(w, path, type, by_row ? 1 : 0, &rows, false);
    int status = PIPETTE_OK;
    if (id < 0 || (!by_row && H5Dwrite(id, h5_number_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, &zero) < 0))
        status = layout_failed(w);
    if (status == PIPETTE_OK && by_row)
        status = scales_attach(w, id, 1, &w->run);
    if (id >= 0) {
        place_of(id, offset);
        (void)H5Dclose(id);
    }
    return status;
}

/* What pipette needs to go on with the file. */
static int write_own(writer *w)
{
    store_catalog *catalog = w->catalog;
    int status = write_zeros(w, "/pipette/finished", PIPETTE_TYPE_BOOL, false, &catalog->finished);
    if (status == PIPETTE_OK)
        status = write_zeros(w, "/pipette/blocks", PIPETTE_TYPE_I64, false, &catalog->blocks);
    if (status == PIPETTE_OK)
        status = write_zeros(w, "/pipette/log", PIPETTE_TYPE_I64, false, &catalog->log);
    if (status == PIPETTE_OK && catalog->row_count > 0) /* any model can add results that go into the log */
        status = write_zeros(w, "/pipette/placed", PIPETTE_TYPE_BOOL, true, &catalog->placed);
    return status;
}

/* The text of a single value, "" where there is none. To be freed. */
static char *leaf_text(writer *w, const char *path)
{
    const store_leaf *leaf = tables_find_leaf(w->catalog->leaves, w->catalog->leaf_count, path);
    store_value read = {{0}, NULL};
    char *text;
    if (leaf == NULL || leaf->type != PIPETTE_TYPE_STRING || leaf->rank > 0)
        return store_copy("");
    if (leaf->value.value.type == PIPETTE_TYPE_NONE && read_leaf(w->store, leaf, &read) != PIPETTE_OK)
        return NULL;
    text = store_copy(leaf->value.value.type == PIPETTE_TYPE_NONE ? read.value.as.string : leaf->value.value.as.string);
    store_value_free(&read);
    return text;
}

/* The root's attribute `history`, NULL if there is none that can be read. To be freed. */
static char *read_history(hid_t file)
{
    hid_t attribute = H5Aexists_by_name(file, "/", "history", H5P_DEFAULT) > 0
                          ? H5Aopen_by_name(file, "/", "history", H5P_DEFAULT, H5P_DEFAULT)
                          : H5I_INVALID_HID;
    hid_t type = attribute >= 0 ? H5Aget_type(attribute) : H5I_INVALID_HID;
    size_t size =
        type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 ? H5Tget_size(type) : 0;
    char *text = size > 0 && H5Aget_storage_size(attribute) == size ? calloc(size + 1, 1) : NULL;
    if (text != NULL && H5Aread(attribute, type, text) < 0)
        text[0] = '\0';
    if (type >= 0)
        (void)H5Tclose(type);
    if (attribute >= 0)
        (void)H5Aclose(attribute);
    (void)H5Eclear2(H5E_DEFAULT);
    return text;
}

/* What was done to the file, a line each; the oldest go where there are too many. To be freed. */
static char *add_history(writer *w, const char *created, const char *command)
{
    hid_t file = w->store->catalog != NULL ? h5_source(w->store) : H5I_INVALID_HID;
    char *line = store_format("%s: %s", created, command), *before = file >= 0 ? read_history(file) : NULL, *all = NULL;
    const char *from = before;
    size_t length = line != NULL ? strlen(line) : 0, known = before != NULL ? strlen(before) : 0;
    while (from != NULL && known > HISTORY_MOST) {
        from = strchr(from, '\n');
        from = from != NULL ? from + 1 : NULL;
        known = from != NULL ? strlen(from) : 0;
    }
    if (line == NULL || from == NULL || known == 0 || (known >= length && strcmp(from + known - length, line) == 0))
        all = line != NULL ? store_copy(known > 0 && from != NULL ? from : line) : NULL;
    else
        all = store_format("%s\n%s", from, line);
    free(before);
    free(line);
    return all;
}

/* What CF wants to know of a file: what computed it, and what made it when. */
static int write_origin(writer *w, hid_t root)
{
    char *pipette = leaf_text(w, "config.provenance.pipette"), *model = leaf_text(w, "config.plugins.model");
    char *version = leaf_text(w, "config.plugins.model_version"), *created = leaf_text(w, "config.provenance.created");
    char *command = leaf_text(w, "config.pipeline.command_line"), *source = NULL, *history = NULL;
    int status = pipette != NULL && model != NULL && version != NULL && created != NULL && command != NULL
                     ? PIPETTE_OK
                     : store_memory(w->store);
    if (status == PIPETTE_OK && model[0] != '\0')
        source = store_format("%s %s, Pipette %s", model, version, pipette);
    if (status == PIPETTE_OK && command[0] != '\0')
        history = add_history(w, created, command);
    if ((source != NULL && !scales_put_text(root, "source", source)) ||
        (history != NULL && !scales_put_text(root, "history", history)))
        status = layout_failed(w);
    free(pipette);
    free(model);
    free(version);
    free(created);
    free(command);
    free(source);
    free(history);
    return status;
}

static int write_root(writer *w)
{
    store_text text = {NULL, 0, 0, false};
    char format[12];
    uint32_t i;
    hid_t root = H5Gopen2(w->file, "/", H5P_DEFAULT);
    int status = PIPETTE_OK;
    (void)snprintf(format, sizeof format, "%d", STORE_FORMAT);
    /* The first version that allows integers of 64 bits. */
    if (root < 0 || !scales_put_text(root, "Conventions", "CF-1.9") ||
        !scales_put_text(root, "title", w->catalog->name) || !scales_put_text(root, "comment", w->catalog->comment) ||
        !scales_put_text(root, "pipette_format", format))
        status = layout_failed(w);
    if (status == PIPETTE_OK)
        status = write_origin(w, root);
    for (i = 0; status == PIPETTE_OK && w->catalog->grid.axis_count == 0 && i < w->catalog->column_count; i++)
        if (is_coordinate(&w->catalog->columns[i])) {
            if (!scales_put_text(root, "grid", "pipette export FILE --grid -o OUT.nc")) /* what gives it */
                status = layout_failed(w);
            break;
        }
    if (root >= 0)
        (void)H5Gclose(root);
    catalog_write(w->catalog, &text);
    if (status == PIPETTE_OK && text.failed)
        status = store_memory(w->store);
    if (status == PIPETTE_OK)
        status = write_text(w, "/pipette/layout", text.data);
    if (status == PIPETTE_OK)
        status = write_text(w, "/pipette/exploration", w->catalog->exploration);
    free(text.data);
    return status;
}

static int write_all(writer *w)
{
    store_catalog *catalog = w->catalog;
    uint32_t i;
    int status = names_claim_catalog(w->store, &w->names, catalog), pass;
    if (status == PIPETTE_OK)
        status = write_root(w);
    if (status == PIPETTE_OK)
        status = scales_run(w);
    if (status == PIPETTE_OK)
        status = write_own(w);
    /* The explored parameters first: results refer to them. */
    for (pass = 0; pass < 2; pass++)
        for (i = 0; status == PIPETTE_OK && i < catalog->column_count; i++)
            if (catalog->columns[i].placed && (catalog->columns[i].role == PIPETTE_ROLE_PARAMETER) == (pass == 0))
                status = write_column(w, &catalog->columns[i]);
    for (i = 0; status == PIPETTE_OK && i < catalog->leaf_count; i++)
        status = write_leaf(w, &catalog->leaves[i]);
    for (i = 0; status == PIPETTE_OK && i < catalog->table_count; i++)
        status = write_table(w, &catalog->tables[i]);
    if (status == PIPETTE_OK)
        status = grid_write(w);
    if (status == PIPETTE_OK)
        status = structure_note_objects(w->store);
    return status == PIPETTE_OK ? foreign_carry(w) : status;
}

void layout_types(writer *w)
{
    w->complex = UINT32_MAX;
    w->links = H5Pcreate(H5P_LINK_CREATE);
    (void)H5Pset_create_intermediate_group(w->links, 1);
    w->reference_list = H5Tvlen_create(H5T_STD_REF_OBJ);
    w->user_type = H5Tcreate(H5T_COMPOUND, sizeof(scale_user));
    (void)H5Tinsert(w->user_type, "dataset", HOFFSET(scale_user, dataset), H5T_STD_REF_OBJ);
    (void)H5Tinsert(w->user_type, "dimension", HOFFSET(scale_user, axis), H5T_NATIVE_INT);
    w->text_type = h5_text_type();
}

void layout_types_free(writer *w)
{
    (void)H5Pclose(w->links);
    (void)H5Tclose(w->reference_list);
    (void)H5Tclose(w->user_type);
    (void)H5Tclose(w->text_type);
}

int layout_write(store_file *store, store_catalog *catalog)
{
    writer w;
    uint32_t i;
    int status, closed;
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    memset(&w, 0, sizeof w);
    w.store = store;
    w.catalog = catalog;
    w.overlay = &store->building->overlay;
    w.in_place = store->building->in_place;
    store->building->catalog = catalog;
    layout_types(&w);
    w.file = store->building->file;
    status = write_all(&w);
    closed = scales_close(&w, status == PIPETTE_OK);
    if (status == PIPETTE_OK)
        status = closed;
    layout_types_free(&w);
    for (i = 0; i < w.group_count; i++) {
        free(w.groups[i].group);
        free(w.groups[i].coordinates);
    }
    free(w.groups);
    names_free(&w.names);
    return status;
}
