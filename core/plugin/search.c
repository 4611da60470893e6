/* search.c: looks for plugins in folders, and says why one was passed over. */
#include "plugin/search.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/growing_text.h"
#include "plugin/object_file.h"
#include "plugin/own_folder.h"
#include "plugin/probe.h"
#include "plugin/spec_names.h"
#include "trajectory/name.h"

#define SUFFIX ".so"
enum { SUFFIX_LENGTH = 3, TRIED_ROOM = 640 };

typedef struct folder {
    const char *path;   /* resolved where it exists */
    const char *reason; /* why it is not used; NULL if it is */
} folder;

/* What a probe said of a file; asked once per search. */
typedef struct probed {
    const char *path;
    plugin_schema *schema; /* NULL: refused */
    const char *reason;
    struct probed *next;
} probed;

struct plugin_search {
    arena *memory; /* every text */
    folder *folders;
    uint32_t folder_count;
    const char *own; /* NULL: none, or refused */
    uid_t own_owner; /* whose library this is: his files are as good as the library; 0: root's, or not known */
    int secure;      /* the command has more rights than its caller */
    const char **warnings;
    uint32_t warning_count;
    probed *probes;
    int no_memory; /* while collecting folders or warnings */
};

static int out_of_memory(pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory while looking for plugins");
}

static const char *keep(plugin_search *search, const char *text)
{
    const char *kept = arena_text(search->memory, text, strlen(text));
    if (kept == NULL)
        search->no_memory = 1;
    return kept;
}

/* ---- What is fit to be used ---- */

/* Each warning is given once. */
static void warn(plugin_search *search, const char *format, ...) PIPETTE_PRINTF(2, 3);
static void warn(plugin_search *search, const char *format, ...)
{
    char text[2 * PATH_MAX + 256];
    growing_text line = {NULL, 0, 0};
    const char **more;
    va_list arguments;
    uint32_t i;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    growing_text_add(&line, "%s", text);
    for (i = 0; !line.failed && i < search->warning_count; i++)
        if (strcmp(search->warnings[i], line.bytes) == 0) {
            free(line.bytes);
            return;
        }
    more = line.failed ? NULL : realloc(search->warnings, (search->warning_count + 1) * sizeof *more);
    if (more == NULL) {
        search->no_memory = 1;
    } else {
        search->warnings = more;
        more[search->warning_count] = keep(search, line.bytes);
        if (more[search->warning_count] != NULL)
            search->warning_count++;
    }
    free(line.bytes);
}

static void warn_of_group(plugin_search *search, const char *what, const char *path)
{
    warn(search, "%s '%s' can be changed by its whole group; if that is not meant: chmod g-w '%s'", what, path, path);
}

/* Neither root's, nor the user's, nor of whoever owns this library. */
static int is_foreign(const plugin_search *search, uid_t owner)
{
    return owner != 0 && owner != geteuid() && owner != search->own_owner;
}

/* Whoever may rename or replace a folder on the way to `path` decides what is loaded from there. Where the sticky bit
 * is set, only the owner of an entry can do that. Volumes of containers are often open to everyone, so this is said,
 * not refused. */
static void look_above(plugin_search *search, const char *path)
{
    char above[PATH_MAX];
    char *slash;
    struct stat about;
    if (strlen(path) >= sizeof above || (search->own != NULL && strcmp(path, search->own) == 0))
        return;
    strcpy(above, path);
    while ((slash = strrchr(above, '/')) != NULL && above[1] != '\0') {
        if (stat(above, &about) == 0 && is_foreign(search, about.st_uid))
            warn(search,
                 "the folder '%s' belongs to user %u, who can change what is loaded from it; if you do not trust that "
                 "user, "
                 "copy the plugin to a folder of your own",
                 above, (unsigned)about.st_uid);
        slash[slash == above ? 1 : 0] = '\0';
        if (stat(above, &about) == 0 && (about.st_mode & S_IWOTH) != 0 && (about.st_mode & S_ISVTX) == 0)
            warn(search,
                 "everyone may rename what lies in '%s', above the plugins in '%s'; if that is not meant: chmod o-w "
                 "'%s'",
                 above, path, above);
    }
}

/* NULL, or why a folder is not used. */
static const char *unfit_folder(plugin_search *search, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return errno == ENOENT ? "does not exist" : keep(search, strerror(errno));
    if (!S_ISDIR(about.st_mode))
        return "is not a folder";
    if ((about.st_mode & S_IWOTH) != 0)
        return "everyone may write to this folder: chmod o-w it";
    if ((about.st_mode & S_IWGRP) != 0)
        warn_of_group(search, "the plugin folder", path);
    look_above(search, path);
    return NULL;
}

/* NULL, or why a file is not used; says nothing of its contents. */
static const char *unfit_file(plugin_search *search, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return errno == ENOENT ? "does not exist" : keep(search, strerror(errno));
    if (S_ISDIR(about.st_mode))
        return "is a directory";
    if (!S_ISREG(about.st_mode))
        return "is not a regular file";
    if ((about.st_mode & S_IWOTH) != 0)
        return "everyone may write to this file: chmod o-w it";
    if ((about.st_mode & S_IWGRP) != 0)
        warn_of_group(search, "the plugin", path);
    if (is_foreign(search, about.st_uid)) {
        /* Root gives the whole machine away, a person his own files. */
        if (geteuid() == 0) {
            char reason[200];
            (void)snprintf(reason, sizeof reason,
                           "belongs to user %u, who could change it while root runs it: chown root it, or run pipette "
                           "as that user",
                           (unsigned)about.st_uid);
            return keep(search, reason);
        }
        warn(search,
             "the plugin '%s' belongs to user %u, who can change it at any time; if you do not trust that user, use a "
             "copy of "
             "your own",
             path, (unsigned)about.st_uid);
    }
    return NULL;
}

/* NULL, or why the folder that a file lies in makes it unfit. */
static const char *unfit_parent(plugin_search *search, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    char *real = name != NULL ? realpath(name, NULL) : NULL;
    const char *reason = NULL;
    if (real == NULL)
        reason = keep(search, strerror(errno));
    else if (unfit_folder(search, real) != NULL)
        reason = "everyone may write to the folder that it lies in: chmod o-w that";
    free(name);
    free(real);
    return reason;
}

/* The same for the file that `path` leads to and for the folders of both. `*resolved` is the search's; NULL where it
 * does not exist. */
static const char *unfit_target(plugin_search *search, const char *path, const char **resolved)
{
    char *real = realpath(path, NULL);
    const char *reason;
    *resolved = NULL;
    if (real == NULL)
        return errno == ENOENT ? "does not exist" : keep(search, strerror(errno));
    *resolved = keep(search, real);
    reason = *resolved == NULL ? "out of memory" : unfit_file(search, real);
    if (reason == NULL)
        reason = unfit_parent(search, path);
    if (reason == NULL && strcmp(path, real) != 0)
        reason = unfit_parent(search, real);
    free(real);
    return reason;
}

#define SECURE                                                                                                         \
    "this command has more rights than its caller (setuid, setgid), so it loads plugins from its own folder only"

/* ---- The folders ---- */

static void add_folder(plugin_search *search, const char *path, const char *reason)
{
    folder *more;
    const char *kept;
    uint32_t i;
    for (i = 0; i < search->folder_count; i++)
        if (strcmp(search->folders[i].path, path) == 0)
            return;
    more = realloc(search->folders, (search->folder_count + 1) * sizeof *more);
    kept = keep(search, path);
    if (more == NULL) {
        search->no_memory = 1;
        return;
    }
    search->folders = more;
    if (kept == NULL)
        return;
    more[search->folder_count].path = kept;
    more[search->folder_count].reason = reason;
    search->folder_count++;
}

/* One name, as it was given. `relative`: it may be relative to the current directory, which the user has named then. */
static void add_named(plugin_search *search, const char *name, int relative)
{
    char *real;
    if (search->secure) {
        add_folder(search, name, SECURE);
        return;
    }
    if (name[0] == '\0') {
        add_folder(search, name, "an empty name would be the current directory");
        return;
    }
    if (name[0] != '/' && !relative) {
        add_folder(search, name, "is relative to the current directory: PIPETTE_PLUGIN_PATH takes absolute names");
        return;
    }
    real = realpath(name, NULL);
    if (real == NULL)
        add_folder(search, name, errno == ENOENT ? "does not exist" : keep(search, strerror(errno)));
    else
        add_folder(search, real, unfit_folder(search, real));
    free(real);
}

static void add_list(plugin_search *search, const char *list, int relative)
{
    char *copy = strdup(list);
    char *at = copy, *name;
    if (copy == NULL)
        search->no_memory = 1;
    while ((name = strsep(&at, ":")) != NULL)
        add_named(search, name, relative);
    free(copy);
}

int plugin_search_create(const char *const *folders, uint32_t count, plugin_search **search, pipette_error *error)
{
    plugin_search *made = calloc(1, sizeof *made);
    const char *environment = getenv("PIPETTE_PLUGIN_PATH"); /* add_named() looks whether it may be believed */
    struct stat about;
    char *own;
    uint32_t i;
    *search = NULL;
    if (made == NULL)
        return out_of_memory(error);
    made->memory = arena_create();
    if (made->memory == NULL) {
        free(made);
        return out_of_memory(error);
    }
    made->secure = getauxval(AT_SECURE) != 0;
    own = own_folder();
    made->own_owner = own != NULL && stat(own, &about) == 0 ? about.st_uid : 0;
    for (i = 0; i < count; i++)
        add_list(made, folders[i], 1);
    if (environment != NULL && environment[0] != '\0')
        add_list(made, environment, 0);
    if (own != NULL) {
        const char *reason = unfit_folder(made, own);
        add_folder(made, own, reason);
        if (reason == NULL)
            made->own = keep(made, own);
    }
    free(own);
    if (made->no_memory) {
        plugin_search_destroy(made);
        return out_of_memory(error);
    }
    *search = made;
    return PIPETTE_OK;
}

void plugin_search_destroy(plugin_search *search)
{
    probed *one, *next;
    if (search == NULL)
        return;
    for (one = search->probes; one != NULL; one = next) {
        next = one->next;
        schema_destroy(one->schema);
        free(one);
    }
    free(search->warnings);
    free(search->folders);
    arena_destroy(search->memory);
    free(search);
}

const char *plugin_search_warning(const plugin_search *search, uint32_t index)
{
    return index < search->warning_count ? search->warnings[index] : NULL;
}

int plugin_search_trusted(const plugin_search *search, const char *path)
{
    char *real = search->own != NULL ? realpath(path, NULL) : NULL;
    char *slash = real != NULL ? strrchr(real, '/') : NULL;
    int trusted;
    if (slash != NULL)
        *slash = '\0';
    trusted = slash != NULL && strcmp(real, search->own) == 0;
    free(real);
    return trusted;
}

/* ---- The files of a folder ---- */

static int is_candidate(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > SUFFIX_LENGTH && entry->d_name[0] != '.' &&
           strcmp(entry->d_name + length - SUFFIX_LENGTH, SUFFIX) == 0;
}

/* By bytes: the order must not depend on the user's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static char *joined(const char *path, const char *name)
{
    growing_text whole = {NULL, 0, 0};
    growing_text_add(&whole, "%s/%s", strcmp(path, "/") == 0 ? "" : path, name);
    return whole.bytes;
}

/* What a probe says of a file that is fit; NULL without memory. */
static const probed *probe(plugin_search *search, const char *path)
{
    probed *one;
    pipette_error error;
    for (one = search->probes; one != NULL; one = one->next)
        if (strcmp(one->path, path) == 0)
            return one;
    one = calloc(1, sizeof *one);
    if (one == NULL)
        return NULL;
    one->path = keep(search, path);
    if (one->path == NULL) {
        free(one);
        return NULL;
    }
    if (plugin_probe(path, PLUGIN_LOAD_SECONDS, &one->schema, &error) != PIPETTE_OK) {
        one->schema = NULL;
        one->reason = keep(search, plugin_reason(error.message, path));
        if (one->reason == NULL)
            one->reason = "out of memory";
    }
    one->next = search->probes;
    search->probes = one;
    return one;
}

typedef int (*file_visit)(plugin_search *search, const char *path, const plugin_schema *schema, const char *reason,
                          void *user);

static int visit_file(plugin_search *search, const char *path, file_visit visit, void *user)
{
    const char *resolved;
    const char *reason = unfit_target(search, path, &resolved);
    const probed *answer;
    if (reason != NULL)
        return visit(search, path, NULL, reason, user);
    answer = probe(search, resolved);
    if (answer == NULL)
        return visit(search, path, NULL, "out of memory", user);
    return visit(search, resolved, answer->schema, answer->reason, user);
}

/* Every *.so of one folder, probed; the first result other than 0 of `visit` ends it and is returned. */
static int visit_folder(plugin_search *search, const folder *where, file_visit visit, void *user)
{
    struct dirent **entries = NULL;
    int status = 0, count, i;
    if (where->reason != NULL)
        return visit(search, where->path, NULL, where->reason, user);
    count = scandir(where->path, &entries, is_candidate, by_name);
    if (count < 0)
        return visit(search, where->path, NULL, strerror(errno), user);
    for (i = 0; i < count; i++) {
        char *path = status == 0 ? joined(where->path, entries[i]->d_name) : NULL;
        if (path != NULL)
            status = visit_file(search, path, visit, user);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return status;
}

typedef struct each {
    plugin_visit visit;
    void *user;
} each;

static int visit_each(plugin_search *search, const char *path, const plugin_schema *schema, const char *reason,
                      void *user)
{
    const each *to = user;
    (void)search;
    return to->visit(path, schema, reason, to->user);
}

int plugin_search_each(plugin_search *search, plugin_visit visit, void *user, pipette_error *error)
{
    each to = {visit, user};
    int status = 0;
    uint32_t i;
    for (i = 0; i < search->folder_count && status == 0; i++)
        status = visit_folder(search, &search->folders[i], visit_each, &to);
    return status == 0 && search->no_memory ? out_of_memory(error) : status;
}

/* ---- Finding one ---- */

/* A search for one name: what was tried, and what there is beside it. */
typedef struct hunt {
    const char *name;
    const char *path; /* found */
    growing_text tried;
    uint32_t hidden; /* paths that had no more room in the message */
    const char **names;
    uint32_t name_count;
    int no_memory;
} hunt;

/* The front of a message is what people see, and a message has an end: names that were left out are counted. */
static void tried(hunt *one, const char *path, const char *reason)
{
    if (one->tried.length + strlen(path) + strlen(reason) > TRIED_ROOM) {
        one->hidden++;
        return;
    }
    growing_text_add(&one->tried, "%s%s: %s", one->tried.length > 0 ? "; " : "", path[0] == '\0' ? "''" : path, reason);
}

static void add_name(plugin_search *search, hunt *one, const char *name, size_t length)
{
    const char **more = realloc(one->names, (one->name_count + 1) * sizeof *more);
    const char *kept = arena_text(search->memory, name, length);
    if (more != NULL)
        one->names = more;
    if (more == NULL || kept == NULL)
        one->no_memory = 1;
    else
        more[one->name_count++] = kept;
}

static int hunt_visit(plugin_search *search, const char *path, const plugin_schema *schema, const char *reason,
                      void *user)
{
    hunt *one = user;
    const char *file = strrchr(path, '/');
    size_t length;
    if (schema != NULL) {
        if (strcmp(schema->name, one->name) == 0) {
            one->path = path;
            return 1;
        }
        add_name(search, one, schema->name, strlen(schema->name));
        return 0;
    }
    file = file != NULL ? file + 1 : path;
    length = strlen(file);
    /* NAME.so itself has been reported by the first pass, and refused folders as well. */
    if (length <= SUFFIX_LENGTH || strcmp(file + length - SUFFIX_LENGTH, SUFFIX) != 0)
        return 0;
    add_name(search, one, file, length - SUFFIX_LENGTH);
    if (length - SUFFIX_LENGTH != strlen(one->name) || strncmp(file, one->name, length - SUFFIX_LENGTH) != 0)
        tried(one, path, reason);
    return 0;
}

/* NAME.so in each folder. */
static void hunt_file(plugin_search *search, hunt *one)
{
    uint32_t i;
    for (i = 0; i < search->folder_count && one->path == NULL; i++) {
        const folder *where = &search->folders[i];
        const char *resolved = NULL, *reason;
        growing_text path = {NULL, 0, 0};
        if (where->reason != NULL) {
            tried(one, where->path, where->reason);
            continue;
        }
        growing_text_add(&path, "%s/%s" SUFFIX, strcmp(where->path, "/") == 0 ? "" : where->path, one->name);
        reason = path.failed ? "out of memory" : unfit_target(search, path.bytes, &resolved);
        if (reason == NULL)
            one->path = resolved;
        else
            tried(one, path.failed ? where->path : path.bytes, reason);
        free(path.bytes);
    }
}

static int not_found(const hunt *one, pipette_error *error)
{
    const char *nearest = name_nearest_of(one->name, one->names, one->name_count);
    growing_text message = {NULL, 0, 0};
    int status;
    growing_text_add(&message, "no plugin '%.*s' was found", 128, one->name);
    if (nearest != NULL && strcmp(nearest, one->name) != 0)
        growing_text_add(&message, "; did you mean '%s'?", nearest);
    if (one->tried.length > 0)
        growing_text_add(&message, "%s tried: %s", nearest != NULL && strcmp(nearest, one->name) != 0 ? "" : ";",
                         one->tried.bytes);
    if (one->hidden > 0)
        growing_text_add(&message, "; and %u more (see 'pipette plugins')", one->hidden);
    status = message.failed ? out_of_memory(error) : pipette_error_set(error, PIPETTE_E_PLUGIN, "%s", message.bytes);
    free(message.bytes);
    return status;
}

static int refuse_relative(const char *name, const char *reason, pipette_error *error)
{
    char *directory = getcwd(NULL, 0);
    int status =
        plugin_refuse(error, PIPETTE_E_PLUGIN, name, ": %s; relative paths are taken from the working directory, %s",
                      reason, directory == NULL ? "which is gone" : directory);
    free(directory);
    return status;
}

/* A name with a '/' is the file itself. */
static int find_named(plugin_search *search, const char *name, const char *base, const char **path,
                      pipette_error *error)
{
    growing_text whole = {NULL, 0, 0};
    const char *resolved = NULL, *reason;
    int status = PIPETTE_OK;
    if (search->secure)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, name, ": %s", SECURE);
    if (name[0] == '/' || base == NULL || base[0] == '\0')
        growing_text_add(&whole, "%s", name);
    else
        growing_text_add(&whole, "%s/%s", base, name);
    reason = whole.failed ? NULL : unfit_target(search, whole.bytes, &resolved);
    if (whole.failed || search->no_memory)
        status = out_of_memory(error);
    else if (reason != NULL && whole.bytes[0] != '/')
        status = refuse_relative(whole.bytes, reason, error);
    else if (reason != NULL)
        status = plugin_refuse(error, PIPETTE_E_PLUGIN, whole.bytes, ": %s", reason);
    *path = status == PIPETTE_OK ? resolved : NULL;
    free(whole.bytes);
    return status;
}

int plugin_search_find(plugin_search *search, const char *name, const char *base, const char **path,
                       pipette_error *error)
{
    hunt one;
    uint32_t i;
    int status = PIPETTE_OK;
    *path = NULL;
    if (strchr(name, '/') != NULL)
        return find_named(search, name, base, path, error);
    if (!spec_is_plugin_name(name))
        return pipette_error_set(error, PIPETTE_E_PLUGIN,
                                 "'%.128s' is no name of a plugin: letters, digits, '_' and '-' are allowed, under 128 "
                                 "of them; a file is named "
                                 "with a '/', such as './%.128s'",
                                 name, name);
    memset(&one, 0, sizeof one);
    one.name = name;
    hunt_file(search, &one);
    for (i = 0; i < search->folder_count && one.path == NULL; i++)
        (void)visit_folder(search, &search->folders[i], hunt_visit, &one);
    if (one.path != NULL) {
        *path = keep(search, one.path);
        status = *path != NULL ? PIPETTE_OK : out_of_memory(error);
    } else if (one.no_memory || one.tried.failed || search->no_memory) {
        status = out_of_memory(error);
    } else {
        status = not_found(&one, error);
    }
    free(one.names);
    free(one.tried.bytes);
    return status;
}
