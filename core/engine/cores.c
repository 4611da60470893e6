/* cores.c: how many cores this process may keep busy, and how many threads a worker's libraries may start. */
#include "engine/cores.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, LINE_SIZE = 3 * PATH_SIZE };

/* ---- Quotas ---- */

/* A cgroup hierarchy that can limit the processor. */
typedef struct hierarchy {
    char group[PATH_SIZE]; /* of this process; "": none */
    int version;
} hierarchy;

/* True if `word` is one of those in `list`, which has commas between them. */
static int listed(const char *list, const char *word)
{
    size_t length = strlen(word);
    while (*list != '\0') {
        size_t n = strcspn(list, ",");
        if (n == length && strncmp(list, word, n) == 0)
            return 1;
        list += n + (list[n] == ',');
    }
    return 0;
}

/* Numbers of a file that holds nothing else; how many there were. "max" gives 0. */
static int numbers_in(const char *folder, const char *name, double *out, int count)
{
    char path[PATH_SIZE + 32], text[128], *at = text;
    FILE *file;
    int found = 0;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return 0;
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    while (found < count) {
        char *end;
        if (strncmp(at, "max", 3) == 0) {
            out[found++] = 0;
            at += 3;
            continue;
        }
        out[found] = strtod(at, &end);
        if (end == at)
            break;
        at = end + strspn(end, " \t\n");
        found++;
    }
    return found;
}

/* The quota of one level in cores; 0: none. */
static double quota_at(const char *folder, int version)
{
    double v[2] = {0, 0};
    if (version == 2 ? numbers_in(folder, "cpu.max", v, 2) != 2
                     : numbers_in(folder, "cpu.cfs_quota_us", &v[0], 1) != 1 ||
                           numbers_in(folder, "cpu.cfs_period_us", &v[1], 1) != 1)
        return 0;
    return v[0] > 0 && v[1] > 0 ? v[0] / v[1] : 0;
}

/* The least quota from `group` up to where the hierarchy is mounted. `root` is the part of it that the mount shows. */
static double least_quota(const char *mount, const char *root, const char *group, int version)
{
    char path[2 * PATH_SIZE];
    size_t base = strlen(mount), skip = strcmp(root, "/") == 0 ? 0 : strlen(root);
    double least = 0;
    if (skip > 0 && (strncmp(group, root, skip) != 0 || (group[skip] != '/' && group[skip] != '\0')))
        skip = strlen(group); /* the mount shows another part; then what stands at its head */
    if (strstr(group, "/..") != NULL)
        skip = strlen(group);
    (void)snprintf(path, sizeof path, "%s%s", mount, group + skip);
    for (;;) {
        double quota = quota_at(path, version);
        char *slash = strrchr(path, '/');
        if (quota > 0 && (least <= 0 || quota < least))
            least = quota;
        if (strlen(path) <= base || slash == NULL || (size_t)(slash - path) < base)
            return least;
        *slash = '\0';
    }
}

/* "\040" and its like stand for characters that would end a field. */
static void unescape(char *text)
{
    char *to = text;
    while (*text != '\0') {
        if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
            *to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
            text += 4;
        } else {
            *to++ = *text++;
        }
    }
    *to = '\0';
}

/* Lines of the form "4:cpu,cpuacct:/group", for v2 "0::/group". */
static void read_groups(const char *path, hierarchy groups[2])
{
    static char line[LINE_SIZE];
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *controllers = strchr(line, ':'), *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        int version;
        if (group == NULL)
            continue;
        *group++ = '\0';
        controllers++;
        group[strcspn(group, "\n")] = '\0';
        version = *controllers == '\0' ? 2 : listed(controllers, "cpu") ? 1 : 0;
        if (version > 0 && strlen(group) < PATH_SIZE) {
            groups[version - 1].version = version;
            strcpy(groups[version - 1].group, group);
        }
    }
    if (file != NULL)
        (void)fclose(file);
}

double cores_quota(const char *groups_path, const char *mounts_path)
{
    static char line[LINE_SIZE];
    static hierarchy groups[2];
    double least = 0;
    FILE *file;
    memset(groups, 0, sizeof groups);
    read_groups(groups_path, groups);
    file = fopen(mounts_path, "re");
    /* "31 30 0:28 ROOT MOUNT rw,relatime [optional fields] - cgroup cgroup rw,cpu" */
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *field[6], *rest = line, *kind, *options = NULL, *end;
        const hierarchy *from = NULL;
        double quota;
        int i;
        for (i = 0; i < 6; i++)
            field[i] = strsep(&rest, " ");
        kind = rest == NULL ? NULL : strncmp(rest, "- ", 2) == 0 ? rest + 2 : strstr(rest, " - ");
        if (kind == NULL || field[4] == NULL)
            continue;
        kind += strncmp(kind, " - ", 3) == 0 ? 3 : 0;
        kind[strcspn(kind, "\n")] = '\0';
        end = strchr(kind, ' ');
        options = end == NULL ? NULL : strchr(end + 1, ' ');
        if (options == NULL)
            continue;
        *end = '\0';
        if (strcmp(kind, "cgroup2") == 0)
            from = &groups[1];
        else if (strcmp(kind, "cgroup") == 0 && listed(options + 1, "cpu"))
            from = &groups[0];
        if (from == NULL || from->version == 0)
            continue;
        unescape(field[3]);
        unescape(field[4]);
        quota = least_quota(field[4], field[3], from->group, from->version);
        if (quota > 0 && (least <= 0 || quota < least))
            least = quota;
    }
    if (file != NULL)
        (void)fclose(file);
    return least;
}

/* ---- Cores ---- */

static uint32_t affinity(void)
{
    int room;
    for (room = 1024; room <= 1 << 20; room *= 4) { /* more cores than the set has room for are an error */
        cpu_set_t *set = CPU_ALLOC((size_t)room);
        size_t size = CPU_ALLOC_SIZE((size_t)room);
        int failed, count = 0;
        if (set == NULL)
            return 1;
        CPU_ZERO_S(size, set);
        failed = sched_getaffinity(0, size, set) != 0;
        if (!failed)
            count = CPU_COUNT_S(size, set);
        CPU_FREE(set);
        if (!failed)
            return count < 1 ? 1 : (uint32_t)count;
        if (errno != EINVAL)
            return 1;
    }
    return 1;
}

uint32_t cores_usable(void)
{
    uint32_t count = affinity();
    double quota = cores_quota("/proc/self/cgroup", "/proc/self/mountinfo");
    const char *slurm = getenv("SLURM_CPUS_PER_TASK");
    char *end;
    if (quota > 0 && quota < count)
        count = quota < 1 ? 1 : (uint32_t)quota;
    if (slurm != NULL) {
        unsigned long given = strtoul(slurm, &end, 10);
        if (end != slurm && *end == '\0' && given > 0 && given < count)
            count = (uint32_t)given;
    }
    return count;
}

/* ---- Threads of libraries ---- */

const char *const cores_variables[CORES_VARIABLES] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                                                      "BLIS_NUM_THREADS"};

static const char *given(int variable)
{
    const char *text = getenv(cores_variables[variable]);
    return text == NULL || text[0] == '\0' ? NULL : text;
}

const char *cores_threads(int variable, uint32_t threads, char room[16])
{
    if (given(variable) != NULL)
        return given(variable);
    if (given(0) != NULL)
        return "";
    (void)snprintf(room, 16, "%u", threads < 1 ? 1 : threads);
    return room;
}

const char cores_wait_variable[] = "OMP_WAIT_POLICY";

/* Each says how a library's threads wait for work. */
static int waiting_is_given(void)
{
    static const char *const names[] = {"GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY"};
    size_t i;
    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        if (getenv(names[i]) != NULL)
            return 1;
    return 0;
}

/* A thread that spins while it waits takes the core from the one that it waits for, up to a time slice for each
 * parallel region. */
const char *cores_waiting(uint32_t threads, uint32_t workers, uint32_t cores)
{
    char room[16];
    const char *policy = getenv(cores_wait_variable);
    unsigned long each = strtoul(cores_threads(0, threads, room), NULL, 10);
    if (policy != NULL && policy[0] != '\0')
        return policy;
    return each > 1 && each * workers >= cores && !waiting_is_given() ? "passive" : "";
}

void cores_set_threads(uint32_t threads, uint32_t workers)
{
    const char *policy = cores_waiting(threads, workers, cores_usable());
    char room[16];
    int i;
    if (policy[0] != '\0')
        (void)setenv(cores_wait_variable, policy, 1);
    for (i = CORES_VARIABLES - 1; i >= 0; i--) { /* the first last: the others look at it */
        const char *text = cores_threads(i, threads, room);
        if (text[0] != '\0' && given(i) == NULL)
            (void)setenv(cores_variables[i], text, 1);
    }
}
