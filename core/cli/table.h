/* table.h: tables and trees on the terminal: libsmartcols, with cells that are cut so that lines fit. */
#ifndef CORE_CLI_TABLE_H
#define CORE_CLI_TABLE_H

#include <libsmartcols/libsmartcols.h>
#include <stddef.h>

enum { TABLE_COLUMNS_MAX = 8 };

/* Stands for what was left out. */
#define TABLE_DOTS "..."

typedef struct table_column {
    const char *heading;
    int flags;          /* SCOLS_FL_TREE for the first, SCOLS_FL_RIGHT, SCOLS_FL_WRAP for the last */
    unsigned narrowest; /* columns that it keeps where the terminal is narrow; 0: it may go altogether */
    unsigned cut;       /* where the terminal is too narrow, columns are cut in this order: 1, 2, ...; 0: never */
} table_column;

typedef struct table {
    struct libscols_table *lines; /* made and filled through libsmartcols */
    const table_column *columns;
    size_t count;
} table;

/* The width of the terminal that standard output is, in columns; 0: it is none, and nothing is to be cut. */
unsigned table_terminal(void);

/* A table with these columns, which are the caller's and stay. */
void table_begin(table *made, const table_column *columns, size_t count);
/* Prints the table, cut to `width` columns (0: not at all), and ends it. */
void table_print(table *made, unsigned width);

/* The columns that a text takes on the terminal. */
unsigned table_width(const char *text);
/* Prints a text, in which what is not printable is escaped as in cells: \x1b. Lines and tabs stay. */
void table_put(const char *text);
/* Prints a text, broken between words where it is wider than `width` columns (0: never), and a newline. */
void table_wrap(const char *text, unsigned width);

#endif
