/* tables.h: copies of tables (postprocess.h) that outlive the call in which a plugin described them. */
#ifndef CORE_PIPELINE_TABLES_H
#define CORE_PIPELINE_TABLES_H

#include <pipette/postprocess.h>

typedef struct table_list {
    pipette_table *tables;
    uint32_t count, capacity;
} table_list;

/* Appends a copy, without the arrays' data; the path becomes "results.PATH". */
int table_list_add(table_list *list, const pipette_table *table, pipette_error *error);
void table_list_free(table_list *list);

#endif
