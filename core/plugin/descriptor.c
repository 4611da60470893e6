/* descriptor.c: the handshake: what must hold of a descriptor before anything else of a plugin is touched. */
#include <pipette/plugin.h>

#include "base/element.h"
#include "plugin/loader.h"
#include "plugin/object_file.h"
#include "plugin/spec_check.h"
#include "plugin/spec_names.h"

/* Only what is frozen for ever is read here. */
static int check_prefix(const char *path, const pipette_descriptor *descriptor, pipette_error *error)
{
    if (descriptor == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": " PIPETTE_ENTRY_NAME "() returns NULL");
    if ((uintptr_t)descriptor % sizeof(uint64_t) != 0)
        return plugin_refuse(error, PIPETTE_E_ABI, path,
                             ": " PIPETTE_ENTRY_NAME "() returns no descriptor (an odd address)");
    if (descriptor->magic != PIPETTE_MAGIC)
        return plugin_refuse(error, PIPETTE_E_ABI, path,
                             ": " PIPETTE_ENTRY_NAME
                             "() returns no Pipette descriptor (magic number %#llx instead of %#llx)",
                             (unsigned long long)descriptor->magic, (unsigned long long)PIPETTE_MAGIC);
    if (descriptor->abi_major != PIPETTE_ABI_MAJOR || descriptor->abi_minor > PIPETTE_ABI_MINOR) {
        int newer = descriptor->abi_major >= PIPETTE_ABI_MAJOR;
        return plugin_refuse(error, PIPETTE_E_ABI, path,
                             " is too %s: made for ABI %u.%u, this host speaks %u.%u: rebuild it with this "
                             "host's headers%s",
                             newer ? "new" : "old", descriptor->abi_major, descriptor->abi_minor, PIPETTE_ABI_MAJOR,
                             PIPETTE_ABI_MINOR, newer ? ", or use a newer Pipette" : "");
    }
    if (descriptor->size < ABI_DESCRIPTOR_SIZE)
        return plugin_refuse(error, PIPETTE_E_ABI, path,
                             ": its descriptor is truncated: it has %llu bytes, ABI 1.0 has %zu",
                             (unsigned long long)descriptor->size, ABI_DESCRIPTOR_SIZE);
    return PIPETTE_OK;
}

static int check_identity(const char *path, const pipette_descriptor *descriptor, pipette_error *error)
{
    if (descriptor->kind < PIPETTE_KIND_MODEL || descriptor->kind > PIPETTE_KIND_LAUNCHER)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " is of the unknown kind %d", descriptor->kind);
    if (descriptor->name == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " has no name (NULL)");
    if (!spec_is_plugin_name(descriptor->name))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             " has the name '%s': letters, digits, '_' and '-' are allowed, under 128 of them",
                             spec_is_text(descriptor->name) ? descriptor->name : "?");
    if (descriptor->version != NULL && !spec_is_text(descriptor->version))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": its version is not UTF-8");
    if (descriptor->doc != NULL && !spec_is_text(descriptor->doc))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": its doc is not UTF-8");
    return PIPETTE_OK;
}

/* The table is there and has what ABI 1.0 has. */
static int check_table_size(const char *path, const char *what, const void *table, size_t smallest,
                            pipette_error *error)
{
    uint32_t size;
    if (table == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " has no %s table (NULL)", what);
    if ((uintptr_t)table % sizeof(void *) != 0)
        return plugin_refuse(error, PIPETTE_E_ABI, path, ": its %s table stands at an odd address", what);
    memcpy(&size, table, sizeof size);
    if (size < smallest)
        return plugin_refuse(error, PIPETTE_E_ABI, path, ": its %s table says it has %u bytes, ABI 1.0 has %zu", what,
                             size, smallest);
    return PIPETTE_OK;
}

static int missing(const char *path, const char *kind, const char *function, pipette_error *error)
{
    return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": its %s table has no %s()", kind, function);
}

static int check_version(const char *path, const char *kind, uint32_t version, uint32_t ours, pipette_error *error)
{
    if (version != ours)
        return plugin_refuse(
            error, PIPETTE_E_ABI, path,
            ": its %s table is of version %u, this host speaks version %u: rebuild it with this host's headers", kind,
            version, ours);
    return PIPETTE_OK;
}

static int check_model(const char *path, const pipette_descriptor *descriptor, pipette_error *error)
{
    const pipette_model *table = (const pipette_model *)descriptor->table;
    int status = check_table_size(path, "model", table, ABI_MODEL_SIZE, error);
    if (status != PIPETTE_OK)
        return status;
    if (table->run == NULL)
        return missing(path, "model", "run", error);
    status = spec_check_parameters(path, table, error);
    if (status == PIPETTE_OK)
        status = spec_check_results(path, table, error);
    if (status == PIPETTE_OK && descriptor->extension != NULL) {
        const pipette_batch_model *batch = (const pipette_batch_model *)descriptor->extension(PIPETTE_BATCH_EXTENSION);
        if (batch != NULL) {
            status = check_table_size(path, PIPETTE_BATCH_EXTENSION, batch, ABI_BATCH_MODEL_SIZE, error);
            if (status == PIPETTE_OK && batch->run_batch == NULL)
                status = missing(path, PIPETTE_BATCH_EXTENSION, "run_batch", error);
        }
    }
    return status;
}

static int check_storage(const char *path, const pipette_descriptor *descriptor, pipette_error *error)
{
    const pipette_storage *table = (const pipette_storage *)descriptor->table;
    const char *hole = NULL;
    int status = check_table_size(path, "storage", table, 2 * sizeof(uint32_t), error);
    if (status == PIPETTE_OK)
        status = check_version(path, "storage", table->version, PIPETTE_STORAGE_VERSION, error);
    if (status == PIPETTE_OK)
        status = check_table_size(path, "storage", table, ABI_STORAGE_SIZE, error);
    if (status != PIPETTE_OK)
        return status;
#define NEED(function)                                                                                                 \
    if (hole == NULL && table->function == NULL)                                                                       \
    hole = #function
    NEED(create);
    NEED(destroy);
    NEED(open);
    NEED(lay_out);
    NEED(extend);
    NEED(write);
    NEED(append);
    NEED(add_column);
    NEED(flush);
    NEED(read);
    NEED(read_one);
    NEED(info);
    NEED(list);
    NEED(put_table);
    NEED(finish);
    if (hole != NULL)
        return missing(path, "storage", hole, error);
    if (descriptor->extension != NULL) {
        const pipette_storage_direct *direct =
            (const pipette_storage_direct *)descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
        if (direct != NULL) {
            status = check_table_size(path, PIPETTE_STORAGE_DIRECT_EXTENSION, direct, ABI_STORAGE_DIRECT_SIZE, error);
            if (status == PIPETTE_OK && direct->place == NULL)
                status = missing(path, PIPETTE_STORAGE_DIRECT_EXTENSION, "place", error);
        }
    }
    return status;
}

static int check_launcher(const char *path, const pipette_descriptor *descriptor, pipette_error *error)
{
    const pipette_launcher *table = (const pipette_launcher *)descriptor->table;
    const char *hole = NULL;
    int status = check_table_size(path, "launcher", table, 2 * sizeof(uint32_t), error);
    if (status == PIPETTE_OK)
        status = check_version(path, "launcher", table->version, PIPETTE_LAUNCHER_VERSION, error);
    if (status == PIPETTE_OK)
        status = check_table_size(path, "launcher", table, ABI_LAUNCHER_SIZE, error);
    if (status != PIPETTE_OK)
        return status;
    NEED(create);
    NEED(destroy);
    NEED(capacity);
    NEED(start);
    NEED(poll);
    NEED(wait);
    NEED(cancel);
#undef NEED
    return hole != NULL ? missing(path, "launcher", hole, error) : PIPETTE_OK;
}

static int check_table(const char *path, const pipette_descriptor *descriptor, pipette_error *error)
{
    int status;
    switch (descriptor->kind) {
    case PIPETTE_KIND_MODEL:
        return check_model(path, descriptor, error);
    case PIPETTE_KIND_PREPROCESS:
        status = check_table_size(path, "preprocess", descriptor->table, ABI_PREPROCESS_SIZE, error);
        if (status == PIPETTE_OK && ((const pipette_preprocess *)descriptor->table)->preprocess == NULL)
            status = missing(path, "preprocess", "preprocess", error);
        return status;
    case PIPETTE_KIND_POSTPROCESS:
        status = check_table_size(path, "postprocess", descriptor->table, ABI_POSTPROCESS_SIZE, error);
        if (status == PIPETTE_OK && ((const pipette_postprocess *)descriptor->table)->postprocess == NULL)
            status = missing(path, "postprocess", "postprocess", error);
        return status;
    case PIPETTE_KIND_STORAGE:
        return check_storage(path, descriptor, error);
    default:
        return check_launcher(path, descriptor, error);
    }
}

int plugin_check_descriptor(const char *path, const pipette_descriptor *descriptor, pipette_error *error)
{
    int status = check_prefix(path, descriptor, error);
    if (status == PIPETTE_OK)
        status = check_identity(path, descriptor, error);
    if (status == PIPETTE_OK)
        status = spec_check_options(path, descriptor, error);
    return status != PIPETTE_OK ? status : check_table(path, descriptor, error);
}
