/* test_files: files that are no plugins, damaged ones, and plugins that break the handshake; loaded in children only.
 */
#include <elf.h>
#include <link.h>

#include "plugin/loader.h"
#include "plugin/object_file.h"
#include "plugin/probe.h"
#include "folder.h"
#include "suite.h"

static pipette_error error;
static char file[PATH_MAX];

/* The probe of a file is refused with this code and exactly this message behind "plugin 'PATH'". */
static void refused(const char *path, int code, const char *message)
{
    plugin_schema *schema = NULL;
    char expected[PATH_MAX + 300];
    (void)snprintf(expected, sizeof expected, "plugin '%s'%s", path, message);
    CU_ASSERT_EQUAL(plugin_probe(path, 20.0, &schema, &error), code);
    CU_ASSERT_STRING_EQUAL(error.message, expected);
    CU_ASSERT_PTR_NULL(schema);
    schema_destroy(schema);
}

/* Loads in this process: only for files that are refused before dlopen. */
static void not_loaded(const char *path, const char *message)
{
    const pipette_descriptor *descriptor = (const pipette_descriptor *)(const void *)&error;
    char expected[PATH_MAX + 300];
    (void)snprintf(expected, sizeof expected, "plugin '%s'%s", path, message);
    CU_ASSERT_EQUAL(plugin_load(path, &descriptor, &error), PIPETTE_E_PLUGIN);
    CU_ASSERT_STRING_EQUAL(error.message, expected);
    CU_ASSERT_PTR_NULL(descriptor);
}

static void test_good(void)
{
    const pipette_descriptor *descriptor = NULL, *again = NULL;
    CU_ASSERT_EQUAL_FATAL(plugin_load(FIXTURE("good_model"), &descriptor, &error), PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(descriptor->name, "good_model");
    CU_ASSERT_EQUAL(descriptor->kind, PIPETTE_KIND_MODEL);
    CU_ASSERT_EQUAL(plugin_load(TEST_FIXTURES "/../fixtures/good_model.so", &again, NULL), PIPETTE_OK);
    CU_ASSERT_PTR_EQUAL(again, descriptor);
}

static void test_no_file(void)
{
    folder_begin();
    (void)path_of(file, folder, "missing.so");
    not_loaded(file, " does not exist");
    not_loaded(folder, " is a directory");
    (void)path_of(file, folder, "pipe.so");
    CU_ASSERT_EQUAL(mkfifo(file, 0600), 0);
    not_loaded(file, " is not a regular file");
    (void)path_of(file, folder, "dangling.so");
    CU_ASSERT_EQUAL(symlink("/nowhere/at_all.so", file), 0);
    not_loaded(file, " does not exist");
    folder_end();
}

static void test_other_contents(void)
{
    static const char text[] = "#include <pipette/model.h>\n\nstatic int run(pipette_run *run);\n";
    static const char binary[] = "\x89HDF\r\n\x1a\n\0\0\0\0";
    folder_begin();
    (void)path_of(file, folder, "x.so");
    bytes_write(file, "", 0);
    not_loaded(file, " is empty");
    bytes_write(file, text, sizeof text - 1);
    not_loaded(file, " is a text file, not a shared object: build one with cc -shared -fPIC");
    bytes_write(file, binary, sizeof binary);
    not_loaded(file, " is not a shared object (no ELF file)");
    bytes_write(file, "\177ELF", 4);
    not_loaded(file, " is cut off: it has 4 bytes, less than an ELF header. Build it again");
    folder_end();
}

/* Where the last byte that is loaded ends. */
static size_t loaded_size(const char *bytes)
{
    ElfW(Ehdr) header;
    size_t end = 0;
    unsigned i;
    memcpy(&header, bytes, sizeof header);
    for (i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) segment;
        memcpy(&segment, bytes + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_LOAD && segment.p_offset + segment.p_filesz > end)
            end = (size_t)(segment.p_offset + segment.p_filesz);
    }
    return end;
}

static void test_cut_off(void)
{
    size_t size, step;
    char *bytes = bytes_read(FIXTURE("good_model"), &size);
    folder_begin();
    (void)path_of(file, folder, "cut.so");
    /* Wherever it ends, it is refused before dlopen, where the missing pages would be SIGBUS. */
    for (step = 1; step < 24; step++) {
        bytes_write(file, bytes, size * step / 24);
        CU_ASSERT_EQUAL(object_file_check(file, &error), PIPETTE_E_PLUGIN);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, " is cut off: it has "));
    }
    bytes_write(file, bytes, size - 1);
    CU_ASSERT_EQUAL(object_file_check(file, &error), PIPETTE_E_PLUGIN);
    bytes_write(file, bytes, size);
    CU_ASSERT_EQUAL(object_file_check(file, &error), PIPETTE_OK);
    /* Without section headers (they may be stripped), the loadable segments tell. */
    memset(bytes + offsetof(ElfW(Ehdr), e_shoff), 0, sizeof(((ElfW(Ehdr) *)NULL)->e_shoff));
    bytes_write(file, bytes, loaded_size(bytes) - 1);
    CU_ASSERT_EQUAL(object_file_check(file, &error), PIPETTE_E_PLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, ", its contents go on behind that. Build it again"));
    free(bytes);
    folder_end();
}

static void patch(size_t offset, const void *value, size_t value_size)
{
    size_t size;
    char *bytes = bytes_read(FIXTURE("good_model"), &size);
    memcpy(bytes + offset, value, value_size);
    bytes_write(file, bytes, size);
    free(bytes);
}

static void test_other_machine(void)
{
    const uint16_t s390 = 22, relocatable = ET_REL, executable = ET_EXEC;
    const unsigned char class_32 = ELFCLASS32;
    folder_begin();
    (void)path_of(file, folder, "other.so");
    patch(offsetof(ElfW(Ehdr), e_machine), &s390, sizeof s390);
    CU_ASSERT_EQUAL(object_file_check(file, &error), PIPETTE_E_PLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, " was built for another machine (ELF machine 22, this one is "));
    patch(EI_CLASS, &class_32, 1);
    not_loaded(file, " is a 32-bit object, this host is 64-bit: rebuild it for this machine");
    patch(offsetof(ElfW(Ehdr), e_type), &relocatable, sizeof relocatable);
    not_loaded(file, " is an object file (.o), not a shared object: link it with cc -shared -fPIC");
    patch(offsetof(ElfW(Ehdr), e_type), &executable, sizeof executable);
    not_loaded(file, " is not a shared object: link it with cc -shared -fPIC");
    folder_end();
}

/* Every byte of the headers turned round, one after the other: refused or not, the check comes back. */
static void test_damaged_headers(void)
{
    size_t size, i, refusals = 0;
    char *bytes = bytes_read(FIXTURE("good_model"), &size);
    char id[BUILD_ID_SIZE];
    folder_begin();
    (void)path_of(file, folder, "damaged.so");
    for (i = 0; i < 512 && i < size; i++) {
        bytes[i] = (char)~bytes[i];
        bytes_write(file, bytes, size);
        refusals += object_file_check(file, &error) != PIPETTE_OK;
        object_file_build_id(file, id);
        CU_ASSERT(strlen(id) < sizeof id);
        bytes[i] = (char)~bytes[i];
    }
    CU_ASSERT(refusals > 20);
    free(bytes);
    folder_end();
}

/* A file with nothing but an ELF header, a program header and notes. */
static void write_notes(const void *notes, size_t size)
{
    struct {
        ElfW(Ehdr) header;
        ElfW(Phdr) segment;
        unsigned char notes[64];
    } object;
    size_t length;
    char *good = bytes_read(FIXTURE("good_model"), &length);
    memset(&object, 0, sizeof object);
    memcpy(&object.header, good, sizeof object.header);
    free(good);
    object.header.e_phoff = sizeof object.header;
    object.header.e_phnum = 1;
    object.header.e_shoff = 0;
    object.segment.p_type = PT_NOTE;
    object.segment.p_offset = offsetof(__typeof__(object), notes);
    object.segment.p_filesz = size;
    object.segment.p_align = 4;
    memcpy(object.notes, notes, size);
    bytes_write(file, &object, offsetof(__typeof__(object), notes) + size);
}

static void test_build_id(void)
{
    /* Name size, contents size, type 3 (NT_GNU_BUILD_ID), "GNU", contents. Before it a note of somebody else. */
    static const uint32_t notes[] = {4, 2, 1, 0x00554e47, 0xffff, 4, 6, 3, 0x00554e47, 0xefbeadde, 0x00002a01};
    static const uint32_t too_long[] = {4, 200, 3, 0x00554e47, 0xefbeadde};
    static const uint32_t long_name[] = {UINT32_MAX, 4, 3, 0x00554e47, 0xefbeadde};
    char id[BUILD_ID_SIZE], other[BUILD_ID_SIZE];
    folder_begin();
    (void)path_of(file, folder, "notes.so");
    write_notes(notes, sizeof notes);
    object_file_build_id(file, id);
    CU_ASSERT_STRING_EQUAL(id, "deadbeef012a");
    write_notes(too_long, sizeof too_long);
    object_file_build_id(file, id);
    CU_ASSERT_STRING_EQUAL(id, "");
    write_notes(long_name, sizeof long_name);
    object_file_build_id(file, id);
    CU_ASSERT_STRING_EQUAL(id, "");
    object_file_build_id(folder, id);
    CU_ASSERT_STRING_EQUAL(id, "");
    object_file_build_id(FIXTURE("good_model"), id);
    object_file_build_id(FIXTURE("larger_structs"), other);
    CU_ASSERT(strlen(id) >= 16);
    CU_ASSERT_EQUAL(strspn(id, "0123456789abcdef"), strlen(id));
    CU_ASSERT_STRING_NOT_EQUAL(id, other);
    folder_end();
}

static void test_entry(void)
{
    refused(FIXTURE("no_entry"), PIPETTE_E_PLUGIN,
            " does not export pipette_plugin_entry; is it a Pipette plugin? PIPETTE_MODEL and its siblings write that "
            "function");
    refused(FIXTURE("null_entry"), PIPETTE_E_PLUGIN, ": pipette_plugin_entry() returns NULL");
    refused(FIXTURE("bad_magic"), PIPETTE_E_ABI,
            ": pipette_plugin_entry() returns no Pipette descriptor (magic number 0x1 instead of 0x45545445504950)");
    refused(FIXTURE("truncated_descriptor"), PIPETTE_E_ABI,
            ": its descriptor is truncated: it has 24 bytes, ABI 1.0 has 88");
}

static void test_versions(void)
{
    refused(FIXTURE("abi_too_new"), PIPETTE_E_ABI,
            " is too new: made for ABI 2.0, this host speaks 1.1: rebuild it with this host's headers, or use a newer "
            "Pipette");
    refused(FIXTURE("abi_too_old"), PIPETTE_E_ABI,
            " is too old: made for ABI 0.9, this host speaks 1.1: rebuild it with this host's headers");
}

static void test_undefined_symbol(void)
{
    refused(FIXTURE("undefined_symbol"), PIPETTE_E_PLUGIN,
            " cannot be loaded: undefined symbol: a_function_that_nobody_has");
}

static void test_declarations(void)
{
    refused(FIXTURE("no_run"), PIPETTE_E_PLUGIN, ": its model table has no run()");
    refused(FIXTURE("duplicate_results"), PIPETTE_E_PLUGIN, " declares result '$.z' twice");
    refused(FIXTURE("colliding_results"), PIPETTE_E_PLUGIN,
            ": results 'neuron.$.V' and '$.neuron.V' would both be 'neuron.V' in a file: rename one of them");
    refused(FIXTURE("unbounded"), PIPETTE_E_PLUGIN, ": the default of parameter 'x', 5, is above its maximum 3");
}

SUITE("plugin files", {"a good plugin", test_good}, {"no file", test_no_file}, {"other contents", test_other_contents},
      {"cut off", test_cut_off}, {"other machine", test_other_machine}, {"damaged headers", test_damaged_headers},
      {"build-id", test_build_id}, {"entry", test_entry}, {"versions", test_versions},
      {"undefined symbol", test_undefined_symbol}, {"declarations", test_declarations}, )
