/* space.c: what the experiment needs on the disk, and what is free there. */
#include <string.h>
#include <sys/statvfs.h>

#include "pipeline/pipeline.h"

uint64_t space_free(const char *file)
{
    char folder[4096];
    struct statvfs disk;
    (void)snprintf(folder, sizeof folder, "%s", file);
    for (;;) { /* the nearest folder that exists: missing ones will be made */
        char *slash = strrchr(folder, '/');
        int top = slash == NULL || slash == folder;
        if (slash == NULL)
            strcpy(folder, ".");
        else
            slash[slash == folder ? 1 : 0] = '\0';
        if (statvfs(folder, &disk) == 0)
            return (uint64_t)disk.f_bavail * disk.f_frsize;
        if (top)
            return 0;
    }
}

static const char *readable(uint64_t bytes, char *out, size_t size)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double number = (double)bytes;
    size_t unit = 0;
    while (number >= 1000 && unit + 1 < PIPETTE_COUNT_OF(units)) {
        number /= 1000;
        unit++;
    }
    (void)snprintf(out, size, unit == 0 ? "%.0f %s" : "%.1f %s", number, units[unit]);
    return out;
}

int space_check(pipette_pipeline *p, uint64_t rows, pipette_error *error)
{
    uint64_t all = layout_bytes(p), there = space_free(p->file), need;
    char needed[40], have[40];
    if (there == 0 || p->row_count == 0 || p->compression > 0)
        return PIPETTE_OK;
    need = (uint64_t)((double)all * ((double)rows / (double)p->row_count));
    (void)readable(need, needed, sizeof needed);
    (void)readable(there, have, sizeof have);
    if (need > there)
        return pipette_error_set(
            error, PIPETTE_E_STORAGE,
            "%s: %llu runs need %s, but only %s are free there; make room, or ask for fewer with --runs", p->file,
            (unsigned long long)rows, needed, have);
    pipeline_log(p, 0, "%llu runs need %s; %s are free", (unsigned long long)rows, needed, have);
    return PIPETTE_OK;
}
