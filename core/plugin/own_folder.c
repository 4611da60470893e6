/* own_folder.c: finds the file that holds this code, and the plugins beside it. */
#include "plugin/own_folder.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

/* The folder of the file that this code was loaded from, to be freed. */
static char *object_folder(void)
{
    Dl_info about;
    struct link_map *map = NULL;
    char *(*self)(void) = own_folder;
    void *address;
    char *file, *slash;
    memcpy(&address, &self, sizeof address);
    if (dladdr1(address, &about, (void **)&map, RTLD_DL_LINKMAP) == 0 || map == NULL)
        return NULL;
    /* The program itself has no name there, and argv[0] may be anything. */
    file = realpath(map->l_name[0] != '\0' ? map->l_name : "/proc/self/exe", NULL);
    if (file == NULL)
        return NULL;
    slash = strrchr(file, '/');
    if (slash == NULL) {
        free(file);
        return NULL;
    }
    slash[slash == file ? 1 : 0] = '\0';
    return file;
}

static char *joined(const char *folder, const char *rest)
{
    size_t size = strlen(folder) + strlen(rest) + 2;
    char *path = malloc(size);
    if (path != NULL)
        (void)snprintf(path, size, "%s/%s", folder, rest);
    return path;
}

char *own_folder(void)
{
    char multiarch[sizeof(((struct utsname *)NULL)->machine) + 64];
    const char *candidates[] = {"pipette/plugins", "../lib/pipette/plugins", multiarch, "../../lib/pipette/plugins"};
    struct utsname machine;
    char *folder = object_folder();
    char *path = NULL;
    size_t i;
    if (folder == NULL)
        return NULL;
    if (uname(&machine) != 0)
        machine.machine[0] = '\0';
    (void)snprintf(multiarch, sizeof multiarch, "../lib/%s-linux-gnu/pipette/plugins", machine.machine);
    for (i = 0; i < sizeof candidates / sizeof candidates[0] && path == NULL; i++) {
        struct stat about;
        char *candidate = joined(folder, candidates[i]);
        if (candidate != NULL && stat(candidate, &about) == 0 && S_ISDIR(about.st_mode))
            path = realpath(candidate, NULL);
        free(candidate);
    }
    if (path == NULL)
        path = joined(folder, candidates[0]);
    free(folder);
    return path;
}
