/* shown.c: entries and their values in short. */
#include "cli/shown.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/table.h"

const char *shown_kind(const pipette_entry *entry)
{
    if (entry->kind == PIPETTE_ENTRY_LEAF)
        return "value";
    if (entry->kind == PIPETTE_ENTRY_TABLE)
        return "table";
    return entry->role == PIPETTE_ROLE_PARAMETER ? "explored" : "per run";
}

char *shown_shape(const pipette_entry *entry, int one_run, char *out, size_t size)
{
    size_t used = 0;
    uint32_t i;
    out[0] = '\0';
    if (entry->kind == PIPETTE_ENTRY_COLUMN && !one_run)
        used = (size_t)snprintf(out, size, entry->every > 1 ? "(run / %llu" : "(run", (unsigned long long)entry->every);
    for (i = 0; i < entry->rank && used < size; i++) {
        const pipette_dimension *dimension = &entry->dimensions[i];
        const char *name = dimension->name == NULL ? "" : dimension->name;
        used += (size_t)snprintf(out + used, size - used, "%s%s", used == 0 ? "(" : ", ", name);
        if (used < size && dimension->extent == PIPETTE_RAGGED)
            used += (size_t)snprintf(out + used, size - used, "...");
        else if (used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%llu", name[0] == '\0' ? "" : ": ",
                                     (unsigned long long)dimension->extent);
    }
    if (used > 0 && used < size)
        (void)snprintf(out + used, size - used, ")");
    return out;
}

int shown_state(pipette_file *file, uint64_t row)
{
    int8_t state = PIPETTE_STATE_PENDING;
    return pipette_file_read(file, "runs.state", row, 1, PIPETTE_TYPE_BOOL, &state, NULL) == PIPETTE_OK
               ? state
               : PIPETTE_STATE_PENDING;
}

int shown_value(pipette_file *file, const pipette_entry *entry, uint64_t row, uint64_t limit, pipette_value *value,
                uint64_t *total)
{
    int state = PIPETTE_STATE_DONE;
    *total = 0;
    if (entry->kind == PIPETTE_ENTRY_COLUMN)
        state = shown_state(file, row);
    if (entry->kind == PIPETTE_ENTRY_COLUMN && entry->every > 1)
        row /= entry->every;
    if (limit == SHOWN_ALL ? pipette_file_read_one(file, entry->path, row, value, NULL) != PIPETTE_OK
                           : pipette_file_read_part(file, entry->path, row, 0, limit, value, total, NULL) != PIPETTE_OK)
        return 0;
    if (limit == SHOWN_ALL)
        *total = pipette_value_count(value);
    if (pipette_entry_missing(entry, state, pipette_value_data(value), pipette_value_count(value)))
        return 0;
    cli_mean(entry, value);
    return 1;
}

char *shown_brief(const pipette_value *value, uint64_t total, char *out, size_t size)
{
    uint64_t count = pipette_value_count(value), i;
    size_t used = 0;
    if (value->rank == 0) {
        size_t line;
        (void)cli_element(value, 0, out, size);
        line = strcspn(out, "\n\r");
        if (out[line] != '\0' && line + sizeof TABLE_DOTS <= size)
            strcpy(out + line, TABLE_DOTS);
        return out;
    }
    used = (size_t)snprintf(out, size, "[");
    for (i = 0; i < count && i < SHOWN_PREVIEW; i++) {
        char element[100];
        if (value->type == PIPETTE_TYPE_F64) /* a glance, not the last bit */
            (void)snprintf(element, sizeof element, "%g", ((const double *)value->data)[i]);
        else
            (void)cli_element(value, i, element, sizeof element);
        element[strcspn(element, "\n\r")] = '\0';
        if (used + strlen(element) + 12 > size)
            break;
        used += (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", element);
    }
    (void)snprintf(out + used, size - used, "%s%s]", i < total ? ", " : "", i < total ? TABLE_DOTS : "");
    return out;
}
