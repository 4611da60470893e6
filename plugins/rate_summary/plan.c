/* plan.c: chooses the value and the dimensions of the table, and checks everything that can be checked before a run. */
#include "plan.h"

#include <stdlib.h>

static const uint64_t CELLS_MAXIMUM = 100000000;

void plan_free(summary_plan *plan)
{
    uint32_t i;
    if (plan == NULL)
        return;
    for (i = 0; i < plan->dimension_count; i++) {
        free(plan->dimensions[i].name);
        free(plan->dimensions[i].texts);
    }
    free(plan);
}

/* ---- Texts ---- */

/* Adds an element to a list such as "I, tau_ref"; one that does not fit is left out. */
static void append(char *text, const char *element)
{
    const size_t used = strlen(text);
    if (used + strlen(element) + 3 <= TEXT_SIZE)
        (void)snprintf(text + used, TEXT_SIZE - used, "%s%s", used == 0 ? "" : ", ", element);
}

/* "results.neuron.$.rate" as a person writes it: "neuron.rate". */
static void short_column_name(const char *path, char *out)
{
    size_t used = 0;
    if (strncmp(path, "results.", 8) == 0)
        path += 8;
    while (*path != '\0' && used + 1 < TEXT_SIZE) {
        if (path[0] == '$' && path[1] == '.')
            path += 2;
        else
            out[used++] = *path++;
    }
    out[used] = '\0';
}

static const char *below_branch(const char *path)
{
    return strncmp(path, "parameters.", 11) == 0 ? path + 11 : path;
}

/* ---- The value ---- */

/* The results that could be summarised (only the returned ones if `returned`), as a list for messages; how many. */
static uint32_t list_columns(pipette_results *results, int returned, pipette_column_info *found, char *text)
{
    const uint32_t count = pipette_column_count(results);
    uint32_t fit = 0, i;
    text[0] = '\0';
    for (i = 0; i < count; i++) {
        pipette_column_info info;
        char name[TEXT_SIZE];
        memset(&info, 0, sizeof info);
        info.size = (uint32_t)sizeof info;
        if (pipette_column(results, i, &info) != PIPETTE_OK)
            continue;
        if (returned ? (info.flags & PIPETTE_RETURNED) == 0 : (info.rank != 0 || info.type == PIPETTE_TYPE_STRING))
            continue;
        short_column_name(info.path, name);
        append(text, name);
        *found = info;
        fit++;
    }
    return fit;
}

static int choose_column(pipette_stage *stage, pipette_results *results, summary_plan *plan)
{
    const pipette_option *option = pipette_option_get(stage, NULL, "value");
    const char *name = NULL;
    char candidates[TEXT_SIZE];
    pipette_column_info ignored;
    int status = pipette_option_string(stage, "value", &name);
    const char *last;
    if (status != PIPETTE_OK)
        return status;
    memset(&ignored, 0, sizeof ignored);
    memset(&plan->column, 0, sizeof plan->column);
    plan->column.size = (uint32_t)sizeof plan->column;
    if (name == NULL) {
        const uint32_t returned = list_columns(results, 1, &plan->column, candidates);
        if (returned > 1)
            return pipette_stage_fail(stage, PIPETTE_E_CONFIG,
                                      "the model returns several results; choose one with value = \"NAME\": %s",
                                      candidates);
        if (returned == 0) {
            (void)list_columns(results, 0, &ignored, candidates);
            return pipette_stage_fail(stage, PIPETTE_E_CONFIG,
                                      "the model returns no result, or the run stage leaves it out (omit); choose one "
                                      "with value = \"NAME\": %s",
                                      candidates[0] != '\0' ? candidates : "(it has none with one number per run)");
        }
    } else {
        status = pipette_column_find(results, name, &plan->column);
        if (status == PIPETTE_E_NOT_FOUND) {
            (void)list_columns(results, 0, &ignored, candidates);
            return pipette_option_fail(stage, option, status, "%s; one number per run: %s",
                                       pipette_results_message(results), candidates[0] != '\0' ? candidates : "none");
        }
        if (status < 0)
            return pipette_option_fail(stage, option, status, "%s", pipette_results_message(results));
    }
    if (plan->column.rank != 0 || plan->column.type == PIPETTE_TYPE_STRING) {
        const char *const what = plan->column.rank != 0 ? "an array" : "text";
        (void)list_columns(results, 0, &ignored, candidates);
        if (option != NULL)
            return pipette_option_fail(stage, option, PIPETTE_E_TYPE,
                                       "'%s' is %s in each run; a summary takes one number: %s", name, what,
                                       candidates);
        return pipette_stage_fail(stage, PIPETTE_E_TYPE,
                                  "the returned '%s' is %s in each run; choose one number with value = \"NAME\": %s",
                                  plan->column.path, what, candidates);
    }
    plan->type = plan->column.type == PIPETTE_TYPE_COMPLEX ? PIPETTE_TYPE_COMPLEX : PIPETTE_TYPE_F64;
    last = strrchr(plan->column.path, '.');
    (void)snprintf(plan->default_name, sizeof plan->default_name, "%s", last != NULL ? last + 1 : plan->column.path);
    plan->name = plan->default_name;
    plan->table = "summary.firing_rates";
    status = pipette_option_string(stage, "name", &plan->name);
    return status == PIPETTE_OK ? pipette_option_string(stage, "table", &plan->table) : status;
}

/* ---- The dimensions ---- */

static int add_dimension(pipette_stage *stage, pipette_trajectory *trajectory, const char *path, summary_plan *plan)
{
    summary_dimension *added;
    int status;
    if (plan->dimension_count == DIMENSIONS_MAXIMUM)
        return pipette_stage_fail(stage, PIPETTE_E_UNSUPPORTED,
                                  "a table has at most %d dimensions; name fewer in 'dimensions'", DIMENSIONS_MAXIMUM);
    added = &plan->dimensions[plan->dimension_count++];
    memset(added, 0, sizeof *added);
    added->node.size = (uint32_t)sizeof added->node;
    added->values = pipette_value_none();
    status = pipette_find(trajectory, path, &added->node);
    if (status == PIPETTE_OK)
        status = pipette_axis_values(trajectory, path, &added->values);
    if (status < 0)
        return pipette_stage_fail(stage, status, "%s", pipette_trajectory_message(trajectory));
    if (added->values.rank != 1 || added->values.type == PIPETTE_TYPE_COMPLEX)
        return pipette_stage_fail(stage, PIPETTE_E_UNSUPPORTED,
                                  "'%s' is not one real number or text per run and cannot be a dimension; "
                                  "leave it out of 'dimensions'",
                                  path);
    added->extent = pipette_value_count(&added->values);
    return PIPETTE_OK;
}

/* The explored parameter that `name` finds, as its position in the exploration. */
static int find_explored(pipette_stage *stage, pipette_trajectory *trajectory, const pipette_option *option,
                         const char *name, uint32_t *position)
{
    const uint32_t count = pipette_explored_count(trajectory);
    char explored[TEXT_SIZE] = "";
    pipette_node node;
    uint32_t i;
    int status;
    memset(&node, 0, sizeof node);
    node.size = (uint32_t)sizeof node;
    status = pipette_find(trajectory, name, &node);
    if (status < 0)
        return pipette_option_fail(stage, option, status, "%s", pipette_trajectory_message(trajectory));
    for (i = 0; i < count; i++) {
        const char *path = pipette_explored(trajectory, i);
        if (strcmp(path, node.path) == 0) {
            *position = i;
            return PIPETTE_OK;
        }
        append(explored, below_branch(path));
    }
    return pipette_option_fail(stage, option, PIPETTE_E_INVALID, "'%s' is not explored; explored: %s", name, explored);
}

static int choose_dimensions(pipette_stage *stage, pipette_trajectory *trajectory, summary_plan *plan)
{
    const pipette_option *listed = pipette_option_get(stage, NULL, "dimensions");
    const pipette_option *rows = pipette_option_get(stage, NULL, "rows");
    const uint32_t explored = pipette_explored_count(trajectory);
    uint32_t first = UINT32_MAX;
    uint64_t i, j;
    int status = PIPETTE_OK;
    if (explored == 0)
        return pipette_stage_fail(stage, PIPETTE_E_CONFIG,
                                  "nothing is explored, so there is nothing to tabulate; "
                                  "explore a parameter or take this stage out");
    if (listed != NULL && rows != NULL)
        return pipette_option_fail(stage, rows, PIPETTE_E_CONFIG,
                                   "'rows' and 'dimensions' exclude each other: take one of them");
    if (listed != NULL) {
        const uint64_t count = pipette_option_count(stage, listed);
        if (count == 0)
            return pipette_option_fail(stage, listed, PIPETTE_E_CONFIG,
                                       "'dimensions' takes a list of names, and at least one");
        for (i = 0; status == PIPETTE_OK && i < count; i++) {
            const pipette_option *option = pipette_option_at(stage, listed, i);
            pipette_value name = pipette_value_none();
            uint32_t position = 0;
            status = pipette_option_value(stage, option, PIPETTE_TYPE_STRING, &name);
            if (status == PIPETTE_OK)
                status = find_explored(stage, trajectory, option, name.as.string, &position);
            for (j = 0; status == PIPETTE_OK && j < plan->dimension_count; j++)
                if (strcmp(plan->dimensions[j].node.path, pipette_explored(trajectory, position)) == 0)
                    status = pipette_option_fail(stage, option, PIPETTE_E_CONFIG, "'%s' stands twice in 'dimensions'",
                                                 name.as.string);
            if (status == PIPETTE_OK)
                status = add_dimension(stage, trajectory, pipette_explored(trajectory, position), plan);
        }
        return status;
    }
    if (rows != NULL) {
        const char *name = NULL;
        status = pipette_option_string(stage, "rows", &name);
        if (status == PIPETTE_OK)
            status = find_explored(stage, trajectory, rows, name, &first);
        if (status == PIPETTE_OK)
            status = add_dimension(stage, trajectory, pipette_explored(trajectory, first), plan);
    }
    for (i = explored; status == PIPETTE_OK && i-- > 0;)
        if (i != first)
            status = add_dimension(stage, trajectory, pipette_explored(trajectory, (uint32_t)i), plan);
    return status;
}

/* The last `components` components of a path, joined by `_`. The caller frees it. NULL without memory. */
static char *suffix_name(const char *path, uint32_t components, int *whole)
{
    const char *start = path + strlen(path);
    char *name, *dot;
    while (start > path) {
        if (start[-1] == '.' && --components == 0)
            break;
        start--;
    }
    *whole = start == path;
    name = strdup(start);
    for (dot = name; dot != NULL && (dot = strchr(dot, '.')) != NULL;)
        *dot = '_';
    return name;
}

/* Names each dimension by the shortest suffix of its path that no other dimension and no array of the table has. */
static int name_dimensions(pipette_stage *stage, summary_plan *plan)
{
    uint32_t components[DIMENSIONS_MAXIMUM];
    int whole[DIMENSIONS_MAXIMUM] = {0};
    int collides[DIMENSIONS_MAXIMUM];
    uint32_t i, j;
    for (i = 0; i < plan->dimension_count; i++)
        components[i] = 1;
    for (;;) {
        int collision = -1, progress = 0;
        for (i = 0; i < plan->dimension_count; i++) {
            summary_dimension *d = &plan->dimensions[i];
            free(d->name);
            d->name = suffix_name(below_branch(d->node.path), components[i], &whole[i]);
            if (d->name == NULL)
                return pipette_stage_fail(stage, PIPETTE_E_MEMORY, "no memory for names");
        }
        for (i = 0; i < plan->dimension_count; i++) {
            collides[i] = strcmp(plan->dimensions[i].name, plan->name) == 0;
            for (j = 0; j < plan->dimension_count; j++)
                if (j != i && strcmp(plan->dimensions[i].name, plan->dimensions[j].name) == 0)
                    collides[i] = 1;
            if (collides[i])
                collision = (int)i;
        }
        if (collision < 0)
            return PIPETTE_OK;
        for (i = 0; i < plan->dimension_count; i++)
            if (collides[i] && !whole[i]) {
                components[i]++;
                progress = 1;
            }
        if (!progress)
            return pipette_stage_fail(stage, PIPETTE_E_EXISTS,
                                      "two things in the table would be called '%s'; "
                                      "call the array otherwise with name = \"NAME\"",
                                      plan->dimensions[collision].name);
    }
}

int plan_compare_texts(const void *a, const void *b)
{
    return strcmp(((const text_position *)a)->text, ((const text_position *)b)->text);
}

/* Strings stand in the order of their appearance, so they are found through a sorted list beside it. */
static int sort_texts(pipette_stage *stage, summary_dimension *d)
{
    const char *const *texts = (const char *const *)d->values.data;
    uint64_t i;
    d->texts = (text_position *)malloc((size_t)d->extent * sizeof *d->texts);
    if (d->texts == NULL)
        return pipette_stage_fail(stage, PIPETTE_E_MEMORY, "no memory for %llu names", (unsigned long long)d->extent);
    for (i = 0; i < d->extent; i++) {
        d->texts[i].text = texts[i];
        d->texts[i].position = i;
    }
    qsort(d->texts, (size_t)d->extent, sizeof *d->texts, plan_compare_texts);
    return PIPETTE_OK;
}

int plan_make(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results, summary_plan **out)
{
    summary_plan *made = (summary_plan *)calloc(1, sizeof *made);
    char extents[TEXT_SIZE] = "";
    uint32_t i;
    int status;
    *out = NULL;
    if (made == NULL)
        return pipette_stage_fail(stage, PIPETTE_E_MEMORY, "no memory");
    status = choose_column(stage, results, made);
    if (status == PIPETTE_OK)
        status = choose_dimensions(stage, trajectory, made);
    if (status == PIPETTE_OK)
        status = name_dimensions(stage, made);
    made->cells = 1;
    for (i = 0; status == PIPETTE_OK && i < made->dimension_count; i++) {
        summary_dimension *d = &made->dimensions[i];
        pipette_table_dimension *t = &made->table_dimensions[i];
        char extent[TEXT_SIZE];
        t->size = (uint32_t)sizeof *t;
        t->name = d->name;
        t->unit = d->node.unit;
        t->doc = d->node.comment;
        t->values = d->values;
        t->extent = d->extent;
        (void)snprintf(extent, sizeof extent, "%s (%llu)", d->name, (unsigned long long)d->extent);
        append(extents, extent);
        append(made->comment, d->name);
        /* Saturates, so that no product of extents overflows. */
        made->cells = d->extent != 0 && made->cells > UINT64_MAX / d->extent ? UINT64_MAX : made->cells * d->extent;
    }
    if (status == PIPETTE_OK && made->cells > CELLS_MAXIMUM)
        status = pipette_stage_fail(stage, PIPETTE_E_BOUNDS,
                                    "a table over %s would have %.3g cells, and 10^8 is the limit; "
                                    "name fewer parameters in 'dimensions', or take this stage out",
                                    extents, (double)made->cells);
    for (i = 0; status == PIPETTE_OK && i < made->dimension_count; i++)
        if (made->dimensions[i].values.type == PIPETTE_TYPE_STRING)
            status = sort_texts(stage, &made->dimensions[i]);
    if (status != PIPETTE_OK) {
        plan_free(made);
        return status;
    }
    (void)snprintf(extents, sizeof extents, "%s", made->comment);
    (void)snprintf(made->comment, sizeof made->comment, "%.200s over %.300s", made->name, extents);
    *out = made;
    return PIPETTE_OK;
}
