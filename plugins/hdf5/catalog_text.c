/* The catalog as the text that stands in the file: one thing a line, fields behind tabs. */
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CODES_MOST = 1000, ARRAYS_MOST = 1000000, LEVEL_MOST = 9 };

static void add_text(store_text *text, const char *field)
{
    store_add(text, "\t", 1);
    for (; *field != '\0'; field++)
        switch (*field) {
        case '\t':
            store_add(text, "\\t", 2);
            break;
        case '\n':
            store_add(text, "\\n", 2);
            break;
        case '\\':
            store_add(text, "\\\\", 2);
            break;
        default:
            store_add(text, field, 1);
            break;
        }
}

static void add_number(store_text *text, uint64_t number)
{
    store_addf(text, "\t%" PRIu64, number);
}

void catalog_write_column(const store_column *column, store_text *text)
{
    uint32_t i;
    uint64_t k;
    store_addf(text, "column");
    add_text(text, column->path);
    add_text(text, pipette_type_text(column->type));
    add_number(text, (uint64_t)column->role);
    add_number(text, column->flags);
    add_number(text, (column->optional ? 1u : 0u) | (column->placed ? 2u : 0u) | (column->holes ? 4u : 0u));
    add_text(text, column->unit);
    add_text(text, column->doc);
    add_number(text, column->rank);
    add_number(text, column->code_count);
    add_number(text, column->every);
    add_number(text, column->level);
    store_addf(text, "\n");
    for (i = 0; i < column->rank; i++) {
        const pipette_dimension *dimension = &column->dimensions[i];
        store_addf(text, "dimension");
        add_text(text, dimension->name);
        add_text(text, dimension->unit);
        add_text(text, dimension->doc);
        add_number(text, dimension->extent);
        store_addf(text, "\t%a\t%a", dimension->start, dimension->step);
        if (dimension->labels != NULL)
            add_number(text, dimension->extent);
        store_addf(text, "\n");
        for (k = 0; dimension->labels != NULL && k < dimension->extent; k++) {
            store_addf(text, "label");
            add_text(text, dimension->labels[k]);
            store_addf(text, "\n");
        }
    }
    for (i = 0; i < column->code_count; i++) {
        store_addf(text, "code");
        add_text(text, column->codes[i]);
        store_addf(text, "\n");
    }
}

static void write_table(const store_table *table, const char *word, store_text *text)
{
    uint32_t k;
    store_addf(text, "%s", word);
    add_text(text, table->path);
    add_text(text, table->comment);
    add_number(text, table->axis_count);
    add_number(text, table->array_count);
    store_addf(text, "\n");
    for (k = 0; k < table->axis_count; k++) {
        store_addf(text, "axis");
        add_text(text, table->axes[k].name);
        add_text(text, table->axes[k].unit);
        add_text(text, table->axes[k].doc);
        add_text(text, pipette_type_text(table->axes[k].type));
        add_number(text, table->axes[k].extent);
        store_addf(text, "\n");
    }
    for (k = 0; k < table->array_count; k++) {
        store_addf(text, "array");
        add_text(text, table->arrays[k].name);
        add_text(text, table->arrays[k].unit);
        add_text(text, table->arrays[k].doc);
        add_text(text, pipette_type_text(table->arrays[k].type));
        store_addf(text, "\n");
    }
}

void catalog_write(const store_catalog *catalog, store_text *text)
{
    uint32_t i, k;
    store_addf(text, "trajectory");
    add_text(text, catalog->name);
    add_text(text, catalog->comment);
    add_number(text, catalog->row_count);
    add_number(text, catalog->power_safe);
    add_number(text, catalog->compression);
    store_addf(text, "\n");
    for (i = 0; i < catalog->span_count; i++)
        store_addf(text, "span\t%" PRIu64 "\t%" PRIu64 "\n", catalog->spans[i].first, catalog->spans[i].count);
    for (i = 0; i < catalog->column_count; i++)
        if (catalog->columns[i].path[0] != '\0') /* not dropped */
            catalog_write_column(&catalog->columns[i], text);
    for (i = 0; i < catalog->leaf_count; i++) {
        const store_leaf *leaf = &catalog->leaves[i];
        store_addf(text, "leaf");
        add_text(text, leaf->path);
        add_text(text, pipette_type_text(leaf->type));
        add_text(text, leaf->unit);
        add_text(text, leaf->comment);
        add_number(text, leaf->rank);
        for (k = 0; k < leaf->rank; k++)
            add_number(text, leaf->shape[k]);
        store_addf(text, "\n");
    }
    for (i = 0; i < catalog->table_count; i++)
        write_table(&catalog->tables[i], "table", text);
    if (catalog->grid.axis_count > 0)
        write_table(&catalog->grid, "grid", text);
}

/* A line of the text, cut into fields; `bad` is set when a field is missing or not what it should be. */
typedef struct text_reader {
    char *next; /* the next line */
    char *field;
    bool bad;
} text_reader;

static char *take_text(text_reader *reader)
{
    char *from = reader->field, *to = reader->field, *text = reader->field;
    if (from == NULL) {
        reader->bad = true;
        return (char *)(uintptr_t) "";
    }
    for (; *from != '\0' && *from != '\t'; from++, to++) {
        if (*from == '\\' && from[1] != '\0') {
            from++;
            *to = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from;
        } else {
            *to = *from;
        }
    }
    reader->field = *from == '\t' ? from + 1 : NULL;
    *to = '\0';
    return text;
}

/* The first field of the next line, or NULL at the end. */
static const char *take_line(text_reader *reader)
{
    char *line = reader->next, *end = line != NULL ? strchr(line, '\n') : NULL;
    if (end == NULL)
        return NULL;
    *end = '\0';
    reader->next = end + 1;
    reader->field = line;
    return take_text(reader);
}

static int damaged(store_file *store)
{
    return store_fail(store, PIPETTE_E_STORAGE, "'%s' is damaged: its layout cannot be read", store->path);
}

/* Digits alone, up to `most`; 0 where they are not. */
static uint64_t take_number(text_reader *reader, uint64_t most)
{
    const char *text = take_text(reader), *at = text;
    uint64_t number = 0;
    bool bad = *at == '\0';
    for (; *at != '\0' && !bad; at++)
        bad = *at < '0' || *at > '9' || __builtin_mul_overflow(number, 10, &number) ||
              __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number);
    if (!bad && number <= most)
        return number;
    reader->bad = true;
    return 0;
}

static double take_f64(text_reader *reader)
{
    char *text = take_text(reader), *end = text;
    double number = strtod(text, &end);
    if (end == text || *end != '\0')
        reader->bad = true;
    return number;
}

static int32_t take_type(text_reader *reader)
{
    const char *text = take_text(reader);
    int32_t type;
    for (type = PIPETTE_TYPE_F64; type <= PIPETTE_TYPE_STRING; type++)
        if (strcmp(text, pipette_type_text(type)) == 0)
            return type;
    reader->bad = true;
    return PIPETTE_TYPE_NONE;
}

/* Of coordinates: none, where the axis has none. */
static int32_t take_axis_type(text_reader *reader)
{
    static const char none[] = "none";
    int32_t type;
    if (reader->field != NULL && strncmp(reader->field, none, sizeof none - 1) == 0) {
        reader->bad |= strcmp(take_text(reader), none) != 0;
        return PIPETTE_TYPE_NONE;
    }
    type = take_type(reader);
    reader->bad |= type == PIPETTE_TYPE_COMPLEX;
    return type;
}

/* The next line, which must begin with that word. */
static void take_line_of(text_reader *reader, const char *word)
{
    const char *found = take_line(reader);
    if (found == NULL || strcmp(found, word) != 0)
        reader->bad = true;
}

static bool take_copy(text_reader *reader, char **out)
{
    *out = store_copy(take_text(reader));
    return *out != NULL;
}

/* Their number, then a line for each. Fewer lines than that: bad. */
static bool take_labels(text_reader *reader, pipette_dimension *dimension)
{
    uint64_t count = take_number(reader, UINT64_MAX), i;
    char **labels;
    if (reader->bad || count != dimension->extent || reader->next == NULL || count > strlen(reader->next)) {
        reader->bad = true;
        return false;
    }
    labels = catalog_labels_make(dimension);
    for (i = 0; labels != NULL && i < count; i++) {
        take_line_of(reader, "label");
        if (!take_copy(reader, &labels[i]))
            return false;
    }
    return labels != NULL;
}

/* Behind the word `column`. */
static int parse_column(store_file *store, text_reader *reader, store_column *column)
{
    uint32_t rank, codes, i;
    uint64_t bits;
    bool ok = take_copy(reader, &column->path);
    column->id = -1;
    column->type = take_type(reader);
    column->role = (int32_t)take_number(reader, PIPETTE_ROLE_LEDGER);
    column->flags = (uint32_t)take_number(reader, UINT32_MAX);
    bits = take_number(reader, UINT64_MAX);
    column->optional = (bits & 1) != 0;
    column->placed = (bits & 2) != 0;
    column->holes = (bits & 4) != 0;
    ok = ok && take_copy(reader, &column->unit) && take_copy(reader, &column->doc);
    rank = (uint32_t)take_number(reader, STORE_RANK_MAX);
    codes = (uint32_t)take_number(reader, CODES_MOST);
    column->every = take_number(reader, UINT64_MAX);
    column->level = (uint32_t)take_number(reader, LEVEL_MOST);
    if (!ok)
        return store_memory(store);
    if (reader->bad || column->role < PIPETTE_ROLE_PARAMETER)
        return damaged(store);
    column->dimensions = calloc(rank + 1, sizeof *column->dimensions);
    column->codes = codes > 0 ? calloc(codes, sizeof *column->codes) : NULL;
    if (column->dimensions == NULL || (codes > 0 && column->codes == NULL))
        return store_memory(store);
    column->rank = rank;
    column->code_count = codes;
    for (i = 0; i < rank; i++) {
        pipette_dimension *dimension = &column->dimensions[i];
        char *name = NULL, *unit = NULL, *doc = NULL;
        take_line_of(reader, "dimension");
        ok = take_copy(reader, &name) && take_copy(reader, &unit) && take_copy(reader, &doc);
        dimension->size = (uint32_t)sizeof *dimension;
        dimension->name = name;
        dimension->unit = unit;
        dimension->doc = doc;
        dimension->extent = take_number(reader, UINT64_MAX);
        dimension->start = take_f64(reader);
        dimension->step = take_f64(reader);
        if (!ok)
            return store_memory(store);
        if (reader->field != NULL) { /* it has labels */
            ok = take_labels(reader, dimension);
            if (reader->bad)
                return damaged(store);
            if (!ok)
                return store_memory(store);
        }
    }
    for (i = 0; i < codes; i++) {
        take_line_of(reader, "code");
        if (!take_copy(reader, &column->codes[i]))
            return store_memory(store);
    }
    return reader->bad ? damaged(store) : catalog_complete_column(store, column);
}

int catalog_parse_column(store_file *store, store_column *column, const char *text)
{
    char *copy = store_copy(text);
    text_reader reader = {copy, NULL, false};
    int status;
    memset(column, 0, sizeof *column);
    if (copy == NULL)
        return store_memory(store);
    take_line_of(&reader, "column");
    status = parse_column(store, &reader, column);
    if (status == PIPETTE_OK && reader.bad)
        status = store_fail(store, PIPETTE_E_STORAGE, "'%s' is damaged: a column cannot be read", store->path);
    free(copy);
    return status;
}

static int parse_leaf(store_file *store, text_reader *reader, store_leaf *leaf)
{
    uint32_t i;
    bool ok = take_copy(reader, &leaf->path);
    leaf->type = take_type(reader);
    ok = ok && take_copy(reader, &leaf->unit) && take_copy(reader, &leaf->comment);
    leaf->rank = (uint32_t)take_number(reader, STORE_RANK_MAX);
    for (i = 0; i < leaf->rank; i++)
        leaf->shape[i] = take_number(reader, UINT64_MAX);
    return !ok ? store_memory(store) : reader->bad ? damaged(store) : catalog_complete_leaf(store, leaf);
}

static int parse_table(store_file *store, text_reader *reader, store_table *table)
{
    bool ok = take_copy(reader, &table->path) && take_copy(reader, &table->comment);
    uint32_t axes = (uint32_t)take_number(reader, STORE_RANK_MAX);
    uint32_t arrays = (uint32_t)take_number(reader, ARRAYS_MOST), i;
    if (!ok)
        return store_memory(store);
    if (reader->bad || arrays > strlen(reader->next)) /* each has a line */
        return damaged(store);
    table->axes = calloc(axes + 1, sizeof *table->axes);
    table->arrays = calloc(arrays + 1, sizeof *table->arrays);
    if (table->axes == NULL || table->arrays == NULL)
        return store_memory(store);
    for (i = 0; ok && i < axes; i++) {
        store_axis *axis = &table->axes[table->axis_count++];
        take_line_of(reader, "axis");
        ok = take_copy(reader, &axis->name) && take_copy(reader, &axis->unit) && take_copy(reader, &axis->doc);
        axis->type = take_axis_type(reader);
        axis->extent = take_number(reader, UINT64_MAX);
    }
    for (i = 0; ok && i < arrays; i++) {
        store_array *array = &table->arrays[table->array_count++];
        take_line_of(reader, "array");
        ok = take_copy(reader, &array->name) && take_copy(reader, &array->unit) && take_copy(reader, &array->doc);
        array->type = take_type(reader);
        reader->bad |= array->type == PIPETTE_TYPE_STRING;
    }
    return !ok ? store_memory(store) : reader->bad ? damaged(store) : catalog_complete_table(store, table);
}

static int parse_trajectory(store_file *store, text_reader *reader, store_catalog *catalog)
{
    if (catalog->name != NULL)
        return damaged(store);
    if (!take_copy(reader, &catalog->name) || !take_copy(reader, &catalog->comment) ||
        (catalog->exploration = store_copy("")) == NULL)
        return store_memory(store);
    catalog->row_count = take_number(reader, INT64_MAX);
    catalog->power_safe = take_number(reader, 1) != 0;
    catalog->compression = (uint32_t)take_number(reader, UINT32_MAX);
    return PIPETTE_OK;
}

/* The spans are those of the rows, and the axes of the grid, if there are any; everything else takes that for granted.
 */
static bool rows_fit(const store_catalog *catalog)
{
    uint64_t rows = 0;
    uint32_t i;
    for (i = 0; i < catalog->span_count; i++)
        if (catalog->spans[i].count > INT64_MAX - catalog->spans[i].first ||
            __builtin_add_overflow(rows, catalog->spans[i].count, &rows))
            return false;
    return catalog->name != NULL && rows == catalog->row_count &&
           (catalog->grid.axis_count == 0 || catalog_table_elements(&catalog->grid) == rows);
}

store_catalog *catalog_parse(store_file *store, const char *text)
{
    char *copy = store_copy(text);
    store_catalog *catalog = calloc(1, sizeof *catalog);
    text_reader reader = {copy, NULL, false};
    const char *word;
    int status = copy != NULL && catalog != NULL ? PIPETTE_OK : store_memory(store);
    if (catalog != NULL)
        catalog->format = STORE_FORMAT;
    while (status == PIPETTE_OK && !reader.bad && (word = take_line(&reader)) != NULL) {
        if (strcmp(word, "trajectory") == 0) {
            status = parse_trajectory(store, &reader, catalog);
        } else if (strcmp(word, "span") == 0) {
            pipette_run_span *span = catalog_grow(store, (void **)&catalog->spans, &catalog->span_count, sizeof *span);
            if (span == NULL) {
                status = PIPETTE_E_MEMORY;
            } else {
                span->first = take_number(&reader, INT64_MAX);
                span->count = take_number(&reader, INT64_MAX);
            }
        } else if (strcmp(word, "column") == 0) {
            store_column *column =
                catalog_grow(store, (void **)&catalog->columns, &catalog->column_count, sizeof(store_column));
            status = column != NULL ? parse_column(store, &reader, column) : PIPETTE_E_MEMORY;
        } else if (strcmp(word, "leaf") == 0) {
            store_leaf *leaf = catalog_grow(store, (void **)&catalog->leaves, &catalog->leaf_count, sizeof(store_leaf));
            status = leaf != NULL ? parse_leaf(store, &reader, leaf) : PIPETTE_E_MEMORY;
        } else if (strcmp(word, "table") == 0) {
            store_table *table =
                catalog_grow(store, (void **)&catalog->tables, &catalog->table_count, sizeof(store_table));
            status = table != NULL ? parse_table(store, &reader, table) : PIPETTE_E_MEMORY;
        } else if (strcmp(word, "grid") == 0) {
            reader.bad |= catalog->grid.path != NULL;
            status = reader.bad ? damaged(store) : parse_table(store, &reader, &catalog->grid);
            if (status == PIPETTE_OK)
                status = catalog_complete_grid(store, &catalog->grid);
        } /* Other words: of a newer version that says more. */
    }
    if (status == PIPETTE_OK && (reader.bad || !rows_fit(catalog)))
        status = damaged(store);
    free(copy);
    if (status != PIPETTE_OK) {
        catalog_free(catalog);
        return NULL;
    }
    return catalog;
}
