/* show_tree.c: the tree of a result file, with groups of one member on one line. */
#include "cli/show_tree.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/shown.h"
#include "cli/table.h"

enum { NAME, TYPE, SHAPE, UNIT, VALUE, MEANING };

/* Where the terminal is narrow, long units, values and shapes give way first, then meanings and names. */
static const table_column columns[] = {{"NAME", SCOLS_FL_TREE, 16, 5},
                                       {"TYPE", 0, 4, 0},
                                       {"SHAPE", 0, 13, 3},
                                       {"UNIT", 0, 4, 1},
                                       {"VALUE", 0, 12, 2},
                                       {"MEANING", 0, 0, 4}};

typedef struct group {
    char *path;
    uint32_t children;
    struct libscols_line *line; /* NULL: it has none yet, or it is on the line of its only child */
} group;

typedef struct tree {
    pipette_file *file;
    const char *below;
    uint64_t run, row;
    int branch; /* that is being added */
    uint32_t left_out;
    int config;
    group *groups;
    size_t count, capacity, last;
    table table;
} tree;

/* The order of the branches on the screen. */
static int branch_of(const char *path)
{
    static const char *const order[] = {"results", "runs", "parameters", "derived_parameters", "config"};
    size_t length = strcspn(path, "."), i;
    for (i = 0; i < PIPETTE_COUNT_OF(order); i++)
        if (strlen(order[i]) == length && strncmp(order[i], path, length) == 0)
            return (int)i;
    return PIPETTE_COUNT_OF(order);
}

static int is_below(const char *path, const char *group_path)
{
    size_t length = group_path == NULL ? 0 : strlen(group_path);
    return length == 0 || (strncmp(path, group_path, length) == 0 && path[length] == '.');
}

static int is_shown(const tree *t, const pipette_entry *entry)
{
    return is_below(entry->path, t->below) &&
           (t->config || t->below != NULL || strncmp(entry->path, "config.", 7) != 0);
}

/* The group of the first `length` characters of `path`, or NULL. */
static group *find_group(tree *t, const char *path, size_t length)
{
    size_t i;
    for (i = 0; i < t->count; i++) {
        group *g = &t->groups[(t->last + i) % t->count];
        if (strlen(g->path) == length && strncmp(g->path, path, length) == 0) {
            t->last = (size_t)(g - t->groups);
            return g;
        }
    }
    return NULL;
}

static size_t parent_length(const char *path, size_t length)
{
    while (length > 0 && path[length - 1] != '.')
        length--;
    return length > 0 ? length - 1 : 0;
}

/* Counts a member of the group that is `length` characters of `path`; makes it, and those above it. */
static int count_member(tree *t, const char *path, size_t length)
{
    group *g = find_group(t, path, length);
    if (length == 0)
        return 0;
    if (g == NULL) {
        if (count_member(t, path, parent_length(path, length)) != 0)
            return PIPETTE_E_MEMORY;
        if (t->count == t->capacity) {
            group *more = realloc(t->groups, (t->capacity = 2 * t->capacity + 32) * sizeof *more);
            if (more == NULL)
                return PIPETTE_E_MEMORY;
            t->groups = more;
        }
        g = &t->groups[t->count];
        g->path = strndup(path, length);
        g->children = 0;
        g->line = NULL;
        if (g->path == NULL)
            return PIPETTE_E_MEMORY;
        t->count++;
    }
    g->children++;
    return 0;
}

static int count_entry(const pipette_entry *entry, void *user)
{
    tree *t = user;
    if (!is_shown(t, entry)) {
        t->left_out += strncmp(entry->path, "config.", 7) == 0;
        return 0;
    }
    return count_member(t, entry->path, parent_length(entry->path, strlen(entry->path)));
}

/* Part of a path; where one run is looked at, its name stands for `$`. */
static const char *label_of(const tree *t, const char *part, size_t length, char *out, size_t size)
{
    char name[PIPETTE_RUN_NAME_SIZE];
    size_t used = 0, i;
    for (i = 0; i < length && used + sizeof name < size; i++)
        if (part[i] == '$' && t->run != PIPETTE_DEFAULT_RUN && (i == 0 || part[i - 1] == '.') &&
            (i + 1 == length || part[i + 1] == '.'))
            used += (size_t)snprintf(out + used, size - used, "%s", pipette_run_name(t->run, name));
        else
            out[used++] = part[i];
    out[used] = '\0';
    return out;
}

static struct libscols_line *group_line(tree *t, const char *path, size_t length)
{
    group *g = find_group(t, path, length);
    struct libscols_line *parent = NULL, *line;
    size_t above;
    char label[1200];
    if (g == NULL || g->line != NULL)
        return g == NULL ? NULL : g->line;
    for (above = parent_length(path, length); above > 0; above = parent_length(path, above)) {
        group *over = find_group(t, path, above);
        if (over != NULL && over->children > 1)
            break;
    }
    if (above > 0)
        parent = group_line(t, path, above);
    line = scols_table_new_line(t->table.lines, parent);
    scols_line_set_data(line, NAME,
                        label_of(t, path + above + (above > 0), length - above - (above > 0), label, sizeof label));
    g = find_group(t, path, length);
    g->line = line;
    return line;
}

static int add_entry(const pipette_entry *entry, void *user)
{
    tree *t = user;
    size_t above = parent_length(entry->path, strlen(entry->path));
    struct libscols_line *line;
    pipette_value value;
    uint64_t total;
    char cell[400], name[1200];
    const char *doc = entry->doc == NULL ? "" : entry->doc;
    if (branch_of(entry->path) != t->branch || !is_shown(t, entry))
        return 0;
    line = scols_table_new_line(t->table.lines, group_line(t, entry->path, above));
    above += above > 0;
    scols_line_set_data(line, NAME, label_of(t, entry->path + above, strlen(entry->path) - above, name, sizeof name));
    scols_line_set_data(line, TYPE, cli_type(entry));
    scols_line_set_data(line, SHAPE, shown_shape(entry, t->run != PIPETTE_DEFAULT_RUN, cell, sizeof cell));
    scols_line_set_data(line, UNIT, entry->unit == NULL ? "" : entry->unit);
    if (entry->kind != PIPETTE_ENTRY_COLUMN || t->row != PIPETTE_DEFAULT_RUN)
        scols_line_set_data(line, VALUE,
                            shown_value(t->file, entry, t->row, SHOWN_PREVIEW, &value, &total)
                                ? shown_brief(&value, total, cell, sizeof cell)
                                : "");
    else
        scols_line_set_data(line, VALUE, entry->role == PIPETTE_ROLE_PARAMETER ? "explored" : "");
    (void)snprintf(cell, sizeof cell, "%.*s", (int)strcspn(doc, "\n\r"), doc);
    scols_line_set_data(line, MEANING, cell);
    return 0;
}

uint32_t show_tree(pipette_file *file, const char *below, int config, uint64_t run, uint64_t row)
{
    tree t = {.file = file, .below = below, .run = run, .row = row, .config = config};
    size_t i;
    (void)pipette_file_list(file, count_entry, &t, NULL);
    table_begin(&t.table, columns, PIPETTE_COUNT_OF(columns));
    for (t.branch = 0; t.branch <= 5; t.branch++)
        (void)pipette_file_list(file, add_entry, &t, NULL);
    table_print(&t.table, table_terminal());
    for (i = 0; i < t.count; i++)
        free(t.groups[i].path);
    free(t.groups);
    return below == NULL && !config ? t.left_out : 0;
}
