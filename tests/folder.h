/* folder.h: folders of the tests' own, and files in them.
 *
 *     folder_begin();                                   in_folder("x") is a path in it
 *     folder_end();
 *
 * Where one cannot be had the program ends: nothing can be tested then.
 */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_UNUSED __attribute__((unused))
#define FIXTURE(name) TEST_FIXTURES "/" name ".so"

static char folder[64]; /* of the test that runs */

__attribute__((noreturn, unused)) static void command_stop(const char *what)
{
    perror(what);
    exit(99);
}

/* ---- Folders ---- */

/* A new one, resolved, with the standard rights. */
FOLDER_UNUSED static const char *folder_make(char *out, size_t size)
{
    char made[] = "/tmp/pipette-test-XXXXXX", path[PATH_MAX];
    (void)umask(022);
    if (mkdtemp(made) == NULL || chmod(made, 0755) != 0 || realpath(made, path) == NULL || strlen(path) >= size)
        command_stop("a folder for the test");
    return strcpy(out, path);
}

static int folder_remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    (void)remove(path);
    return 0;
}

static int folder_open_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)where;
    if (kind == FTW_D || kind == FTW_DNR)
        (void)chmod(path, 0755);
    return 0;
}

/* With what is in it. */
FOLDER_UNUSED static void folder_remove(const char *path)
{
    (void)nftw(path, folder_open_one, 16, FTW_PHYS);
    (void)nftw(path, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

FOLDER_UNUSED static void folder_begin(void)
{
    (void)folder_make(folder, sizeof folder);
    (void)unsetenv("PIPETTE_PLUGIN_PATH");
}

FOLDER_UNUSED static void folder_end(void)
{
    folder_remove(folder);
    folder[0] = '\0';
}

/* The path of `name` in the folder; good until the fourth call from now. */
FOLDER_UNUSED static const char *in_folder(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* The number of entries of the folder. */
static int folder_entries;
static int folder_count_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)path;
    (void)about;
    (void)kind;
    (void)where;
    folder_entries++;
    return 0;
}
FOLDER_UNUSED static int folder_count(void)
{
    folder_entries = -1; /* itself */
    (void)nftw(folder, folder_count_one, 16, FTW_PHYS);
    return folder_entries;
}

/* ---- Files ---- */

FOLDER_UNUSED static const char *path_of(char out[PATH_MAX], const char *where, const char *name)
{
    const int length = snprintf(out, PATH_MAX, "%s/%s", where, name);
    if (length < 0 || length >= PATH_MAX)
        command_stop(name);
    return out;
}

FOLDER_UNUSED static void bytes_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        command_stop(path);
}

/* The whole file and a NUL, to be freed. */
FOLDER_UNUSED static char *bytes_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes;
    long length;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0)
        command_stop(path);
    rewind(file);
    bytes = malloc((size_t)length + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)length, file) != (size_t)length)
        command_stop(path);
    bytes[length] = '\0';
    (void)fclose(file);
    *size = (size_t)length;
    return bytes;
}

FOLDER_UNUSED static void bytes_copy(const char *from, const char *to, mode_t rights)
{
    size_t size;
    char *bytes = bytes_read(from, &size);
    bytes_write(to, bytes, size);
    free(bytes);
    if (chmod(to, rights) != 0)
        command_stop(to);
}

FOLDER_UNUSED static void file_write(const char *name, const char *text)
{
    bytes_write(in_folder(name), text, strlen(text));
}

FOLDER_UNUSED static int file_exists(const char *name)
{
    return access(in_folder(name), F_OK) == 0;
}

#endif
