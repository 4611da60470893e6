/* config_support.h: config files written and loaded by the tests of the config reader. */
#ifndef TESTS_CONFIG_SUPPORT_H
#define TESTS_CONFIG_SUPPORT_H

#include "folder.h"
#include "config/config.h"
#include "suite.h"

#include <inttypes.h>

static char main_path[128];

/* A file of the folder, which is there from the first call until the program ends. */
static inline const char *config_path(const char *name)
{
    if (main_path[0] == '\0') {
        folder_begin();
        (void)snprintf(main_path, sizeof main_path, "%s/main.cfg", folder);
        (void)atexit(folder_end);
    }
    return in_folder(name);
}

static inline void write_file(const char *name, const char *text)
{
    bytes_write(config_path(name), text, strlen(text));
}

/* Loads `text` with one --set (may be NULL); fails the test if that fails. */
static inline config *load_set(const char *text, const char *set)
{
    pipette_error error;
    config *loaded = NULL;
    write_file("main.cfg", text);
    if (config_load(main_path, &set, set != NULL, &loaded, &error) != PIPETTE_OK) {
        printf("\n    %s\n", error.message);
        CU_FAIL_FATAL("the config was refused");
    }
    return loaded;
}

static inline config *load(const char *text)
{
    return load_set(text, NULL);
}

/* True if `message` holds `part`; shows it otherwise. */
static inline int holds(const char *message, const char *part)
{
    if (strstr(message, part) != NULL)
        return 1;
    printf("\n    '%s'\n    lacks '%s'\n", message, part);
    return 0;
}

/* True if `text` with that --set is refused with a message that holds `part`. */
static inline int refused_set(const char *text, const char *set, const char *part)
{
    pipette_error error;
    config *loaded = NULL;
    int status;
    write_file("main.cfg", text);
    status = config_load(main_path, &set, set != NULL, &loaded, &error);
    if (status == PIPETTE_OK) {
        config_free(loaded);
        printf("\n    accepted: %s\n", text);
        return 0;
    }
    return status == PIPETTE_E_CONFIG && error.code == status && loaded == NULL && holds(error.message, part);
}

static inline int refused(const char *text, const char *part)
{
    return refused_set(text, NULL, part);
}

/* The node at a path of keys and numbers separated by '/'. */
static inline const pipette_option *node_at(const config *loaded, const char *path)
{
    const pipette_option *node = config_root(loaded);
    char copy[128], *part, *rest = copy;
    (void)snprintf(copy, sizeof copy, "%s", path);
    while (node != NULL && (part = strsep(&rest, "/")) != NULL)
        node = part[0] >= '0' && part[0] <= '9' ? config_at(node, strtoull(part, NULL, 10)) : config_get(node, part);
    if (node == NULL) {
        printf("\n    no node %s\n", path);
        CU_FAIL_FATAL("a node is missing");
    }
    return node;
}

/* The value at `path` as `type`; fails the test if it cannot be had. */
static inline pipette_value value_at(const config *loaded, const char *path, int type)
{
    pipette_error error;
    pipette_value value = pipette_value_none();
    if (config_value(node_at(loaded, path), type, &value, &error) != PIPETTE_OK) {
        printf("\n    %s\n", error.message);
        CU_FAIL_FATAL("the value was refused");
    }
    return value;
}

/* True if the value at `path` as `type` is refused with a message that holds `part`. */
static inline int value_refused(const config *loaded, const char *path, int type, const char *part)
{
    pipette_error error;
    pipette_value value = pipette_value_none();
    int status = config_value(node_at(loaded, path), type, &value, &error);
    return status == PIPETTE_E_CONFIG && error.code == status && holds(error.message, part);
}

#endif
