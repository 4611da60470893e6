/* Tests of what tells models apart: build-id, SHA-256, libraries that they bring along; and which random numbers they
 * call. */
#include <dlfcn.h>

#include "command.h"
#include "plugin/brought.h"
#include "plugin/object_file.h"
#include "base/sha256.h"
#include "suite.h"

static void test_sha256(void)
{
    static const char *const texts[] = {"", "abc", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"};
    static const char *const digests[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                                          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"};
    char text[SHA256_TEXT_SIZE];
    sha256 hash;
    int i;
    for (i = 0; i < 3; i++) {
        sha256_begin(&hash);
        sha256_add(&hash, texts[i], strlen(texts[i]));
        sha256_end(&hash, text);
        CU_ASSERT_STRING_EQUAL(text, digests[i]);
    }
    sha256_begin(&hash);
    for (i = 0; i < 1000000; i++)
        sha256_add(&hash, "a", 1);
    sha256_end(&hash, text);
    CU_ASSERT_STRING_EQUAL(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_identity(void)
{
    char id[BUILD_ID_SIZE];
    folder_begin();
    CU_ASSERT_EQUAL(
        SHELL("echo 'int f(void) { return 1; }' >a.c && cc -shared -fPIC -Wl,--build-id=0xabcdef a.c -o a.so && "
              "cc -shared -fPIC -Wl,--build-id=none a.c -o b.so && sha256sum b.so"),
        0);
    command_out[64] = '\0';
    object_file_identity(in_folder("a.so"), id);
    CU_ASSERT_STRING_EQUAL(id, "abcdef");
    object_file_identity(in_folder("b.so"), id);
    CU_ASSERT(strncmp(id, "sha256:", 7) == 0 && strcmp(id + 7, command_out) == 0);
    object_file_identity(in_folder("nothing.so"), id);
    CU_ASSERT_STRING_EQUAL(id, "");
    folder_end();
}

static brought find(const char *name, int load)
{
    brought found;
    if (load)
        CU_ASSERT_PTR_NOT_NULL(dlopen(in_folder(name), RTLD_NOW | RTLD_LOCAL));
    CU_ASSERT_EQUAL(brought_find(in_folder(name), &found), 0);
    return found;
}

static void test_libraries(void)
{
    brought found;
    folder_begin();
    CU_ASSERT_EQUAL(
        SHELL(
            "echo 'int rand(void); int deep(void) { return rand(); }' >deep.c\n"
            "echo 'double cos(double); int deep(void); double near(void) { return cos(deep()); }' >near.c\n"
            "echo 'double near(void); double drand48(void); double f(void) { return near() * drand48(); }' >model.c\n"
            "echo 'double f(void) { return 0; }' >plain.c\n"
            "cc -shared -fPIC -Wl,--build-id=0x0d deep.c -o libdeep.so\n"
            "cc -shared -fPIC -Wl,--build-id=0x0e near.c -o libnear.so -L. -ldeep -lm -Wl,-rpath,$PWD\n"
            "cc -shared -fPIC model.c -o model.so -L. -lnear -Wl,-rpath,$PWD && cc -shared -fPIC plain.c -o plain.so"),
        0);
    found = find("model.so", 0); /* not loaded */
    CU_ASSERT_STRING_EQUAL(found.libraries, "");
    CU_ASSERT_EQUAL(found.random, 0);
    free(found.libraries);
    found = find("model.so", 1);
    CU_ASSERT_STRING_EQUAL(found.libraries, "libdeep.so 0d\nlibnear.so 0e");
    CU_ASSERT_EQUAL(found.random, BROUGHT_RAND | BROUGHT_DRAND48);
    free(found.libraries);
    found = find("plain.so", 1);
    CU_ASSERT_STRING_EQUAL(found.libraries, "");
    CU_ASSERT_EQUAL(found.random, 0);
    free(found.libraries);
    folder_end();
}

SUITE("brought", {"SHA-256", test_sha256}, {"build-id or SHA-256", test_identity},
      {"libraries and random numbers", test_libraries}, )
