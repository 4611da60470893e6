/* object_file.c: the ELF header, the program headers and the build-id of a file. */
#include "plugin/object_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"

/* The ELF header of the object that this code is in, placed by the linker: says which machine and class are ours. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

enum { HEADER_LIMIT = 1024, NOTE_LIMIT = 65536, PATH_SHOWN = 500 };

int plugin_refuse(pipette_error *error, int code, const char *path, const char *format, ...)
{
    char reason[sizeof error->message];
    size_t length = strlen(path);
    int tail = length > PATH_SHOWN;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return pipette_error_set(error, code, "plugin '%s%s'%s", tail ? "..." : "",
                             tail ? path + length - PATH_SHOWN : path, reason);
}

const char *plugin_reason(const char *message, const char *path)
{
    static const char before[] = "plugin '";
    size_t length = strlen(path);
    const char *rest = message;
    if (strncmp(rest, before, sizeof before - 1) != 0)
        return message;
    rest += sizeof before - 1;
    if (strncmp(rest, path, length) != 0 || rest[length] != '\'')
        return message;
    rest += length + 1;
    return rest + strspn(rest, ": ");
}

/* Reads exactly `size` bytes at `offset`; 0, or -1. */
static int read_at(int file, void *out, size_t size, uint64_t offset)
{
    size_t done = 0;
    if (offset > (uint64_t)INT64_MAX - size)
        return -1;
    while (done < size) {
        ssize_t got = pread(file, (char *)out + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        done += (size_t)got;
    }
    return 0;
}

static int is_text(const unsigned char *bytes, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++)
        if (bytes[i] < 0x20 && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t' && bytes[i] != '\f')
            return 0;
    return 1;
}

/* first .. first + size lies within the file. */
static int inside(uint64_t first, uint64_t size, uint64_t file_size)
{
    return first <= file_size && size <= file_size - first;
}

/* The program headers, to be freed; NULL with `*count` 0 where they lie beyond the end or there is no memory. */
static ElfW(Phdr) * read_segments(int file, const ElfW(Ehdr) * header, uint64_t file_size, size_t *count)
{
    ElfW(Phdr) * segments;
    size_t bytes = (size_t)header->e_phnum * sizeof *segments;
    *count = 0;
    if (header->e_phnum == 0 || header->e_phentsize != sizeof *segments || !inside(header->e_phoff, bytes, file_size))
        return NULL;
    segments = malloc(bytes);
    if (segments == NULL)
        return NULL;
    if (read_at(file, segments, bytes, header->e_phoff) != 0) {
        free(segments);
        return NULL;
    }
    *count = header->e_phnum;
    return segments;
}

static int check_type(const char *path, const ElfW(Ehdr) * header, pipette_error *error)
{
    if (header->e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS])
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             " is a %d-bit object, this host is %d-bit: rebuild it for this machine",
                             header->e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 64, (int)(8 * sizeof(void *)));
    if (header->e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] || header->e_machine != __ehdr_start.e_machine)
        return plugin_refuse(
            error, PIPETTE_E_PLUGIN, path,
            " was built for another machine (ELF machine %u, this one is %u): rebuild it for this machine",
            (unsigned)header->e_machine, (unsigned)__ehdr_start.e_machine);
    if (header->e_type == ET_REL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             " is an object file (.o), not a shared object: link it with cc -shared -fPIC");
    if (header->e_type != ET_DYN)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " is not a shared object: link it with cc -shared -fPIC");
    return PIPETTE_OK;
}

static int check_segments(const char *path, int file, const ElfW(Ehdr) * header, uint64_t file_size,
                          pipette_error *error)
{
    size_t count, i;
    ElfW(Phdr) * segments;
    int status = PIPETTE_OK;
    uint64_t headers_end = (uint64_t)header->e_phnum * header->e_phentsize;
    if (!inside(header->e_phoff, headers_end, file_size) ||
        (header->e_shoff != 0 && !inside(header->e_shoff, (uint64_t)header->e_shnum * header->e_shentsize, file_size)))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             " is cut off: it has %llu bytes, its headers lie behind that. Build it again",
                             (unsigned long long)file_size);
    segments = read_segments(file, header, file_size, &count);
    if (segments == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             " is damaged: its program headers cannot be read. Build it again");
    for (i = 0; i < count && status == PIPETTE_OK; i++)
        if (segments[i].p_type == PT_LOAD && !inside(segments[i].p_offset, segments[i].p_filesz, file_size))
            status = plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                                   " is cut off: it has %llu bytes, its contents go on behind that. Build it again",
                                   (unsigned long long)file_size);
    free(segments);
    return status;
}

static int check_contents(const char *path, int file, uint64_t file_size, pipette_error *error)
{
    unsigned char start[HEADER_LIMIT];
    size_t count = file_size < sizeof start ? (size_t)file_size : sizeof start;
    ElfW(Ehdr) header;
    int status;
    if (file_size == 0)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " is empty");
    if (read_at(file, start, count, 0) != 0)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " cannot be read: %s", strerror(errno));
    if (memcmp(start, ELFMAG, count < SELFMAG ? count : SELFMAG) != 0) {
        if (is_text(start, count))
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                                 " is a text file, not a shared object: build one with cc -shared -fPIC");
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " is not a shared object (no ELF file)");
    }
    if (file_size < sizeof header)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             " is cut off: it has %llu bytes, less than an ELF header. Build it again",
                             (unsigned long long)file_size);
    memcpy(&header, start, sizeof header);
    status = check_type(path, &header, error);
    return status != PIPETTE_OK ? status : check_segments(path, file, &header, file_size, error);
}

/* Opens a regular file; else -1 with `error`. */
static int open_regular(const char *path, uint64_t *size, pipette_error *error)
{
    struct stat about;
    int file;
    if (stat(path, &about) != 0) {
        if (errno == ENOENT)
            (void)plugin_refuse(error, PIPETTE_E_PLUGIN, path, " does not exist");
        else
            (void)plugin_refuse(error, PIPETTE_E_PLUGIN, path, " cannot be looked at: %s", strerror(errno));
        return -1;
    }
    if (S_ISDIR(about.st_mode)) {
        (void)plugin_refuse(error, PIPETTE_E_PLUGIN, path, " is a directory");
        return -1;
    }
    if (!S_ISREG(about.st_mode)) {
        (void)plugin_refuse(error, PIPETTE_E_PLUGIN, path, " is not a regular file");
        return -1;
    }
    file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        (void)plugin_refuse(error, PIPETTE_E_PLUGIN, path, " cannot be opened: %s", strerror(errno));
        return -1;
    }
    *size = (uint64_t)about.st_size;
    return file;
}

int object_file_check(const char *path, pipette_error *error)
{
    uint64_t size = 0;
    int status;
    int file = open_regular(path, &size, error);
    if (file < 0)
        return PIPETTE_E_PLUGIN;
    status = check_contents(path, file, size, error);
    (void)close(file);
    return status;
}

/* Looks for the build-id among the notes of one segment; 1 if it was there. */
static int find_build_id(const unsigned char *notes, size_t size, size_t alignment, char text[BUILD_ID_SIZE])
{
    size_t at = 0;
    while (size - at >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        size_t name, contents, end, i;
        memcpy(&note, notes + at, sizeof note);
        name = at + sizeof note;
        if (note.n_namesz > size - name)
            return 0;
        contents = (name + note.n_namesz + alignment - 1) / alignment * alignment;
        if (contents > size || note.n_descsz > size - contents)
            return 0;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0 &&
            note.n_descsz > 0 && note.n_descsz <= (BUILD_ID_SIZE - 1) / 2) {
            for (i = 0; i < note.n_descsz; i++)
                (void)snprintf(text + 2 * i, 3, "%02x", (unsigned)notes[contents + i]);
            return 1;
        }
        end = (contents + note.n_descsz + alignment - 1) / alignment * alignment;
        if (end > size)
            return 0;
        at = end;
    }
    return 0;
}

void object_file_build_id(const char *path, char text[BUILD_ID_SIZE])
{
    ElfW(Ehdr) header;
    ElfW(Phdr) *segments = NULL;
    size_t count = 0, i;
    uint64_t size = 0;
    int found = 0;
    int file = open_regular(path, &size, NULL);
    text[0] = '\0';
    if (file < 0)
        return;
    if (size >= sizeof header && read_at(file, &header, sizeof header, 0) == 0 &&
        memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == __ehdr_start.e_ident[EI_CLASS] &&
        header.e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA])
        segments = read_segments(file, &header, size, &count);
    for (i = 0; i < count && !found; i++) {
        unsigned char *notes;
        size_t bytes;
        if (segments[i].p_type != PT_NOTE || segments[i].p_filesz == 0 || segments[i].p_filesz > NOTE_LIMIT)
            continue;
        bytes = (size_t)segments[i].p_filesz;
        notes = malloc(bytes);
        if (notes != NULL && read_at(file, notes, bytes, segments[i].p_offset) == 0)
            found = find_build_id(notes, bytes, segments[i].p_align == 8 ? 8 : 4, text);
        free(notes);
    }
    free(segments);
    (void)close(file);
}

void object_file_identity(const char *path, char text[BUILD_ID_SIZE])
{
    static const char kind[] = "sha256:";
    unsigned char block[16384];
    uint64_t size = 0, at = 0;
    sha256 hash;
    int file;
    object_file_build_id(path, text);
    if (text[0] != '\0')
        return;
    file = open_regular(path, &size, NULL);
    if (file < 0)
        return;
    sha256_begin(&hash);
    while (at < size) {
        size_t count = size - at < sizeof block ? (size_t)(size - at) : sizeof block;
        if (read_at(file, block, count, at) != 0)
            break;
        sha256_add(&hash, block, count);
        at += count;
    }
    (void)close(file);
    if (at < size)
        return;
    memcpy(text, kind, sizeof kind);
    sha256_end(&hash, text + sizeof kind - 1);
}
