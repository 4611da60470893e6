/* stage.c: the handle that a stage's plugin sees, and loading that plugin. */
#include "pipeline/stage.h"

#include "pipeline/keys.h"
#include "plugin/loader.h"
#include "plugin/probe.h"

static stage *stage_of(pipette_stage *handle)
{
    return (stage *)(void *)handle;
}

static int stage_fail_(pipette_stage *handle, int code, const char *format, ...) PIPETTE_PRINTF(3, 4);
static int stage_fail_(pipette_stage *handle, int code, const char *format, ...)
{
    stage *s = stage_of(handle);
    va_list arguments;
    s->code = code < 0 ? code : PIPETTE_E_PLUGIN;
    s->located = 0;
    va_start(arguments, format);
    (void)vsnprintf(s->message, sizeof s->message, format, arguments);
    va_end(arguments);
    return s->code;
}

static void stage_log_(pipette_stage *handle, int level, const char *format, ...) PIPETTE_PRINTF(3, 4);
static void stage_log_(pipette_stage *handle, int level, const char *format, ...)
{
    stage *s = stage_of(handle);
    char text[1024], line[1200];
    va_list arguments;
    if (s->log == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(line, sizeof line, "%.160s: %s", s->name, text);
    s->log(level, line, s->log_user);
}

static const pipette_option *stage_option(pipette_stage *handle, const pipette_option *parent, const char *name)
{
    if (parent == NULL)
        parent = stage_of(handle)->options;
    return parent == NULL ? NULL : config_get(parent, name);
}

static uint64_t stage_option_count(pipette_stage *handle, const pipette_option *option)
{
    if (option == NULL)
        option = stage_of(handle)->options;
    return option == NULL ? 0 : config_count(option);
}

static const pipette_option *stage_option_at(pipette_stage *handle, const pipette_option *option, uint64_t index)
{
    if (option == NULL)
        option = stage_of(handle)->options;
    return option == NULL ? NULL : config_at(option, index);
}

static const char *stage_option_name(pipette_stage *handle, const pipette_option *option)
{
    const char *name = config_name(option);
    (void)handle;
    return name == NULL ? "" : name;
}

static int stage_option_value(pipette_stage *handle, const pipette_option *option, int type, pipette_value *value)
{
    pipette_error error = {0};
    int status = config_value(option, type, value, &error);
    if (status == PIPETTE_OK)
        return status;
    status = stage_fail_(handle, status, "%s", error.message);
    stage_of(handle)->located = 1;
    return status;
}

static int stage_option_fail(pipette_stage *handle, const pipette_option *option, int code, const char *format, ...)
    PIPETTE_PRINTF(4, 5);
static int stage_option_fail(pipette_stage *handle, const pipette_option *option, int code, const char *format, ...)
{
    pipette_error error = {0};
    va_list arguments;
    va_start(arguments, format);
    if (option != NULL)
        (void)config_vfail(option, &error, code, format, arguments);
    else
        (void)pipette_error_vset(&error, code, format, arguments);
    va_end(arguments);
    code = stage_fail_(handle, code, "%s", error.message);
    stage_of(handle)->located = option != NULL;
    return code;
}

static const pipette_stage_host host = {
    .size = sizeof(pipette_stage_host),
    .fail = stage_fail_,
    .log = stage_log_,
    .option = stage_option,
    .option_count = stage_option_count,
    .option_at = stage_option_at,
    .option_name = stage_option_name,
    .option_value = stage_option_value,
    .option_fail = stage_option_fail,
};

void stage_init(stage *s, const char *name, const pipette_option *options, stage_log log, void *log_user)
{
    memset(s, 0, sizeof *s);
    s->handle.size = sizeof s->handle;
    s->handle.host = &host;
    s->what = "plugin";
    s->options = options;
    s->log = log;
    s->log_user = log_user;
    (void)snprintf(s->name, sizeof s->name, "%s", name);
}

const char *stage_message(pipette_stage *handle)
{
    return stage_of(handle)->message;
}

void stage_clear(stage *s)
{
    s->message[0] = '\0';
    s->code = 0;
    s->located = 0;
}

int stage_error(const stage *s, int status, const char *fallback, pipette_error *error)
{
    const char *text = s->message;
    if (text[0] == '\0')
        text = fallback != NULL && fallback[0] != '\0' ? fallback : pipette_status_text(status);
    if (status >= 0)
        status = PIPETTE_E_PLUGIN;
    if (s->located && text == s->message)
        return pipette_error_set(error, status, "%s", text);
    if (s->options != NULL && s->descriptor != NULL && s->descriptor->kind != PIPETTE_KIND_STORAGE &&
        strcmp(s->what, "plugin") == 0)
        return config_fail(config_get(s->options, "plugin"), error, status, "%s '%s': %s", s->what, s->name, text);
    return pipette_error_set(error, status, "%s '%s': %s", s->what, s->name, text);
}

int stage_load(stage *s, plugin_search *search, const char *base, int kind, pipette_error *error)
{
    const char *path;
    pipette_error why = {0};
    int status = plugin_search_find(search, s->name, base, &path, &why);
    if (status == PIPETTE_E_NOT_FOUND)
        status = PIPETTE_E_PLUGIN;
    if (status == PIPETTE_OK && !plugin_search_trusted(search, path)) {
        plugin_schema *schema = NULL;
        status = plugin_probe(path, PLUGIN_LOAD_SECONDS, &schema, &why);
        schema_destroy(schema);
    }
    if (status == PIPETTE_OK)
        status = plugin_load(path, &s->descriptor, &why);
    if (status == PIPETTE_OK && s->descriptor->kind != kind)
        status = pipette_error_set(&why, PIPETTE_E_PLUGIN, "%s: plugin '%s' is of kind %s, this stage needs %s", path,
                                   s->name, pipette_kind_text(s->descriptor->kind), pipette_kind_text(kind));
    if (status == PIPETTE_OK) /* messages and the log speak of the plugin, not of its file */
        (void)snprintf(s->name, sizeof s->name, "%s", s->descriptor->name);
    if (status == PIPETTE_OK && s->options != NULL)
        return keys_check(s->options, s->name, kind, s->descriptor->options, s->descriptor->option_count,
                          s->descriptor->option_stride, error);
    if (status == PIPETTE_OK)
        return status;
    if (s->options != NULL) {
        const pipette_option *plugin = config_get(s->options, "plugin");
        return config_fail(plugin == NULL ? s->options : plugin, error, status, "%s", why.message);
    }
    return pipette_error_set(error, status, "%s", why.message);
}
