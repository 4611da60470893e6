/* scratch.h: a folder of its own for each test, and files made in it. */
#ifndef TESTS_PLUGIN_SCRATCH_H
#define TESTS_PLUGIN_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_UNUSED __attribute__((unused))

/* A new folder, resolved, with the standard rights. Ends the test program where there is none: nothing can be tested
 * then. */
SCRATCH_UNUSED static const char *scratch_folder(char out[PATH_MAX])
{
    char made[] = "/tmp/pipette-test-XXXXXX";
    (void)umask(022);
    if (mkdtemp(made) == NULL || chmod(made, 0755) != 0 || realpath(made, out) == NULL) {
        perror("scratch folder");
        exit(99);
    }
    return out;
}

SCRATCH_UNUSED static const char *scratch_path(char out[PATH_MAX], const char *folder, const char *name)
{
    int length = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    if (length < 0 || length >= PATH_MAX)
        exit(99);
    return out;
}

SCRATCH_UNUSED static void scratch_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(99);
    }
}

/* The whole file, to be freed. */
SCRATCH_UNUSED static char *scratch_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes;
    long length;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0) {
        perror(path);
        exit(99);
    }
    rewind(file);
    bytes = malloc((size_t)length + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)length, file) != (size_t)length)
        exit(99);
    bytes[length] = '\0';
    (void)fclose(file);
    *size = (size_t)length;
    return bytes;
}

SCRATCH_UNUSED static void scratch_copy(const char *from, const char *to, mode_t rights)
{
    size_t size;
    char *bytes = scratch_read(from, &size);
    scratch_write(to, bytes, size);
    free(bytes);
    if (chmod(to, rights) != 0)
        exit(99);
}

/* Removes the folder and what is in it. */
SCRATCH_UNUSED static void scratch_remove(const char *folder)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    char path[PATH_MAX];
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        struct stat about;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)scratch_path(path, folder, entry->d_name);
        if (lstat(path, &about) == 0 && S_ISDIR(about.st_mode))
            scratch_remove(path);
        else
            (void)unlink(path);
    }
    if (entries != NULL)
        (void)closedir(entries);
    (void)rmdir(folder);
}

#endif
