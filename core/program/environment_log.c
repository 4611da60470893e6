/* environment_log.c: where an environment's log goes: a file, standard output, the program's own function. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "program/environment.h"

#define SAY_SECONDS 1.0 /* between two lines of progress */

static int make_folders(const char *folder)
{
    char *path = strdup(folder), *slash;
    int failed = path == NULL;
    for (slash = path; !failed && (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        failed = mkdir(path, 0777) != 0 && errno != EEXIST;
        *slash = '/';
    }
    failed = failed || (mkdir(path, 0777) != 0 && errno != EEXIST);
    free(path);
    return failed;
}

int environment_log_open(pipette_environment *env)
{
    const char *folder = env->options.log_folder;
    size_t size;
    char *path;
    if (folder == NULL || folder[0] == '\0')
        return PIPETTE_OK;
    if (make_folders(folder))
        return PIPETTE_E_SYSTEM;
    size = strlen(folder) + strlen(env->name) + 8;
    path = malloc(size);
    if (path == NULL)
        return PIPETTE_E_MEMORY;
    (void)snprintf(path, size, "%s/%s.log", folder, env->name);
    env->log = fopen(path, "ae");
    free(path);
    return env->log == NULL ? PIPETTE_E_SYSTEM : PIPETTE_OK;
}

void environment_log_close(pipette_environment *env)
{
    if (env->log != NULL)
        (void)fclose(env->log);
    env->log = NULL;
}

static const char *level_text(int level)
{
    static const char *const texts[] = {"INFO", "ERROR", "WARNING", "INFO", "DEBUG"};
    return level >= 0 && level <= PIPETTE_LOG_DEBUG ? texts[level] : "DEBUG";
}

void environment_note(int level, const char *text, void *user)
{
    pipette_environment *env = user;
    const int most = env->options.log_level == 0 ? PIPETTE_LOG_INFO : env->options.log_level;
    char when[32] = "";
    time_t now = time(NULL);
    struct tm broken;
    if (env->options.log != NULL)
        env->options.log(level, text, env->options.user);
    if (level > most)
        return;
    if (env->log != NULL) {
        if (gmtime_r(&now, &broken) != NULL)
            (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &broken);
        fprintf(env->log, "%s %s %s\n", when, level_text(level), text);
        (void)fflush(env->log);
    }
    if (env->options.log_stdout) {
        printf("%s%s%s\n", level == PIPETTE_LOG_ERROR || level == PIPETTE_LOG_WARNING ? level_text(level) : "",
               level == PIPETTE_LOG_ERROR || level == PIPETTE_LOG_WARNING ? ": " : "", text);
        (void)fflush(stdout);
    }
}

void environment_progress(const pipette_progress *now, void *user)
{
    pipette_environment *env = user;
    const uint64_t ended = now->done + now->failed + now->timed_out + now->infeasible;
    char text[200];
    if (env->options.progress != NULL)
        env->options.progress(now, env->options.user);
    if (now->run_count == 0)
        return;
    if ((env->log == NULL && !env->options.log_stdout) ||
        (ended < now->run_count && now->seconds < env->said + SAY_SECONDS))
        return;
    env->said = now->seconds;
    (void)snprintf(text, sizeof text, "%.100s: %llu of %llu runs, %.3g s", env->name, (unsigned long long)ended,
                   (unsigned long long)now->run_count, now->seconds);
    environment_note(PIPETTE_LOG_INFO, text, env);
}

void pipette_environment_log(pipette_environment *env, int level, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    if (env == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    environment_note(level, text, env);
}
