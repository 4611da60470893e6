/* stored_values.c: a trajectory whose values stand elsewhere, in a file: the same names and views; a value is read when
 * it is touched. */
#include "trajectory/handle.h"

#include <stdlib.h>

#define READ_ONLY "the trajectory of a file is only looked at: nothing can be added to it here"

/* ---- Names ---- */

/* A name whose words for single runs become run_ALL, below which the results of all runs stand; *run: the one that it
 * speaks of. */
static int without_run(const char *name, char *out, uint64_t *run, pipette_error *error)
{
    char expanded[NAME_PATH_SIZE];
    const char *at = expanded;
    size_t used = 0;
    int status = name_expand(name, NAME_NO_RUN, 1, 1, expanded, NULL, error);
    *run = NAME_NO_RUN;
    while (status == PIPETTE_OK) {
        const size_t length = strcspn(at, ".");
        const uint64_t named = name_run(at, length);
        if (named != NAME_NO_RUN)
            *run = named;
        used += (size_t)snprintf(out + used, NAME_PATH_SIZE - used, "%s%.*s", used > 0 ? "." : "",
                                 named != NAME_NO_RUN ? (int)strlen("run_ALL") : (int)length,
                                 named != NAME_NO_RUN ? "run_ALL" : at);
        if (used >= NAME_PATH_SIZE)
            return pipette_error_set(error, PIPETTE_E_INVALID, "name '%.60s...' is too long", name);
        if (at[length] == '\0')
            break;
        at += length + 1;
    }
    return status;
}

/* The node, and the run that it is asked for: the one that the name speaks of, else that of the view. */
static int find_stored(trajectory_handle *h, const char *name, tree_node **node, uint64_t *run)
{
    const node_tree *nodes = &h->core->nodes;
    char general[NAME_PATH_SIZE];
    pipette_error ignored = {0};
    uint64_t named;
    int status = tree_find(nodes, name, NAME_NO_RUN, 0, node, &h->error);
    *run = h->run;
    if (status != PIPETTE_E_NOT_FOUND)
        return status;
    if (without_run(name, general, &named, &ignored) != PIPETTE_OK || named == NAME_NO_RUN)
        return status;
    if (tree_find(nodes, general, NAME_NO_RUN, 0, node, &ignored) != PIPETTE_OK)
        return status;
    if (h->run != PIPETTE_DEFAULT_RUN && named != h->run) {
        char of[PIPETTE_RUN_NAME_SIZE];
        return pipette_error_set(&h->error, PIPETTE_E_NOT_FOUND, "there is no '%.400s' in the view of %s", name,
                                 pipette_run_name(h->run, of));
    }
    *run = named;
    return PIPETTE_OK;
}

/* ---- Values ---- */

static int load_leaf(trajectory_handle *h, tree_node *node)
{
    trajectory_core *core = h->core;
    pipette_value value = pipette_value_none(), own;
    int status = core->source->fetch(core->source_user, node->stored - 1, PIPETTE_DEFAULT_RUN, &value, &h->error);
    if (status == PIPETTE_OK)
        status = value_convert(&value, PIPETTE_TYPE_NONE, node->path, &own, &h->error);
    if (status != PIPETTE_OK)
        return status;
    if (node->loaded)
        value_destroy(&node->value);
    node->value = own;
    node->loaded = 1;
    return PIPETTE_OK;
}

static int fetch_result(trajectory_handle *h, const tree_node *node, uint64_t run, pipette_value *value)
{
    pipette_value borrowed = pipette_value_none(), own;
    int status = h->core->source->fetch(h->core->source_user, node->stored - 1, run, &borrowed, &h->error);
    if (status == PIPETTE_OK)
        status = value_convert(&borrowed, PIPETTE_TYPE_NONE, node->path, &own, &h->error);
    if (status != PIPETTE_OK)
        return status;
    if (h->fetched.type != PIPETTE_TYPE_NONE)
        value_destroy(&h->fetched);
    h->fetched = own;
    *value = own;
    return PIPETTE_OK;
}

static int get(pipette_trajectory *trajectory, const char *name, pipette_value *value)
{
    trajectory_handle *h = handle_of(trajectory);
    tree_node *node;
    uint64_t run;
    int status = find_stored(h, name, &node, &run);
    if (status != PIPETTE_OK)
        return status;
    if (!node->leaf)
        return pipette_error_set(&h->error, PIPETTE_E_INVALID, "'%.400s' is a group and has no value", node->path);
    if (node->per_run && run == PIPETTE_DEFAULT_RUN)
        return pipette_error_set(&h->error, PIPETTE_E_INVALID,
                                 "'%.400s' is a result of each run: name one (run_00000013), or take the view of one",
                                 node->path);
    if (node->stored != 0 && !node->loaded && !h->core->load_on_touch)
        return pipette_error_set(&h->error, PIPETTE_E_LOCKED, "'%.400s' is not loaded", node->path);
    if (node->per_run)
        return fetch_result(h, node, run, value);
    if (node->stored != 0 && !node->loaded && (status = load_leaf(h, node)) != PIPETTE_OK)
        return status;
    trajectory_value_seen(h, node, value);
    return PIPETTE_OK;
}

int trajectory_load(pipette_trajectory *trajectory, const char *name, int anew)
{
    trajectory_handle *h = handle_of(trajectory);
    tree_node *top, *node;
    uint64_t run;
    int status = find_stored(h, name == NULL ? "" : name, &top, &run);
    for (node = status == PIPETTE_OK ? top : NULL; node != NULL && status == PIPETTE_OK; node = tree_next(top, node))
        if (node->stored != 0 && !node->per_run && (anew || !node->loaded))
            status = load_leaf(h, node);
    return status;
}

/* ---- Looking ---- */

/* In the view of a run, its results have its name. */
static int describe(trajectory_handle *h, const tree_node *node, uint64_t run, pipette_node *out)
{
    const char *all = node->run_all ? strstr(node->path, "run_ALL") : NULL;
    char name[PIPETTE_RUN_NAME_SIZE], *path;
    trajectory_describe(h, node, out);
    if (node->stored != 0 && !node->loaded) {
        out->type = node->stored_type;
        out->value = pipette_value_none();
    }
    if (all == NULL || run == PIPETTE_DEFAULT_RUN)
        return PIPETTE_OK;
    if (asprintf(&path, "%.*s%s%s", (int)(all - node->path), node->path, pipette_run_name(run, name),
                 all + strlen("run_ALL")) < 0)
        return pipette_error_set(&h->error, PIPETTE_E_MEMORY, "out of memory");
    free(h->path);
    h->path = path;
    out->path = path;
    out->name = strrchr(path, '.') + 1;
    return PIPETTE_OK;
}

static int find(pipette_trajectory *trajectory, const char *name, pipette_node *out)
{
    trajectory_handle *h = handle_of(trajectory);
    tree_node *node;
    uint64_t run;
    int status = find_stored(h, name, &node, &run);
    return status == PIPETTE_OK ? describe(h, node, run, out) : status;
}

static int walk(pipette_trajectory *trajectory, const char *name, pipette_visit visit, void *user)
{
    trajectory_handle *h = handle_of(trajectory);
    tree_node *top, *node;
    uint64_t run;
    int status = find_stored(h, name == NULL ? "" : name, &top, &run);
    for (node = status == PIPETTE_OK ? top : NULL; node != NULL && status == PIPETTE_OK; node = tree_next(top, node)) {
        pipette_node seen;
        status = describe(h, node, run, &seen);
        if (status == PIPETTE_OK)
            status = visit(&seen, user);
    }
    return status;
}

static int refuse_add(pipette_trajectory *trajectory, int branch, const char *path, const pipette_value *value,
                      const char *unit, const char *comment)
{
    (void)branch;
    (void)path;
    (void)value;
    (void)unit;
    (void)comment;
    return pipette_trajectory_fail(trajectory, PIPETTE_E_UNSUPPORTED, READ_ONLY);
}

static int refuse_expand(pipette_trajectory *trajectory, const pipette_exploration *points)
{
    (void)points;
    return pipette_trajectory_fail(trajectory, PIPETTE_E_UNSUPPORTED, READ_ONLY);
}

/* ---- Making ---- */

void trajectory_set_source(pipette_trajectory *trajectory, const trajectory_source *source, void *user, int touch)
{
    trajectory_core *core = handle_of(trajectory)->core;
    core->source = source;
    core->source_user = user;
    core->load_on_touch = touch;
    core->keeping = trajectory_host;
    core->keeping.get = get;
    core->keeping.find = find;
    core->keeping.walk = walk;
    core->keeping.add = refuse_add;
    core->keeping.expand = refuse_expand;
    trajectory->host = &core->keeping;
}

void *trajectory_source_user(const pipette_trajectory *trajectory, const trajectory_source *source)
{
    const trajectory_core *core = handle_of(trajectory)->core;
    return core->source == source ? core->source_user : NULL;
}

static char *copy_note(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : strdup(text);
}

int trajectory_add_stored(pipette_trajectory *trajectory, const char *path, int type, const char *unit,
                          const char *comment, uint32_t entry, int per_run, pipette_error *error)
{
    char full[NAME_PATH_SIZE];
    tree_node *node;
    int status = name_expand(path, NAME_NO_RUN, 0, 0, full, NULL, error);
    if (status == PIPETTE_OK)
        status = tree_add(&handle_of(trajectory)->core->nodes, full, &node, error);
    if (status != PIPETTE_OK)
        return status;
    node->unit = copy_note(unit);
    node->comment = copy_note(comment);
    node->value = pipette_value_none();
    node->locked = 1;
    node->stored = entry + 1;
    node->stored_type = type;
    node->per_run = per_run;
    return PIPETTE_OK;
}
