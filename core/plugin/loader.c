/* loader.c: dlopen and the entry of a plugin. */
#include "plugin/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "plugin/object_file.h"

/* The entry is called once per process, so what it gave is kept. Handles are never closed: a plugin's code and
 * descriptor stay. */
typedef struct loaded {
    void *handle;
    const pipette_descriptor *descriptor;
    struct loaded *next;
} loaded;

static _Atomic(loaded *) loaded_plugins;

static const loaded *find_loaded(const void *handle)
{
    const loaded *one = atomic_load(&loaded_plugins);
    while (one != NULL && one->handle != handle)
        one = one->next;
    return one;
}

static void keep_loaded(loaded *one)
{
    one->next = atomic_load(&loaded_plugins);
    while (!atomic_compare_exchange_weak(&loaded_plugins, &one->next, one))
        ;
}

/* dlerror() puts the path first, and we have it already. */
static const char *loading_error(const char *path)
{
    const char *text = dlerror();
    size_t length = strlen(path);
    if (text == NULL)
        return "unknown reason";
    if (strncmp(text, path, length) == 0 && text[length] == ':')
        text += length + 1 + strspn(text + length + 1, " ");
    return text;
}

static int enter(const char *path, void *handle, loaded *one, pipette_error *error)
{
    const pipette_descriptor *(*entry)(void);
    void *symbol = dlsym(handle, PIPETTE_ENTRY_NAME);
    if (symbol == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             " does not export " PIPETTE_ENTRY_NAME
                             "; is it a Pipette plugin? PIPETTE_MODEL and its siblings write that function");
    /* ISO C knows no way from an object pointer to a function pointer; POSIX has them alike. */
    memcpy(&entry, &symbol, sizeof entry);
    one->handle = handle;
    one->descriptor = entry();
    return PIPETTE_OK;
}

int plugin_load(const char *path, const pipette_descriptor **descriptor, pipette_error *error)
{
    const loaded *known;
    loaded *one;
    char *absolute;
    void *handle;
    int status = object_file_check(path, error);
    *descriptor = NULL;
    if (status != PIPETTE_OK)
        return status;
    /* A name without '/' would be searched for among the system's libraries. */
    absolute = realpath(path, NULL);
    if (absolute == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " cannot be resolved: %s", strerror(errno));
    handle = dlopen(absolute, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        status = plugin_refuse(error, PIPETTE_E_PLUGIN, path, " cannot be loaded: %s", loading_error(absolute));
    free(absolute);
    if (handle == NULL)
        return status;
    known = find_loaded(handle);
    if (known != NULL) {
        status = plugin_check_descriptor(path, known->descriptor, error);
        *descriptor = status == PIPETTE_OK ? known->descriptor : NULL;
        return status;
    }
    one = calloc(1, sizeof *one);
    if (one == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory while loading plugin '%s'", path);
    status = enter(path, handle, one, error);
    if (status != PIPETTE_OK) {
        free(one);
        return status;
    }
    keep_loaded(one);
    status = plugin_check_descriptor(path, one->descriptor, error);
    *descriptor = status == PIPETTE_OK ? one->descriptor : NULL;
    return status;
}

int plugin_take(const char *path, const pipette_descriptor *given, const pipette_descriptor **descriptor,
                pipette_error *error)
{
    int status;
    if (given == NULL)
        return plugin_load(path, descriptor, error);
    status = plugin_check_descriptor(path, given, error);
    *descriptor = status == PIPETTE_OK ? given : NULL;
    return status;
}
