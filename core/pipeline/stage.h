/* stage.h: one stage of a pipeline: its plugin, its options, the handle that the plugin sees. */
#ifndef CORE_PIPELINE_STAGE_H
#define CORE_PIPELINE_STAGE_H

#include <limits.h>

#include <pipette/plugin.h>

#include "config/config.h"
#include "plugin/search.h"

typedef void (*stage_log)(int level, const char *text, void *user);

typedef struct stage {
    pipette_stage handle;                 /* first: what the plugin sees */
    const pipette_option *options;        /* the stage's group in the config; NULL: none */
    const pipette_descriptor *descriptor; /* NULL for the model, which lives in the model host */
    char
        name[PATH_MAX]; /* of the plugin, for messages; until it is loaded, as the config has it, which may be a file */
    const char *what;   /* it is: "plugin" or "function" */
    int created;
    stage_log log;
    void *log_user;
    int code;
    int located;        /* the message has file and line already */
    char message[1024]; /* what fail() recorded last; "" after stage_clear() */
} stage;

/* Sets the handle up; `options` and `log` may be NULL. */
void stage_init(stage *stage, const char *name, const pipette_option *options, stage_log log, void *log_user);

/* What fail() recorded, for code that has only the handle; "" if nothing. */
const char *stage_message(pipette_stage *handle);
void stage_clear(stage *stage);

/* An error of the stage: its own message, else `fallback` (may be NULL), else the status' text. Before it stand the
 * plugin's name and, for stages that the config alone decides, file and line. */
int stage_error(const stage *stage, int status, const char *fallback, pipette_error *error);

/* Finds and loads the stage's plugin into this process: probed in a child first, unless it belongs to the installation.
 */
int stage_load(stage *stage, plugin_search *search, const char *base, int kind, pipette_error *error);

#endif
