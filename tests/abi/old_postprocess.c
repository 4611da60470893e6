/* old_postprocess: looks at every dimension of every column, sums one, stores a table, in the words of ABI 1.0. Built
 * against every frozen copy of the headers. */
#include <pipette/postprocess.h>

enum { RUNS = 3 };

static int columns_are_right(pipette_results *results)
{
    struct {
        pipette_column_info info;
        char guard[16]; /* what the host may not write to */
    } column;
    memset(&column, 0x5a, sizeof column);
    column.info.size = (uint32_t)sizeof column.info;
    return pipette_column_find(results, "old.table", &column.info) == PIPETTE_OK && column.info.rank == 2 &&
           strcmp(column.info.dimensions[0].name, "row") == 0 &&
           strcmp(column.info.dimensions[1].name, "column") == 0 && column.info.dimensions[1].extent == 3 &&
           column.info.dimensions[1].step == 0.5 && column.guard[0] == 0x5a && column.guard[15] == 0x5a &&
           pipette_column_count(results) == 4;
}

static int postprocess(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results)
{
    static const char *const names[] = {"sum", "first"};
    const uint64_t two = 2;
    double square[RUNS], values[2] = {0.0, 0.0};
    int8_t states[RUNS];
    uint64_t i;
    pipette_value one;
    pipette_table_dimension dimension;
    pipette_table_array array;
    pipette_table table;
    int status;
    if (!columns_are_right(results) || pipette_row_count(results) != RUNS || pipette_run_count(trajectory) != RUNS)
        return pipette_stage_fail(stage, PIPETTE_E_INTERNAL, "the columns are wrong");
    status = pipette_row_states(results, 0, RUNS, states);
    if (status == PIPETTE_OK)
        status = pipette_results_read(results, "square", 0, RUNS, PIPETTE_TYPE_F64, square);
    if (status == PIPETTE_OK)
        status = pipette_results_read_one(results, "old.list", 2, &one);
    if (status != PIPETTE_OK)
        return status;
    for (i = 0; i < RUNS; i++)
        values[0] += states[i] == PIPETTE_STATE_DONE ? square[i] : 0.0;
    values[1] = *(const double *)one.data;
    memset(&dimension, 0, sizeof dimension);
    memset(&array, 0, sizeof array);
    memset(&table, 0, sizeof table);
    dimension.size = (uint32_t)sizeof dimension;
    dimension.name = "what";
    dimension.unit = dimension.doc = "";
    dimension.values = pipette_value_array(PIPETTE_TYPE_STRING, 1, &two, names);
    array.size = (uint32_t)sizeof array;
    array.type = PIPETTE_TYPE_F64;
    array.name = "value";
    array.unit = array.doc = "";
    array.data = values;
    table.size = (uint32_t)sizeof table;
    table.path = "summary.old";
    table.comment = "";
    table.dimensions = &dimension;
    table.dimension_count = 1;
    table.arrays = &array;
    table.array_count = 1;
    return pipette_put_table(results, &table);
}

PIPETTE_POSTPROCESS_PLAIN("old_postprocess", "1.0", "Sums squares.", NULL, postprocess);
