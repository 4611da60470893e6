/* environment_config.c: what an environment says, as the config that says the same. It is stored with the results. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "program/environment.h"

char *environment_plain_name(arena *memory, const char *name, const char *fallback)
{
    enum { LONGEST = 120 };
    char plain[LONGEST + 1];
    size_t i;
    if (name != NULL && name[0] == '&')
        name++;
    if (name == NULL || !isalpha((unsigned char)name[0]))
        name = fallback;
    for (i = 0; i < LONGEST && name[i] != '\0'; i++)
        plain[i] = isalnum((unsigned char)name[i]) || name[i] == '_' || name[i] == '-' ? name[i] : '_';
    return arena_text(memory, plain, i);
}

/* As libconfig reads it. */
static void put_text(FILE *out, const char *key, const char *text)
{
    const unsigned char *at;
    fprintf(out, "%s = \"", key);
    for (at = (const unsigned char *)text; *at != '\0'; at++)
        if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at == '\n')
            fputs("\\n", out);
        else if (*at < 0x20)
            fprintf(out, "\\x%02x", *at);
        else
            fputc(*at, out);
    fputs("\";", out);
}

static void put_stages(FILE *out, const char *key, int kind, const pipette_environment *env, uint32_t extra,
                       const program_stage *const *more)
{
    uint32_t i, count = 0;
    for (i = 0; i < env->stage_count + extra; i++) {
        const program_stage *s = i < env->stage_count ? env->stages[i] : more[i - env->stage_count];
        if (s->kind != kind)
            continue;
        fprintf(out, count++ == 0 ? "%s = (\n  { " : ",\n  { ", key);
        put_text(out, "plugin", s->name);
        if (s->options != NULL)
            fprintf(out, " %s", s->options);
        fputs(" }", out);
    }
    if (count > 0)
        fputs(" );\n", out);
}

char *environment_config(const pipette_environment *env, const char *run_name, uint32_t extra,
                         const program_stage *const *more)
{
    const pipette_environment_options *o = &env->options;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int failed;
    if (out == NULL)
        return NULL;
    put_text(out, "name", env->name);
    fputs("\n", out);
    put_text(out, "comment", o->comment == NULL ? "" : o->comment);
    fprintf(out, "\nseed = %" PRIu64 "%s;\nrun = { ", o->seed, o->seed > INT32_MAX ? "L" : "");
    put_text(out, "plugin", run_name);
    if (o->isolation != NULL)
        put_text(out, " isolation", o->isolation);
    if (o->workdir != NULL)
        put_text(out, " workdir", o->workdir);
    if (o->memory_limit > 0)
        fprintf(out, " memory_limit = %" PRIu64 "L;", o->memory_limit);
    fputs(" };\n", out);
    if (env->runs_begun == 0)
        put_stages(out, "preprocess", PIPETTE_KIND_PREPROCESS, env, 0, NULL);
    put_stages(out, "postprocess", PIPETTE_KIND_POSTPROCESS, env, extra, more);
    fputs("storage = { ", out);
    put_text(out, "plugin", o->storage == NULL ? "hdf5" : o->storage);
    put_text(out, " file", env->file);
    if (o->storage_options != NULL)
        fprintf(out, " %s", o->storage_options);
    fputs(" };\n", out);
    failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
