/* show_json.c: a result file, and one entry of it, as JSON. */
#include "cli/show_json.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/shown.h"

enum { LONGEST = 1000 /* elements of each of several runs */ };

typedef struct listing {
    pipette_file *file;
    const char *below;
    uint64_t row;
    uint64_t count;
} listing;

static void text(const char *key, const char *value)
{
    printf("\"%s\": ", key);
    cli_json_text(stdout, value == NULL ? "" : value);
}

/* The elements from `first` on, as arrays of arrays from dimension `level` on. */
static void elements(const pipette_value *value, uint32_t level, uint64_t first)
{
    uint64_t below = 1, i;
    uint32_t k;
    if (level == value->rank) {
        cli_json_element(stdout, value, first);
        return;
    }
    for (k = level + 1; k < value->rank; k++)
        below *= value->shape[k];
    putchar('[');
    for (i = 0; i < value->shape[level]; i++) {
        fputs(i == 0 ? "" : ", ", stdout);
        elements(value, level + 1, first + i * below);
    }
    putchar(']');
}

/* "value": what a row has; null where it is missing. */
static void value_of(pipette_file *file, const pipette_entry *entry, uint64_t row, uint64_t limit)
{
    pipette_value value;
    uint64_t total;
    int found = shown_value(file, entry, row, limit, &value, &total);
    printf(", \"value\": ");
    if (found)
        elements(&value, 0, 0);
    else
        fputs("null", stdout);
    if (found && value.rank > 0 && pipette_value_count(&value) < total)
        printf(", \"elements\": %llu", (unsigned long long)total);
}

static void description(const pipette_entry *entry)
{
    char shape[400];
    text("path", entry->path);
    printf(", \"kind\": \"%s\", \"type\": \"%s\", ", shown_kind(entry), cli_type(entry));
    text("shape", shown_shape(entry, 0, shape, sizeof shape));
    fputs(", ", stdout);
    text("unit", entry->unit);
    fputs(", ", stdout);
    text("doc", entry->doc);
}

static int add_entry(const pipette_entry *entry, void *user)
{
    listing *l = user;
    size_t length = l->below == NULL ? 0 : strlen(l->below);
    if (length > 0 && (strncmp(entry->path, l->below, length) != 0 || entry->path[length] != '.'))
        return 0;
    printf("%s\n    {", l->count++ == 0 ? "" : ",");
    description(entry);
    if (entry->kind != PIPETTE_ENTRY_COLUMN || l->row != PIPETTE_DEFAULT_RUN)
        value_of(l->file, entry, l->row, SHOWN_ALL);
    putchar('}');
    return 0;
}

void show_json_file(pipette_file *file, const pipette_storage_info *info, const uint64_t *states, const char *below,
                    uint64_t row)
{
    listing l = {file, below, row, 0};
    int i;
    printf("{\n  ");
    text("name", info->name);
    printf(",\n  ");
    text("comment", info->comment);
    printf(",\n  \"runs\": %llu,\n  \"finished\": %s,\n  \"bytes\": %llu,\n  \"states\": {",
           (unsigned long long)info->row_count, info->finished ? "true" : "false",
           (unsigned long long)info->byte_count);
    for (i = PIPETTE_STATE_PENDING; i <= PIPETTE_STATE_INFEASIBLE; i++)
        printf("%s\"%s\": %llu", i == 0 ? "" : ", ", pipette_state_text(i), (unsigned long long)states[i]);
    printf("},\n  \"entries\": [");
    (void)pipette_file_list(file, add_entry, &l, NULL);
    printf("\n  ]\n}\n");
}

void show_json_entry(pipette_file *file, const pipette_entry *entry, uint64_t run, uint64_t row, uint64_t rows)
{
    printf("{");
    description(entry);
    if (entry->kind != PIPETTE_ENTRY_COLUMN) {
        value_of(file, entry, 0, SHOWN_ALL);
    } else if (run != PIPETTE_DEFAULT_RUN) {
        printf(", \"run\": %llu, \"state\": \"%s\"", (unsigned long long)run,
               pipette_state_text(shown_state(file, row)));
        value_of(file, entry, row, SHOWN_ALL);
    } else {
        printf(", \"runs\": [");
        for (row = 0; row < rows; row++) {
            if (pipette_file_run(file, row, &run, NULL) != PIPETTE_OK)
                break;
            printf("%s\n  {\"run\": %llu, \"state\": \"%s\"", row == 0 ? "" : ",", (unsigned long long)run,
                   pipette_state_text(shown_state(file, row)));
            value_of(file, entry, row, LONGEST);
            putchar('}');
        }
        printf("\n]");
    }
    printf("}\n");
}
