/* Tests of how many cores there are: quotas of cgroups, from files as the kernel writes them. */
#include "command.h"
#include "engine/cores.h"
#include "suite.h"

/* Files in the folder: `mounts` with the folder in place of each '@'. */
static double quota(const char *groups, const char *mounts)
{
    char text[4096];
    size_t used = 0;
    for (; *mounts != '\0'; mounts++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%.*s", *mounts == '@' ? (int)strlen(folder) : 1,
                                 *mounts == '@' ? folder : mounts);
    file_write("groups", groups);
    file_write("mounts", text);
    return cores_quota(in_folder("groups"), in_folder("mounts"));
}

#define V2 "30 24 0:26 / @/v2 rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1 "31 24 0:27 / @/cpu rw,nosuid shared:9 master:2 - cgroup cgroup rw,cpu,cpuacct\n"

static void test_v2(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(SHELL("mkdir -p v2/user.slice/job/step"), 0);
    file_write("v2/user.slice/job/cpu.max", "150000 100000\n");
    file_write("v2/user.slice/job/step/cpu.max", "max 100000\n");
    CU_ASSERT_EQUAL(quota("0::/user.slice/job/step\n", V2), 1.5);
    file_write("v2/user.slice/cpu.max", "50000 100000\n");
    CU_ASSERT_EQUAL(quota("0::/user.slice/job/step\n", V2), 0.5);
    CU_ASSERT_EQUAL(quota("0::/user.slice\n", V2), 0.5);
    CU_ASSERT_EQUAL(quota("0::/\n", V2), 0);
    /* In a container: the head of what is mounted is our own group. */
    file_write("v2/cpu.max", "300000 100000\n");
    CU_ASSERT_EQUAL(quota("0::/\n", V2), 3);
    CU_ASSERT_EQUAL(quota("0::/docker/1a2b\n", "30 24 0:26 /docker/1a2b @/v2 ro - cgroup2 cgroup rw\n"), 3);
    CU_ASSERT_EQUAL(quota("0::/../../elsewhere\n", V2), 3);
    folder_end();
}

static void test_v1(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(SHELL("mkdir -p cpu/slurm/job 'with space/cpu/slurm/job'"), 0);
    file_write("cpu/slurm/cpu.cfs_quota_us", "800000\n");
    file_write("cpu/slurm/cpu.cfs_period_us", "100000\n");
    file_write("cpu/slurm/job/cpu.cfs_quota_us", "-1\n");
    file_write("cpu/slurm/job/cpu.cfs_period_us", "100000\n");
    CU_ASSERT_EQUAL(quota("9:memory:/other\n4:cpu,cpuacct:/slurm/job\n0::/\n", V1), 8);
    CU_ASSERT_EQUAL(quota("9:cpuset:/slurm/job\n3:cpuacct:/slurm/job\n", V1), 0);
    file_write("with space/cpu/slurm/job/cpu.cfs_quota_us", "25000\n");
    file_write("with space/cpu/slurm/job/cpu.cfs_period_us", "50000\n");
    CU_ASSERT_EQUAL(quota("4:cpu:/slurm/job\n", "31 24 0:27 / @/with\\040space/cpu rw - cgroup cgroup rw,cpu\n"), 0.5);
    folder_end();
}

/* Both at once, nothing, nonsense. */
static void test_others(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(SHELL("mkdir -p cpu/a v2/b"), 0);
    file_write("cpu/a/cpu.cfs_quota_us", "400000\n");
    file_write("cpu/a/cpu.cfs_period_us", "100000\n");
    file_write("v2/b/cpu.max", "200000 100000\n");
    CU_ASSERT_EQUAL(quota("4:cpu:/a\n0::/b\n", V1 V2), 2);
    CU_ASSERT_EQUAL(quota("4:cpu:/a\n0::/b\n", V1), 4);
    file_write("v2/b/cpu.max", "none\n");
    CU_ASSERT_EQUAL(quota("0::/b\n", V2), 0);
    file_write("v2/b/cpu.max", "0 0\n");
    CU_ASSERT_EQUAL(quota("0::/b\n", V2), 0);
    CU_ASSERT_EQUAL(quota("", ""), 0);
    CU_ASSERT_EQUAL(quota("no colon\n:\n::\n0::\n", "too short\n1 2 3 4 5 6\n1 2 3 4 5 6 - \n" V2), 0);
    CU_ASSERT_EQUAL(cores_quota("/nowhere", "/nowhere"), 0);
    folder_end();
}

static void test_threads(void)
{
    char room[16];
    int i;
    for (i = 0; i < CORES_VARIABLES; i++)
        (void)unsetenv(cores_variables[i]);
    CU_ASSERT_STRING_EQUAL(cores_threads(1, 6, room), "6");
    (void)setenv("MKL_NUM_THREADS", "2", 1);
    cores_set_threads(3, 1);
    CU_ASSERT_STRING_EQUAL(getenv("OMP_NUM_THREADS"), "3");
    CU_ASSERT_STRING_EQUAL(getenv("OPENBLAS_NUM_THREADS"), "3");
    CU_ASSERT_STRING_EQUAL(getenv("MKL_NUM_THREADS"), "2");
    CU_ASSERT_STRING_EQUAL(getenv("BLIS_NUM_THREADS"), "3");
    (void)unsetenv("BLIS_NUM_THREADS");
    cores_set_threads(1, 1); /* OMP_NUM_THREADS is the user's by now: the others follow it by themselves */
    CU_ASSERT_PTR_NULL(getenv("BLIS_NUM_THREADS"));
    CU_ASSERT_STRING_EQUAL(cores_threads(3, 1, room), "");
    (void)setenv("SLURM_CPUS_PER_TASK", "1", 1);
    CU_ASSERT_EQUAL(cores_usable(), 1);
    (void)setenv("SLURM_CPUS_PER_TASK", "two", 1);
    CU_ASSERT(cores_usable() >= 1);
}

/* Idle threads sleep where all cores are needed; what the user wants is done. */
static void test_waiting(void)
{
    (void)unsetenv("OMP_WAIT_POLICY");
    (void)unsetenv("OMP_NUM_THREADS");
    CU_ASSERT_STRING_EQUAL(cores_waiting(1, 8, 8), "");
    CU_ASSERT_STRING_EQUAL(cores_waiting(4, 2, 8), "passive");
    CU_ASSERT_STRING_EQUAL(cores_waiting(3, 2, 8), "");
    (void)setenv("OMP_NUM_THREADS", "2,4", 1);
    CU_ASSERT_STRING_EQUAL(cores_waiting(1, 4, 8), "passive");
    CU_ASSERT_STRING_EQUAL(cores_waiting(8, 3, 8), "");
    (void)setenv("GOMP_SPINCOUNT", "1000", 1);
    CU_ASSERT_STRING_EQUAL(cores_waiting(1, 4, 8), "");
    (void)unsetenv("GOMP_SPINCOUNT");
    (void)setenv("OMP_WAIT_POLICY", "active", 1);
    CU_ASSERT_STRING_EQUAL(cores_waiting(1, 4, 8), "active");
    cores_set_threads(1, 4);
    CU_ASSERT_STRING_EQUAL(getenv("OMP_WAIT_POLICY"), "active");
    (void)unsetenv("OMP_WAIT_POLICY");
    cores_set_threads(1, 1000000);
    CU_ASSERT_STRING_EQUAL(getenv("OMP_WAIT_POLICY"), "passive");
}

SUITE("cores", {"quotas of cgroup v2", test_v2}, {"quotas of cgroup v1", test_v1},
      {"both, none, nonsense", test_others}, {"threads of libraries", test_threads},
      {"how idle threads wait", test_waiting}, )
