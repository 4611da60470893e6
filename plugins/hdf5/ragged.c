/* Results whose shape differs from run to run, and texts that few runs have: their datasets.
 *
 * A ragged result has a group of its own, so that a table of its parent's results has one row for each run: in it the
 * values of all runs one after the other, and the run of each (CF's indexed ragged array). How many each run has stands
 * beside the group.
 */
#include "layout.h"

#include <stdlib.h>

/* Values and runs, in the group. */
static int write_samples(writer *w, store_column *column)
{
    const char *name = strrchr(column->dataset, '/') + 1;
    char *data = catalog_data_path(w->store, w->catalog, column), *run = store_format("%s/run", column->dataset);
    /* A variable that is called like its own dimension would be a coordinate. */
    char *sample = store_format("%s/%s", column->dataset, strcmp(name, "sample") == 0 ? "sample_2" : "sample");
    hsize_t extents[2] = {column->total, 2};
    uint32_t scales[2], rank = column->type == PIPETTE_TYPE_COMPLEX ? 2 : 1;
    int run_type = catalog_run_type(w->catalog),
        status = data != NULL && run != NULL && sample != NULL ? PIPETTE_OK : store_memory(w->store);
    hid_t flat = -1, runs = -1;
    bool kept = column->kept_rows > 0;
    if (status == PIPETTE_OK)
        status = scales_add_bare(w, sample, column->total, &scales[0]);
    if (status == PIPETTE_OK && rank == 2)
        status = scales_complex(w, &scales[1]);
    if (status == PIPETTE_OK && column->type == PIPETTE_TYPE_STRING) {
        flat = layout_texts(w, data, 1, extents);
    } else if (status == PIPETTE_OK) {
        chunks_spec spec = {data,
                            column->type,
                            rank,
                            extents,
                            kept ? &column->source->places : NULL,
                            kept ? &column->source->cut : NULL,
                            NULL,
                            &column->cut,
                            &column->places};
        status = chunks_create(w, &spec, &flat);
    }
    if (status == PIPETTE_OK && (flat < 0 || !layout_describe(flat, column, "run")))
        status = layout_failed(w);
    if (status == PIPETTE_OK)
        status = scales_attach(w, flat, rank, scales);
    if (status == PIPETTE_OK && column->type == PIPETTE_TYPE_STRING && column->source != NULL)
        status = strings_ragged(w->store, column, flat);
    if (status == PIPETTE_OK) {
        chunks_spec spec = {run,
                            run_type,
                            1,
                            extents,
                            kept ? &column->source->runs : NULL,
                            kept ? &column->source->runs_cut : NULL,
                            NULL,
                            &column->runs_cut,
                            &column->runs};
        status = chunks_create(w, &spec, &runs);
        /* What CF means by it are positions. */
        if (status == PIPETTE_OK &&
            ((!scales_put_text(runs, "long_name", "run of the sample") ||
              (catalog_plain_runs(w->catalog) && !scales_put_text(runs, "instance_dimension", "run")))))
            status = layout_failed(w);
    }
    if (status == PIPETTE_OK)
        status = scales_attach(w, runs, 1, scales);
    if (flat >= 0)
        (void)H5Dclose(flat);
    if (runs >= 0)
        (void)H5Dclose(runs);
    free(data);
    free(run);
    free(sample);
    return status;
}

/* Beside the group; of more dimensions than one, the shape of each run stands in place of the count. */
static int write_counts(writer *w, store_column *column, const char *coordinates)
{
    const char *name = strrchr(column->dataset, '/') + 1;
    char *axis = store_format("%s_axis", column->dataset);
    char *shape = store_format("%s_%s", column->dataset, column->rank == 1 ? "count" : "shape");
    char *doc = store_format("%s of %s in each run", column->rank == 1 ? "number of samples" : "extents", name);
    char *sample = store_format("%s/%s", name, strcmp(name, "sample") == 0 ? "sample_2" : "sample");
    hsize_t extents[2] = {w->catalog->row_count, column->rank};
    uint32_t scales[2] = {w->run, 0}, rank = column->rank > 1 ? 2 : 1;
    hid_t shapes = -1;
    int status = axis != NULL && shape != NULL && doc != NULL && sample != NULL ? PIPETTE_OK : store_memory(w->store);
    if (status == PIPETTE_OK && rank == 2)
        status = scales_add_bare(w, axis, column->rank, &scales[1]);
    if (status == PIPETTE_OK) {
        bool kept =
            column->kept_rows > 0 && column->kept_rows == extents[0]; /* else it changes, and the old one must not */
        chunks_spec spec = {shape,
                            PIPETTE_TYPE_I64,
                            rank,
                            extents,
                            kept ? &column->source->shapes : NULL,
                            kept ? &column->source->shapes_cut : NULL,
                            NULL,
                            &column->shapes_cut,
                            &column->shapes};
        status = chunks_create(w, &spec, &shapes);
        if (status == PIPETTE_OK &&
            ((!scales_put_text(shapes, "long_name", doc) || !scales_put_text(shapes, "coordinates", coordinates) ||
              !scales_put_text(shapes, "sample_dimension", sample))))
            status = layout_failed(w);
    }
    if (status == PIPETTE_OK)
        status = scales_attach(w, shapes, rank, scales);
    if (shapes >= 0)
        (void)H5Dclose(shapes);
    free(axis);
    free(shape);
    free(doc);
    free(sample);
    return status;
}

int ragged_write(writer *w, store_column *column, const char *coordinates)
{
    int status = write_samples(w, column);
    return status == PIPETTE_OK ? write_counts(w, column, coordinates) : status;
}

/* ---- Data ---- */

/* The run of a row, `count` times; `*span` and `*before`, the rows before it, go along. */
static int write_run(const store_catalog *catalog, places_sink *sink, int type, uint64_t row, uint32_t *span,
                     uint64_t *before, uint64_t count)
{
    union {
        int32_t i32[512];
        int64_t i64[256];
    } block;
    uint64_t per_block = sizeof block / pipette_type_size(type), run, k, i;
    int status = PIPETTE_OK;
    while (row - *before >= catalog->spans[*span].count)
        *before += catalog->spans[(*span)++].count;
    run = catalog->spans[*span].first + (row - *before);
    for (k = 0; k < per_block && k < count; k++)
        if (type == PIPETTE_TYPE_I32)
            block.i32[k] = (int32_t)run;
        else
            block.i64[k] = (int64_t)run;
    for (i = 0; status == PIPETTE_OK && i < count; i += k) {
        k = count - i < per_block ? count - i : per_block;
        status = places_sink_write(sink, &block, k * pipette_type_size(type));
    }
    return status;
}

int ragged_copy(store_file *store, int fd, const store_catalog *catalog, store_column *column)
{
    places_sink *flat = malloc(sizeof *flat), *shapes = malloc(sizeof *shapes), *runs = malloc(sizeof *runs);
    store_states *states = calloc(1, sizeof *states);
    size_t size = column->type == PIPETTE_TYPE_STRING ? 0 : pipette_type_size(column->type);
    uint64_t row, before = 0, none[STORE_RANK_MAX] = {0};
    uint32_t span = 0;
    int run_type = catalog_run_type(catalog), status = PIPETTE_OK;
    if (flat == NULL || shapes == NULL || runs == NULL || states == NULL)
        status = store_memory(store);
    if (status == PIPETTE_OK) {
        flat->store = shapes->store = runs->store = store;
        flat->fd = shapes->fd = runs->fd = fd;
        flat->used = shapes->used = runs->used = 0;
        flat->places = &column->places;
        shapes->places = &column->shapes;
        runs->places = &column->runs;
        flat->at = shapes->at = runs->at = 0;
    }
    if (status == PIPETTE_OK && column->kept_rows > 0) {
        uint64_t bytes = 8 * column->rank * column->kept_rows, samples = column->source->starts[column->kept_rows];
        status = places_copy(store, &column->source->places, &column->places, fd, 0, samples * size);
        if (status == PIPETTE_OK)
            status =
                places_copy(store, &column->source->runs, &column->runs, fd, 0, samples * pipette_type_size(run_type));
        if (status == PIPETTE_OK)
            status = places_copy(store, &column->source->shapes, &column->shapes, fd, 0, bytes);
        flat->at = samples * size;
        runs->at = samples * pipette_type_size(run_type);
        shapes->at = bytes;
    }
    for (row = column->kept_rows; status >= 0 && row < catalog->row_count; row++) {
        store_value value = {{0}, NULL};
        int counts =
            column->source != NULL && row < store->catalog->row_count ? columns_counts(store, states, column, row) : 0;
        status = counts < 0 ? counts : counts == 0 ? STORE_NONE : read_row(store, column->source, row, &value);
        if (status == PIPETTE_OK && size > 0)
            status = places_sink_write(flat, store_value_elements(&value), pipette_value_count(&value.value) * size);
        if (status == PIPETTE_OK)
            status = write_run(catalog, runs, run_type, row, &span, &before, pipette_value_count(&value.value));
        if (status >= 0)
            status = places_sink_write(shapes, value.block != NULL ? value.value.shape : none, 8 * column->rank);
        store_value_free(&value);
    }
    if (status == PIPETTE_OK && size > 0)
        status = places_sink_flush(flat);
    if (status == PIPETTE_OK)
        status = places_sink_flush(runs);
    if (status == PIPETTE_OK)
        status = places_sink_flush(shapes);
    free(states);
    free(runs);
    free(shapes);
    free(flat);
    return status;
}

/* ---- Texts that few runs have ---- */

int ragged_write_sparse(writer *w, store_column *column)
{
    char *entry = store_format("%s/entry", column->dataset), *row = store_format("%s/row", column->dataset);
    char *text = store_format("%s/text", column->dataset);
    hsize_t extent = column->total;
    hid_t rows = -1, texts = -1;
    uint32_t scale = 0;
    int status = entry != NULL && row != NULL && text != NULL ? PIPETTE_OK : store_memory(w->store);
    if (status == PIPETTE_OK)
        status = scales_add_bare(w, entry, column->total, &scale);
    if (status == PIPETTE_OK) {
        rows = layout_numbers(w, row, PIPETTE_TYPE_I64, 1, &extent, false);
        texts = layout_texts(w, text, 1, &extent);
        if (rows < 0 || texts < 0 || !scales_put_text(rows, "long_name", "row of the run") ||
            !layout_describe(texts, column, ""))
            status = layout_failed(w);
    }
    if (status == PIPETTE_OK)
        status = scales_attach(w, rows, 1, &scale);
    if (status == PIPETTE_OK)
        status = scales_attach(w, texts, 1, &scale);
    if (status == PIPETTE_OK)
        status = strings_sparse(w->store, column, rows, texts);
    if (rows >= 0)
        (void)H5Dclose(rows);
    if (texts >= 0)
        (void)H5Dclose(texts);
    free(entry);
    free(row);
    free(text);
    return status;
}
