/* test_search: in which folders plugins are found, which are refused, and what is said then. */
#include "plugin/search.h"

#include "command.h"
#include "suite.h"

static pipette_error error;
static char a[PATH_MAX], b[PATH_MAX], c[PATH_MAX];

/* The folders given by the caller, and PIPETTE_PLUGIN_PATH (NULL: unset). */
static plugin_search *search_in(const char *folders, const char *environment)
{
    const char *const list[] = {folders};
    plugin_search *search = NULL;
    if (environment != NULL)
        (void)setenv("PIPETTE_PLUGIN_PATH", environment, 1);
    else
        (void)unsetenv("PIPETTE_PLUGIN_PATH");
    CU_ASSERT_EQUAL_FATAL(plugin_search_create(list, folders != NULL ? 1 : 0, &search, &error), PIPETTE_OK);
    (void)unsetenv("PIPETTE_PLUGIN_PATH");
    return search;
}

static const char *copy(const char *fixture, const char *where, const char *name, mode_t rights)
{
    static char paths[8][PATH_MAX];
    static unsigned next;
    char from[PATH_MAX];
    char *path = paths[next++ % 8];
    char file[PATH_MAX];
    (void)snprintf(file, sizeof file, "%s.so", fixture);
    bytes_copy(path_of(from, TEST_FIXTURES, file), path_of(path, where, name), rights);
    return path;
}

static void finds(plugin_search *search, const char *name, const char *base, const char *expected)
{
    const char *path = NULL;
    error.message[0] = '\0';
    CU_ASSERT_EQUAL(plugin_search_find(search, name, base, &path, &error), PIPETTE_OK);
    CU_ASSERT_STRING_EQUAL(error.message, "");
    CU_ASSERT_PTR_NOT_NULL(path);
    CU_ASSERT_STRING_EQUAL(path != NULL ? path : "", expected);
}

/* Not found; the message begins so. */
static void lacks(plugin_search *search, const char *name, const char *beginning)
{
    const char *path = name;
    CU_ASSERT_EQUAL(plugin_search_find(search, name, NULL, &path, &error), PIPETTE_E_PLUGIN);
    CU_ASSERT_PTR_NULL(path);
    CU_ASSERT_EQUAL(strncmp(error.message, beginning, strlen(beginning)), 0);
    if (strncmp(error.message, beginning, strlen(beginning)) != 0)
        (void)printf("\n  got      %s\n  expected %s\n", error.message, beginning);
}

static const char *say(const char *format, ...) PIPETTE_PRINTF(1, 2);
static const char *say(const char *format, ...)
{
    static char line[4 * PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return line;
}

static void folders(void)
{
    (void)folder_make(a, sizeof a);
    (void)folder_make(b, sizeof b);
    (void)folder_make(c, sizeof c);
}

static void no_folders(void)
{
    folder_remove(a);
    folder_remove(b);
    folder_remove(c);
}

static void test_order(void)
{
    const char *in_a, *in_b, *in_c;
    plugin_search *search;
    folders();
    in_a = copy("good_model", a, "good_model.so", 0644);
    in_b = copy("good_model", b, "good_model.so", 0644);
    in_c = copy("good_model", c, "good_model.so", 0644);
    search = search_in(say("%s:%s", a, b), c);
    finds(search, "good_model", NULL, in_a);
    (void)unlink(in_a);
    finds(search, "good_model", NULL, in_b);
    (void)unlink(in_b);
    finds(search, "good_model", NULL, in_c);
    CU_ASSERT_PTR_NULL(plugin_search_warning(search, 0));
    plugin_search_destroy(search);
    plugin_search_destroy(NULL);
    no_folders();
}

static void test_by_descriptor(void)
{
    const char *file;
    plugin_search *search;
    folders();
    (void)copy("crash_on_load", a, "crash_on_load.so", 0644);
    (void)copy("larger_structs", a, "other.so", 0644);
    file = copy("good_model", a, "renamed.so", 0644);
    search = search_in(a, NULL);
    finds(search, "good_model", NULL, file);
    /* The file's own name still counts. */
    finds(search, "renamed", NULL, file);
    plugin_search_destroy(search);
    no_folders();
}

static void test_not_found(void)
{
    plugin_search *search;
    folders();
    (void)copy("good_model", a, "good_model.so", 0644);
    (void)copy("abi_too_old", a, "old.so", 0644);
    search = search_in(say("%s:%s/nothing", a, b), NULL);
    lacks(search, "god_model",
          say("no plugin 'god_model' was found; did you mean 'good_model'? tried: %s/god_model.so: does not exist; "
              "%s/nothing: does not "
              "exist; ",
              a, b));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, say("%s/old.so: is too old: made for ABI 0.9", a)));
    lacks(search, "storage", say("no plugin 'storage' was found; tried: %s/storage.so: does not exist", a));
    /* The nearest is the name of a file, too, that was refused. */
    lacks(search, "odl", "no plugin 'odl' was found; did you mean 'old'?");
    lacks(search, "", "'' is no name of a plugin");
    lacks(search, "good model", "'good model' is no name of a plugin");
    lacks(search, "good_model.so",
          "'good_model.so' is no name of a plugin: letters, digits, '_' and '-' are allowed, under 128 of them; a file "
          "is named "
          "with a '/', such as './good_model.so'");
    plugin_search_destroy(search);
    no_folders();
}

static void test_many_folders(void)
{
    char list[64 * 40] = "";
    plugin_search *search;
    int i;
    for (i = 0; i < 60; i++)
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s/nowhere/folder_number_%02d",
                       i > 0 ? ":" : "", i);
    search = search_in(list, NULL);
    lacks(search, "good_model", "no plugin 'good_model' was found; tried: /nowhere/folder_number_00: does not exist; ");
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, " more (see 'pipette plugins')"));
    plugin_search_destroy(search);
}

static void test_world_writable(void)
{
    const char *file, *other;
    char linked[PATH_MAX];
    plugin_search *search;
    folders();
    file = copy("good_model", a, "good_model.so", 0646);
    other = copy("good_model", b, "good_model.so", 0644);
    search = search_in(say("%s:%s", a, b), NULL);
    finds(search, "good_model", NULL, other);
    (void)unlink(other);
    lacks(search, "good_model",
          say("no plugin 'good_model' was found; tried: %s: everyone may write to this file: chmod o-w it", file));
    lacks(search, file, say("plugin '%s': everyone may write to this file: chmod o-w it", file));
    plugin_search_destroy(search);
    CU_ASSERT_EQUAL(chmod(file, 0644), 0);
    CU_ASSERT_EQUAL(chmod(a, 01777), 0); /* sticky is no better: anyone may add a file */
    search = search_in(a, NULL);
    lacks(search, "good_model",
          say("no plugin 'good_model' was found; tried: %s: everyone may write to this folder: chmod o-w it", a));
    lacks(search, file, say("plugin '%s': everyone may write to the folder that it lies in: chmod o-w that", file));
    plugin_search_destroy(search);
    /* A link in a good folder does not make its target better. */
    other = path_of(linked, b, "good_model.so");
    CU_ASSERT_EQUAL(symlink(file, other), 0);
    search = search_in(NULL, NULL);
    lacks(search, other, say("plugin '%s': everyone may write to the folder that it lies in: chmod o-w that", other));
    plugin_search_destroy(search);
    no_folders();
}

static void test_group_writable(void)
{
    const char *file;
    plugin_search *search;
    folders();
    file = copy("good_model", a, "good_model.so", 0664);
    CU_ASSERT_EQUAL(chmod(a, 0775), 0);
    search = search_in(a, NULL);
    finds(search, "good_model", NULL, file);
    finds(search, "good_model", NULL, file);
    finds(search, file, NULL, file);
    CU_ASSERT_STRING_EQUAL(
        plugin_search_warning(search, 0),
        say("the plugin folder '%s' can be changed by its whole group; if that is not meant: chmod g-w '%s'", a, a));
    CU_ASSERT_STRING_EQUAL(
        plugin_search_warning(search, 1),
        say("the plugin '%s' can be changed by its whole group; if that is not meant: chmod g-w '%s'", file, file));
    CU_ASSERT_PTR_NULL(plugin_search_warning(search, 2));
    plugin_search_destroy(search);
    no_folders();
}

/* One visit, as a line. */
typedef struct visits {
    char lines[16][2 * PATH_MAX];
    unsigned count, stop_after;
} visits;

static int visit(const char *path, const plugin_schema *schema, const char *reason, void *user)
{
    visits *all = user;
    if (all->count < 16)
        (void)snprintf(all->lines[all->count], sizeof all->lines[0], "%s: %s%s", path,
                       schema != NULL ? "plugin " : reason, schema != NULL ? schema->name : "");
    all->count++;
    return all->count == all->stop_after ? 42 : 0;
}

static visits all;

static unsigned visit_all(plugin_search *search, unsigned stop_after, int expected)
{
    memset(&all, 0, sizeof all);
    all.stop_after = stop_after;
    CU_ASSERT_EQUAL(plugin_search_each(search, visit, &all, &error), expected);
    return all.count;
}

static void test_environment(void)
{
    char here[PATH_MAX];
    plugin_search *search;
    folders();
    (void)copy("good_model", a, "good_model.so", 0644);
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    CU_ASSERT_EQUAL_FATAL(chdir(a), 0);
    /* Never the current directory: neither by an empty name nor by a relative one. */
    search = search_in(NULL, ":.");
    lacks(search, "good_model",
          "no plugin 'good_model' was found; tried: '': an empty name would be the current directory; .: is relative "
          "to the current "
          "directory: PIPETTE_PLUGIN_PATH takes absolute names");
    plugin_search_destroy(search);
    search = search_in("", NULL);
    lacks(search, "good_model",
          "no plugin 'good_model' was found; tried: '': an empty name would be the current directory");
    plugin_search_destroy(search);
    search = search_in(NULL, "");
    CU_ASSERT_TRUE(visit_all(search, 0, 0) < 16);
    CU_ASSERT_EQUAL(strstr(all.lines[0], "an empty name") == NULL, 1);
    plugin_search_destroy(search);
    /* A folder that the user has named relative to it is meant, and stays the one that was meant. */
    search = search_in(".", NULL);
    CU_ASSERT_EQUAL_FATAL(chdir("/"), 0);
    finds(search, "good_model", NULL, say("%s/good_model.so", a));
    plugin_search_destroy(search);
    CU_ASSERT_EQUAL_FATAL(chdir(here), 0);
    no_folders();
}

static void test_files(void)
{
    char here[PATH_MAX];
    const char *file;
    plugin_search *search;
    folders();
    file = copy("good_model", a, "model.so", 0644);
    search = search_in(NULL, NULL);
    finds(search, file, NULL, file);
    finds(search, file, "/nowhere", file);
    finds(search, "./model.so", a, file);
    finds(search, say("../%s/model.so", strrchr(a, '/') + 1), b, file);
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    CU_ASSERT_EQUAL_FATAL(chdir(a), 0);
    finds(search, "./model.so", NULL, file);
    CU_ASSERT_EQUAL_FATAL(chdir(here), 0);
    lacks(search, say("%s/missing.so", a), "plugin '/tmp/pipette-test-");
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "/missing.so': does not exist"));
    lacks(search, say("%s/", a), "plugin '/tmp/pipette-test-");
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "': is a directory"));
    plugin_search_destroy(search);
    no_folders();
}

static void test_each(void)
{
    plugin_search *search;
    char path[PATH_MAX];
    folders();
    (void)copy("good_model", a, "b.so", 0644);
    (void)copy("crash_on_load", a, "a.so", 0644);
    (void)copy("abi_too_new", a, "c.so", 0644);
    (void)copy("good_model", a, "d.so", 0666);
    (void)copy("good_model", a, ".hidden.so", 0644);
    (void)copy("good_model", a, "good_model.so.bak", 0644);
    bytes_write(path_of(path, a, "e.so"), "hello\n", 6);
    bytes_write(path_of(path, a, "readme.txt"), "hello\n", 6);
    (void)copy("launcher_local", b, "launcher_local.so", 0644);
    CU_ASSERT_EQUAL(chmod(c, 0777), 0);
    /* A folder that is named twice counts once. */
    search = search_in(say("%s:%s:/nowhere/plugins:%s:%s", a, c, b, a), b);
    CU_ASSERT_TRUE(visit_all(search, 0, 0) >= 8);
    CU_ASSERT_STRING_EQUAL(all.lines[0], say("%s/a.so: crashed while being loaded (SIGSEGV)", a));
    CU_ASSERT_STRING_EQUAL(all.lines[1], say("%s/b.so: plugin good_model", a));
    CU_ASSERT_STRING_EQUAL(
        all.lines[2], say("%s/c.so: is too new: made for ABI 2.0, this host speaks 1.1: rebuild it with this host's "
                          "headers, or use a newer Pipette",
                          a));
    CU_ASSERT_STRING_EQUAL(all.lines[3], say("%s/d.so: everyone may write to this file: chmod o-w it", a));
    CU_ASSERT_STRING_EQUAL(all.lines[4],
                           say("%s/e.so: is a text file, not a shared object: build one with cc -shared -fPIC", a));
    CU_ASSERT_STRING_EQUAL(all.lines[5], say("%s: everyone may write to this folder: chmod o-w it", c));
    CU_ASSERT_STRING_EQUAL(all.lines[6], "/nowhere/plugins: does not exist");
    CU_ASSERT_STRING_EQUAL(all.lines[7], say("%s/launcher_local.so: plugin launcher_local", b));
    CU_ASSERT_EQUAL(visit_all(search, 2, 42), 2);
    plugin_search_destroy(search);
    no_folders();
}

/* What the copy of this program does that test_own_folder() starts: finds good_model in its own tree. */
static int in_copy(void)
{
    plugin_search *search = NULL;
    const char *path = NULL;
    if (plugin_search_create(NULL, 0, &search, &error) != PIPETTE_OK)
        return 2;
    if (plugin_search_find(search, "good_model", NULL, &path, &error) != PIPETTE_OK)
        (void)printf("%s\n", error.message);
    else
        (void)printf("%s %s\n", path, plugin_search_trusted(search, path) ? "trusted" : "not trusted");
    plugin_search_destroy(search);
    return 0;
}

/* Copies this program to PROGRAM in folder `a`, good_model to WHERE there, and gives what the copy says. */
static const char *from_copy(const char *program, const char *where)
{
    static char line[2 * PATH_MAX];
    char command[5 * PATH_MAX], path[PATH_MAX];
    (void)snprintf(command, sizeof command, "mkdir -p '%s/%s' '%s/%s'", a, program, a, where);
    CU_ASSERT_EQUAL_FATAL(SHELL(command), 0);
    (void)snprintf(command, sizeof command, "%s/copy", program);
    bytes_copy("/proc/self/exe", path_of(path, a, command), 0755);
    (void)copy("good_model", path_of(path, a, where), "good_model.so", 0644);
    /* Started by a name without a '/', from another directory: argv[0] says nothing of the place. */
    (void)snprintf(command, sizeof command, "cd / && PATH='%s/%s':\"$PATH\" copy --own-folder", a, program);
    CU_ASSERT_EQUAL(SHELL(command), 0);
    CU_ASSERT_STRING_EQUAL(command_err, "");
    (void)snprintf(line, sizeof line, "%s", command_out);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static void test_own_folder(void)
{
    (void)unsetenv("PIPETTE_PLUGIN_PATH");
    (void)folder_make(a, sizeof a);
    CU_ASSERT_STRING_EQUAL(from_copy("lib", "lib/pipette/plugins"),
                           say("%s/lib/pipette/plugins/good_model.so trusted", a));
    folder_remove(a);
    (void)folder_make(a, sizeof a);
    CU_ASSERT_STRING_EQUAL(from_copy("bin", "lib/pipette/plugins"),
                           say("%s/lib/pipette/plugins/good_model.so trusted", a));
    folder_remove(a);
    (void)folder_make(a, sizeof a);
    CU_ASSERT_STRING_EQUAL(from_copy("tests/bin", "lib/pipette/plugins"),
                           say("%s/lib/pipette/plugins/good_model.so trusted", a));
    folder_remove(a);
    (void)folder_make(a, sizeof a);
    CU_ASSERT_STRING_EQUAL(from_copy("bin", "elsewhere"),
                           say("no plugin 'good_model' was found; tried: %s/bin/pipette/plugins: does not exist", a));
    folder_remove(a);
}

static void test_not_trusted(void)
{
    plugin_search *search;
    const char *file;
    folders();
    file = copy("good_model", a, "good_model.so", 0644);
    search = search_in(a, NULL);
    finds(search, "good_model", NULL, file);
    CU_ASSERT_EQUAL(plugin_search_trusted(search, file), 0);
    CU_ASSERT_EQUAL(plugin_search_trusted(search, "/nowhere/at_all.so"), 0);
    plugin_search_destroy(search);
    no_folders();
}

int main(int count, char **arguments)
{
    static const suite_test tests[] = {
        {"order of folders", test_order},
        {"by the descriptor's name", test_by_descriptor},
        {"not found", test_not_found},
        {"many folders", test_many_folders},
        {"world-writable", test_world_writable},
        {"group-writable", test_group_writable},
        {"PIPETTE_PLUGIN_PATH and the current directory", test_environment},
        {"files by name", test_files},
        {"every candidate", test_each},
        {"the library's own folder", test_own_folder},
        {"other folders are not trusted", test_not_trusted},
    };
    if (count == 2 && strcmp(arguments[1], "--own-folder") == 0)
        return in_copy();
    return suite_main("search", tests, sizeof tests / sizeof tests[0], 1, arguments);
}
