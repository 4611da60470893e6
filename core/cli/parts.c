/* parts.c: the elements of a large value, a part at a time. */
#include "cli/parts.h"

parts parts_of_value(const pipette_value *value)
{
    parts from;
    memset(&from, 0, sizeof from);
    from.elements = pipette_value_data(value);
    from.count = pipette_value_count(value);
    from.type = value->type;
    return from;
}

parts parts_of_file(pipette_file *file, const pipette_entry *entry, uint64_t row)
{
    parts from;
    memset(&from, 0, sizeof from);
    from.file = file;
    from.path = entry->path;
    from.row = row;
    from.type = entry->type;
    return from;
}

const void *parts_at(parts *from, uint64_t index)
{
    if (from->file != NULL && index - from->first >= from->count && from->error.code == 0) {
        pipette_value value;
        uint64_t total = 0;
        from->first = index;
        from->count = 0;
        if (pipette_file_read_part(from->file, from->path, from->row, index, PARTS_COUNT, &value, &total,
                                   &from->error) == PIPETTE_OK) {
            from->elements = pipette_value_data(&value);
            from->count = pipette_value_count(&value);
            if (from->count == 0 || value.type != from->type)
                (void)pipette_error_set(&from->error, PIPETTE_E_STORAGE, "'%s' has fewer elements than its shape says",
                                        from->path);
        }
    }
    return from->error.code != 0 ? NULL : from->elements + (index - from->first) * pipette_type_size(from->type);
}
