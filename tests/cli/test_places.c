/* Tests of where things lie: pipes and devices as configs, links and torn files as results, names as long as they may
 * be, who owns a plugin, a command with more rights than its caller. */
#include <sys/socket.h>
#include <sys/un.h>

#include "python.h"
#include "suite.h"

#define GOOD                                                                                                           \
    "name = \"P\"; run = { plugin = \"multiply\"; }; storage = { plugin = \"hdf5\"; file = \"r.hdf5\"; };\n"           \
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [1.0, 4.0]; } ); } );\n"
#define MODEL(file)                                                                                                    \
    "name = \"P\"; run = { plugin = \"" file "\"; }; storage = { plugin = \"hdf5\"; file = \"out/r.hdf5\"; };\n"

static int holds_runs(const char *file)
{
    int code = PIPETTE("get", file, "z");
    return code == 0 && strcmp(command_out, "run,x,z\n0,1,1\n1,4,4\n") == 0;
}

/* ---- Configs ---- */

static void test_what_is_no_config(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int waits = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    folder_begin();
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", in_folder("socket"));
    CU_ASSERT_EQUAL(bind(waits, (const struct sockaddr *)&address, sizeof address), 0);
    CU_ASSERT_EQUAL(mkfifo(in_folder("pipe"), 0644), 0);
    file_write("e.cfg", "\n@include \"pipe\"\n");
    EXPECT(PIPETTE("check", "e.cfg") == 2 && one_error_line() &&
           err_has("e.cfg:2: @include: pipe: is a pipe (FIFO), not a config file"));
    file_write("e.cfg", "@include \"socket\"\n");
    EXPECT(PIPETTE("check", "e.cfg") == 2 && one_error_line() &&
           err_has("e.cfg:1: @include: socket: is a socket, not a config file"));
    file_write("e.cfg", "@include \"/dev/zero\"\n");
    EXPECT(PIPETTE("check", "e.cfg") == 2 && one_error_line() && err_has("/dev/zero: is a device, not a config file"));
    EXPECT(PIPETTE("check", "./socket") == 2 && one_error_line() && err_has("socket: is a socket, not a config file"));
    /* A pipe that somebody writes to is as good as a file. */
    file_write("e.cfg", GOOD);
    EXPECT(SHELL("cat e.cfg | " TEST_COMMAND " check /dev/stdin") == 0 && out_has("P fits together"));
    EXPECT(SHELL("(sleep 0.2; cat e.cfg) > pipe & " TEST_COMMAND " check ./pipe") == 0 && out_has("P fits together"));
    (void)close(waits);
    folder_end();
}

static void test_current_folder_is_gone(void)
{
    folder_begin();
    file_write("e.cfg", GOOD);
    EXPECT(SHELL("mkdir gone && c=$PWD/e.cfg && cd gone && rmdir ../gone && exec " TEST_COMMAND " run -q $c") == 4);
    EXPECT(one_error_line() && err_has("the current folder is gone"));
    folder_end();
}

/* ---- Results ---- */

static void test_link_to_nothing(void)
{
    struct stat facts;
    folder_begin();
    file_write("e.cfg", GOOD);
    CU_ASSERT_EQUAL(mkdir(in_folder("t"), 0755), 0);
    CU_ASSERT_EQUAL(symlink("second", in_folder("r.hdf5")), 0);
    CU_ASSERT_EQUAL(symlink("t/real.hdf5", in_folder("second")), 0);
    EXPECT(PIPETTE("run", "-q", "e.cfg") == 0);
    EXPECT(holds_runs("t/real.hdf5") && holds_runs("r.hdf5"));
    CU_ASSERT_EQUAL(lstat(in_folder("r.hdf5"), &facts), 0);
    CU_ASSERT(S_ISLNK(facts.st_mode));
    (void)unlink(in_folder("t/real.hdf5"));
    EXPECT(PIPETTE("run", "-q", "e.cfg", "--overwrite") == 0);
    EXPECT(holds_runs("t/real.hdf5"));
    (void)unlink(in_folder("second"));
    CU_ASSERT_EQUAL(symlink("r.hdf5", in_folder("second")), 0); /* in a circle */
    EXPECT(PIPETTE("run", "-q", "e.cfg") == 4 && one_error_line() && err_has("r.hdf5"));
    folder_end();
}

/* A file of ours of which only the beginning is left can be replaced; a stranger's never. */
static void test_overwrite_what_is_cut_off(void)
{
    static const long lengths[] = {2000, 9000};
    struct stat facts;
    size_t i;
    folder_begin();
    file_write("e.cfg", GOOD);
    for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        EXPECT(PIPETTE("run", "-q", "e.cfg", "--overwrite") == 0);
        CU_ASSERT_EQUAL(truncate(in_folder("r.hdf5"), lengths[i]), 0);
        EXPECT(PIPETTE("run", "-q", "e.cfg") == 4 && err_has("is cut off: "));
        EXPECT(PIPETTE("run", "-q", "e.cfg", "--overwrite") == 0 && holds_runs("r.hdf5"));
    }
    CU_ASSERT_EQUAL(truncate(in_folder("r.hdf5"), 100), 0);
    EXPECT(PIPETTE("run", "-q", "e.cfg", "--overwrite") == 4 && one_error_line());
    EXPECT(err_has("nothing in it shows that pipette wrote it: remove it, or name another file"));
    CU_ASSERT(stat(in_folder("r.hdf5"), &facts) == 0 && facts.st_size == 100);
    EXPECT(PYTHON_RUN("import h5py\nf = h5py.File('r.hdf5', 'w')\nf['x'] = range(10000)\nf.close()", ".") == 0);
    CU_ASSERT_EQUAL(truncate(in_folder("r.hdf5"), 5000), 0);
    EXPECT(PIPETTE("run", "-q", "e.cfg", "--overwrite") == 4 && one_error_line() &&
           err_has("remove it, or name another file"));
    CU_ASSERT(stat(in_folder("r.hdf5"), &facts) == 0 && facts.st_size == 5000);
    folder_end();
}

/* What others put under the name of the temporary file is neither written to nor followed. */
static void test_temporary_file(void)
{
    folder_begin();
    file_write("e.cfg", GOOD);
    file_write("victim", "mine\n");
    CU_ASSERT_EQUAL(symlink("victim", in_folder(".r.hdf5.part")), 0);
    EXPECT(PIPETTE("run", "-q", "e.cfg") == 0 && holds_runs("r.hdf5"));
    EXPECT(SHELL("cat victim; ls -A | wc -l") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "mine\n3\n");
    CU_ASSERT_EQUAL(mkdir(in_folder(".r.hdf5.part"), 0755), 0);
    EXPECT(PIPETTE("run", "-q", "e.cfg", "--overwrite") == 4 && one_error_line());
    EXPECT(err_has("/.r.hdf5.part' is in the way; remove it") && holds_runs("r.hdf5"));
    folder_end();
}

static void test_long_names(void)
{
    char name[256], line[2048], set[600];
    folder_begin();
    file_write("e.cfg", GOOD);
    memset(name, 'n', 255);
    memcpy(name + 250, ".hdf5", 6);
    (void)snprintf(set, sizeof set, "storage.file=\"%s\"", name);
    EXPECT(PIPETTE("run", "-q", "e.cfg", "--set", set) == 0 && holds_runs(name));
    (void)snprintf(set, sizeof set, "storage.file=\"x%s\"", name);
    EXPECT(PIPETTE("run", "-q", "e.cfg", "--set", set) == 4 && one_error_line() && err_has("File name too long"));
    memcpy(name + 250, ".conf", 6);
    file_write(name, GOOD);
    EXPECT(PIPETTE("check", name) == 0);
    memcpy(name + 252, ".so", 4);
    (void)snprintf(line, sizeof line, "cp " FIXTURE("good_model") " %s", name);
    EXPECT(SHELL(line) == 0);
    (void)snprintf(line, sizeof line, MODEL("./%s"), name);
    file_write("long.cfg", line);
    EXPECT(PIPETTE("run", "-q", "long.cfg") == 0);
    name[252] = '\0';
    (void)snprintf(set, sizeof set, "run.plugin=\"%s\"", name);
    EXPECT(PIPETTE("check", "long.cfg", "--set", set) == 3 && one_error_line() && err_has("is no name of a plugin"));
    folder_end();
}

/* ---- Plugins ---- */

static int is_root(void)
{
    if (geteuid() == 0)
        return 1;
    fprintf(stderr, " (not root, left out) ");
    return 0;
}

static void test_owners(void)
{
    if (!is_root())
        return;
    folder_begin();
    file_write("m.cfg", MODEL("./p/q/m.so"));
    EXPECT(SHELL("mkdir -p p/q out && chown 64002 out && cp " FIXTURE("good_model") " p/q/m.so") == 0);
    EXPECT(PIPETTE("run", "-q", "--overwrite", "m.cfg") == 0 && command_err[0] == '\0');
    EXPECT(SHELL("chown 64001 p/q/m.so") == 0);
    EXPECT(PIPETTE("run", "-q", "--overwrite", "m.cfg") == 3 && one_error_line());
    EXPECT(err_has(
        "belongs to user 64001, who could change it while root runs it: chown root it, or run pipette as that user"));
    EXPECT(SHELL("rm -f out/*; exec setpriv --reuid=64002 --clear-groups " TEST_COMMAND " run -q m.cfg") == 0);
    EXPECT(one_error_line() && err_has("/p/q/m.so' belongs to user 64001, who can change it at any time"));
    EXPECT(SHELL("chown 0 p/q/m.so && chown 64001 p") == 0);
    EXPECT(PIPETTE("run", "-q", "--overwrite", "m.cfg") == 0 && one_error_line() &&
           err_has("/p' belongs to user 64001"));
    EXPECT(SHELL("chown 0 p && chmod 777 p") == 0);
    EXPECT(PIPETTE("run", "-q", "--overwrite", "m.cfg") == 0 && one_error_line());
    EXPECT(err_has("everyone may rename what lies in '") && err_has("if that is not meant: chmod o-w '"));
    /* Also where one only looks. */
    EXPECT(PIPETTE("inspect", "./p/q/m.so") == 0 && one_error_line() && out_has("good_model"));
    EXPECT(err_has("pipette: warning: everyone may rename what lies in '"));
    EXPECT(PIPETTE("check", "./p/q/m.so") == 0 && one_error_line() && err_has("pipette: warning: everyone may rename"));
    EXPECT(PIPETTE("plugins", "--plugin-path", "p/q") == 0 && one_error_line() &&
           err_has("pipette: warning: everyone may rename"));
    EXPECT(PIPETTE("plugins", "--plugin-path", "p/q", "--json") == 0 && command_err[0] == '\0');
    EXPECT(PYTHON_RUN("import json, sys\n"
                      "found = {p.get('name'): p for p in json.loads(sys.argv[1])}\n"
                      "assert len(found['good_model']['warnings']) == 1 and 'warnings' not in found['lif'], found\n"
                      "assert found['good_model']['warnings'][0].startswith('everyone may rename what lies in ')\n",
                      command_out) == 0);
    EXPECT(SHELL("chmod 1777 p") == 0);
    EXPECT(PIPETTE("run", "-q", "--overwrite", "m.cfg") == 0 && command_err[0] == '\0');
    folder_end();
}

/* A command that was given more rights than its caller has loads nothing that its caller names. */
static void test_setuid(void)
{
#define MORE_RIGHTS "has more rights than its caller (setuid, setgid), so it loads plugins from its own folder only"
    if (!is_root() || SANITIZED) /* whose library does not start with such rights */
        return;
    folder_begin();
    file_write("e.cfg", GOOD);
    file_write("m.cfg", MODEL("./good_model.so"));
    EXPECT(SHELL("cp " FIXTURE("good_model") " good_model.so && cp " TEST_COMMAND
                                             " command && chown 64002 command && chmod u+s command") == 0);
    if (SHELL("exec ./command plugins --plugin-path . | grep -q rights") != 0) {
        fprintf(stderr, " (setuid means nothing here, left out) ");
    } else {
        EXPECT(SHELL("exec ./command check m.cfg") == 3 && one_error_line() && err_has(MORE_RIGHTS));
        EXPECT(SHELL("exec ./command check m.cfg --set 'run.plugin=\"good_model\"' --plugin-path .") == 3);
        EXPECT(one_error_line() && err_has(MORE_RIGHTS));
        EXPECT(SHELL("PIPETTE_PLUGIN_PATH=$PWD exec ./command check m.cfg --set 'run.plugin=\"good_model\"'") == 3);
        EXPECT(one_error_line() && err_has(MORE_RIGHTS));
        EXPECT(SHELL("exec ./command check e.cfg") == 0);
    }
    folder_end();
}

SUITE("places", {"what is no config", test_what_is_no_config},
      {"the current folder is gone", test_current_folder_is_gone}, {"a link to nothing", test_link_to_nothing},
      {"overwriting what is cut off", test_overwrite_what_is_cut_off}, {"the temporary file", test_temporary_file},
      {"names of 255 bytes", test_long_names}, {"owners of plugins", test_owners},
      {"more rights than the caller", test_setuid}, )
