/* brought.c: what a loaded plugin has brought with it: the closure of DT_NEEDED over the objects that the dynamic
 * linker has in memory. */
#include "plugin/brought.h"

#include <dlfcn.h>
#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/object_file.h"

/* What the dynamic section of one object says. */
typedef struct dynamic {
    const char *strings;
    const ElfW(Sym) * symbols;
    const uint32_t *hash, *gnu_hash;
    size_t string_bytes;
    ElfW(Xword) name; /* offset of DT_SONAME; 0: none */
} dynamic;

typedef struct object {
    const struct link_map *map;
    dynamic about;
    int needed;
} object;

/* Most systems put addresses in place of the offsets, some leave them. */
static const void *address(const struct link_map *map, ElfW(Addr) value)
{
    return (const void *)(value < map->l_addr ? value + map->l_addr : value);
}

static dynamic read_dynamic(const struct link_map *map)
{
    dynamic out = {0};
    const ElfW(Dyn) * entry;
    for (entry = map->l_ld; entry != NULL && entry->d_tag != DT_NULL; entry++)
        switch (entry->d_tag) {
        case DT_STRTAB:
            out.strings = address(map, entry->d_un.d_ptr);
            break;
        case DT_SYMTAB:
            out.symbols = address(map, entry->d_un.d_ptr);
            break;
        case DT_HASH:
            out.hash = address(map, entry->d_un.d_ptr);
            break;
        case DT_GNU_HASH:
            out.gnu_hash = address(map, entry->d_un.d_ptr);
            break;
        case DT_STRSZ:
            out.string_bytes = entry->d_un.d_val;
            break;
        case DT_SONAME:
            out.name = entry->d_un.d_val;
            break;
        default:
            break;
        }
    return out;
}

static const char *text_at(const dynamic *about, size_t offset)
{
    return about->strings != NULL && offset < about->string_bytes ? about->strings + offset : "";
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static int is_called(const object *one, const char *name)
{
    return (one->about.name != 0 && strcmp(text_at(&one->about, one->about.name), name) == 0) ||
           strcmp(one->map->l_name, name) == 0 || strcmp(base_name(one->map->l_name), name) == 0;
}

/* Marks everything that object `from` needs; recursion ends, since each is marked once. */
static void mark_needed(object *objects, size_t count, size_t from)
{
    const ElfW(Dyn) * entry;
    size_t i;
    objects[from].needed = 1;
    for (entry = objects[from].map->l_ld; entry != NULL && entry->d_tag != DT_NULL; entry++)
        for (i = 0; entry->d_tag == DT_NEEDED && i < count; i++)
            if (!objects[i].needed && is_called(&objects[i], text_at(&objects[from].about, entry->d_un.d_val)))
                mark_needed(objects, count, i);
}

/* ---- Random numbers ---- */

static uint32_t generator_of(const char *symbol)
{
    static const struct {
        const char *name;
        uint32_t generators;
    } known[] = {{"rand", BROUGHT_RAND},
                 {"srand", BROUGHT_RAND},
                 {"random", BROUGHT_RAND},
                 {"srandom", BROUGHT_RAND},
                 {"initstate", BROUGHT_RAND | BROUGHT_OWN_STATE},
                 {"setstate", BROUGHT_RAND | BROUGHT_OWN_STATE},
                 {"drand48", BROUGHT_DRAND48},
                 {"erand48", BROUGHT_DRAND48},
                 {"lrand48", BROUGHT_DRAND48},
                 {"nrand48", BROUGHT_DRAND48},
                 {"mrand48", BROUGHT_DRAND48},
                 {"jrand48", BROUGHT_DRAND48},
                 {"srand48", BROUGHT_DRAND48},
                 {"seed48", BROUGHT_DRAND48},
                 {"lcong48", BROUGHT_DRAND48}};
    size_t i;
    for (i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(symbol, known[i].name) == 0)
            return known[i].generators;
    return 0;
}

/* Symbols that are not defined here stand before those that the GNU hash table knows; the older table knows all. */
static uint32_t generators_of(const dynamic *about)
{
    size_t count = about->hash != NULL ? about->hash[1] : about->gnu_hash != NULL ? about->gnu_hash[1] : 0, i;
    uint32_t found = 0;
    for (i = 1; about->symbols != NULL && i < count; i++)
        if (about->symbols[i].st_shndx == SHN_UNDEF)
            found |= generator_of(text_at(about, about->symbols[i].st_name));
    return found;
}

/* ---- Identities ---- */

static int is_systems(const char *path)
{
    static const char *const folders[] = {"/lib/",     "/lib64/",     "/lib32/",     "/libx32/",
                                          "/usr/lib/", "/usr/lib64/", "/usr/lib32/", "/usr/libx32/"};
    char real[PATH_MAX];
    size_t i;
    if (realpath(path, real) == NULL)
        return 0;
    for (i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (strncmp(real, folders[i], strlen(folders[i])) == 0)
            return 1;
    return 0;
}

static int by_text(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* The lines, sorted, as one text. */
static char *join(char **lines, size_t count)
{
    size_t size = 1, used = 0, i;
    char *text;
    qsort(lines, count, sizeof *lines, by_text);
    for (i = 0; i < count; i++)
        size += strlen(lines[i]) + 1;
    text = calloc(1, size);
    for (i = 0; text != NULL && i < count; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? "" : "\n", lines[i]);
    return text;
}

static int describe(const object *objects, size_t count, const struct link_map *itself, brought *out)
{
    char **lines = calloc(count + 1, sizeof *lines);
    size_t used = 0, i;
    int failed = lines == NULL;
    for (i = 0; i < count && !failed; i++) {
        const struct link_map *map = objects[i].map;
        char identity[BUILD_ID_SIZE];
        if (!objects[i].needed || map->l_name[0] == '\0' || (map != itself && is_systems(map->l_name)))
            continue;
        out->random |= generators_of(&objects[i].about);
        if (map == itself)
            continue;
        object_file_identity(map->l_name, identity);
        failed = asprintf(&lines[used], "%s %s", base_name(map->l_name), identity) < 0;
        used += !failed;
    }
    out->libraries = failed ? NULL : join(lines, used);
    for (i = 0; i < used; i++)
        free(lines[i]);
    free(lines);
    return out->libraries == NULL ? -1 : 0;
}

int brought_find(const char *path, brought *out)
{
    char real[PATH_MAX];
    void *handle = realpath(path, real) == NULL ? NULL : dlopen(real, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    struct link_map *itself = NULL;
    const struct link_map *first, *map;
    object *objects;
    size_t count = 0, i = 0;
    int status;
    *out = (brought){0};
    if (handle == NULL || dlinfo(handle, RTLD_DI_LINKMAP, &itself) != 0 || itself == NULL) {
        if (handle != NULL)
            (void)dlclose(handle);
        out->libraries = strdup("");
        return out->libraries == NULL ? -1 : 0;
    }
    for (first = itself; first->l_prev != NULL; first = first->l_prev)
        ;
    for (map = first; map != NULL; map = map->l_next)
        count++;
    objects = calloc(count, sizeof *objects);
    for (map = first; objects != NULL && map != NULL && i < count; map = map->l_next, i++) {
        objects[i].map = map;
        objects[i].about = read_dynamic(map);
    }
    for (i = 0; objects != NULL && i < count; i++)
        if (objects[i].map == itself)
            mark_needed(objects, count, i);
    status = objects == NULL ? -1 : describe(objects, count, itself, out);
    free(objects);
    (void)dlclose(handle);
    return status;
}
