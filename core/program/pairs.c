/* pairs.c: runs of two result files that are at the same point: a hash of each point of one, looked up for those of the
 * other. */
#include "program/pairs.h"

#include <stdlib.h>

enum { BLOCK = 4096 };

typedef struct known_point {
    uint64_t hash, row;
} known_point;

/* One of the two files. */
typedef struct side {
    pipette_trajectory *trajectory;
    pipette_file *file;
    uint64_t rows;
    uint8_t *explored;        /* for each parameter */
    pipette_value *constants; /* where it is not */
} side;

struct pairs {
    side a, b;
    char **parameters;
    int *types;
    uint32_t count;
    known_point *known;     /* of b, by hash */
    unsigned char *room[2]; /* elements of a block of runs */
    uint64_t *hashes;
};

/* ---- Points ---- */

static uint64_t mixed(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    size_t i;
    for (i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

/* Zeros are equal, whatever their sign; NaNs, too. */
static uint64_t mix_element(uint64_t hash, int type, const void *element)
{
    double number;
    float small;
    const char *text;
    switch (type) {
    case PIPETTE_TYPE_F64:
        memcpy(&number, element, sizeof number);
        number = number == 0 ? 0.0 : number;
        return mixed(hash, &number, sizeof number);
    case PIPETTE_TYPE_F32:
        memcpy(&small, element, sizeof small);
        small = small == 0 ? 0.0f : small;
        return mixed(hash, &small, sizeof small);
    case PIPETTE_TYPE_STRING:
        memcpy(&text, element, sizeof text);
        return mixed(hash, text == NULL ? "" : text, text == NULL ? 1 : strlen(text) + 1);
    default:
        return mixed(hash, element, pipette_type_size(type));
    }
}

static int same(int type, const void *a, const void *b)
{
    if (type == PIPETTE_TYPE_STRING) {
        const char *x, *y;
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        return strcmp(x == NULL ? "" : x, y == NULL ? "" : y) == 0;
    }
    return memcmp(a, b, pipette_type_size(type)) == 0 ||
           (type == PIPETTE_TYPE_F64 && *(const double *)a == 0 && *(const double *)b == 0) ||
           (type == PIPETTE_TYPE_F32 && *(const float *)a == 0 && *(const float *)b == 0);
}

/* The elements of a parameter for consecutive runs. */
static int fill(const pairs *p, const side *s, uint32_t parameter, uint64_t first, uint64_t count, unsigned char *out,
                pipette_error *error)
{
    const size_t size = pipette_type_size(p->types[parameter]);
    uint64_t i;
    if (s->explored[parameter])
        return pipette_range(s->trajectory, p->parameters[parameter], first, count, out) == PIPETTE_OK
                   ? PIPETTE_OK
                   : pipette_error_set(error, PIPETTE_E_INTERNAL, "%s", pipette_trajectory_message(s->trajectory));
    for (i = 0; i < count; i++)
        memcpy(out + i * size, &s->constants[parameter].as, size);
    return PIPETTE_OK;
}

/* How many rows from `row` on are consecutive runs, at most `count`; *run: the first one. */
static int stretch(const side *s, uint64_t row, uint64_t count, uint64_t *run, uint64_t *length, pipette_error *error)
{
    pipette_storage_info info = {.size = sizeof info};
    uint64_t base = 0;
    uint32_t i;
    int status = s->file == NULL ? PIPETTE_OK : pipette_file_info(s->file, &info, error);
    for (i = 0; status == PIPETTE_OK && i < info.span_count; base += info.spans[i++].count)
        if (row - base < info.spans[i].count) {
            *run = info.spans[i].first + (row - base);
            *length = info.spans[i].count - (row - base);
            *length = *length < count ? *length : count;
            return PIPETTE_OK;
        }
    *run = row;
    *length = count;
    return status;
}

/* The hashes of the points of rows. */
static int hash_rows(pairs *p, const side *s, uint64_t row, uint64_t count, uint64_t *hashes, pipette_error *error)
{
    uint64_t done, run = 0, n = 0, i;
    uint32_t k;
    int status = PIPETTE_OK;
    for (done = 0; status == PIPETTE_OK && done < count; done += n) {
        status = stretch(s, row + done, count - done < BLOCK ? count - done : BLOCK, &run, &n, error);
        for (i = 0; status == PIPETTE_OK && i < n; i++)
            hashes[done + i] = UINT64_C(0xcbf29ce484222325);
        for (k = 0; status == PIPETTE_OK && k < p->count; k++) {
            status = fill(p, s, k, run, n, p->room[0], error);
            for (i = 0; status == PIPETTE_OK && i < n; i++)
                hashes[done + i] =
                    mix_element(hashes[done + i], p->types[k], p->room[0] + i * pipette_type_size(p->types[k]));
        }
    }
    return status;
}

static int same_point(pairs *p, uint64_t row_a, uint64_t row_b, int *equal, pipette_error *error)
{
    uint64_t run_a = 0, run_b = 0, n;
    uint32_t k;
    int status = stretch(&p->a, row_a, 1, &run_a, &n, error);
    if (status == PIPETTE_OK)
        status = stretch(&p->b, row_b, 1, &run_b, &n, error);
    *equal = 1;
    for (k = 0; status == PIPETTE_OK && *equal && k < p->count; k++) {
        status = fill(p, &p->a, k, run_a, 1, p->room[0], error);
        if (status == PIPETTE_OK)
            status = fill(p, &p->b, k, run_b, 1, p->room[1], error);
        *equal = status == PIPETTE_OK && same(p->types[k], p->room[0], p->room[1]);
    }
    return status;
}

/* ---- Parameters ---- */

static int add_parameter(pairs *p, const char *path)
{
    char **more;
    int *types;
    uint32_t k;
    for (k = 0; k < p->count; k++)
        if (strcmp(p->parameters[k], path) == 0)
            return PIPETTE_OK;
    more = realloc(p->parameters, (p->count + 1u) * sizeof *more);
    if (more == NULL)
        return PIPETTE_E_MEMORY;
    p->parameters = more;
    types = realloc(p->types, (p->count + 1u) * sizeof *types);
    if (types == NULL)
        return PIPETTE_E_MEMORY;
    p->types = types;
    more[p->count] = strdup(path);
    if (more[p->count] == NULL)
        return PIPETTE_E_MEMORY;
    p->count++;
    return PIPETTE_OK;
}

static int add_explored(pairs *p, const side *s)
{
    uint32_t i, explored = pipette_explored_count(s->trajectory);
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && i < explored; i++)
        status = add_parameter(p, pipette_explored(s->trajectory, i));
    return status;
}

static int add_if_different(const pipette_node *node, void *user)
{
    pairs *p = user;
    pipette_node there = {.size = sizeof there};
    if (!(node->flags & PIPETTE_NODE_LEAF) || node->value.rank > 0 ||
        pipette_find(p->b.trajectory, node->path, &there) != PIPETTE_OK || strcmp(there.path, node->path) != 0 ||
        there.type != node->type || there.value.rank > 0)
        return 0;
    return same(node->type, &node->value.as, &there.value.as) ? 0 : add_parameter(p, node->path);
}

static int look_up(pairs *p, side *s, int first, pipette_error *error)
{
    uint32_t k;
    s->explored = calloc(p->count + 1u, sizeof *s->explored);
    s->constants = calloc(p->count + 1u, sizeof *s->constants);
    if (s->explored == NULL || s->constants == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    for (k = 0; k < p->count; k++) {
        pipette_node node = {.size = sizeof node};
        if (pipette_find(s->trajectory, p->parameters[k], &node) != PIPETTE_OK ||
            node.branch != PIPETTE_BRANCH_PARAMETERS)
            return pipette_error_set(
                error, PIPETTE_E_INVALID,
                "%s is explored in one of the files, and the other has no such parameter: their runs cannot be paired",
                p->parameters[k]);
        if (!first && node.type != p->types[k])
            return pipette_error_set(error, PIPETTE_E_INVALID,
                                     "%s is %s in one of the files, %s in the other: their runs cannot be paired",
                                     p->parameters[k], pipette_type_text(p->types[k]), pipette_type_text(node.type));
        if (node.value.rank > 0 && !(node.flags & PIPETTE_NODE_EXPLORED))
            return pipette_error_set(error, PIPETTE_E_INVALID,
                                     "%s is an array in one of the files: their runs cannot be paired",
                                     p->parameters[k]);
        p->types[k] = node.type;
        s->explored[k] = (node.flags & PIPETTE_NODE_EXPLORED) != 0;
        s->constants[k] = node.value;
    }
    return PIPETTE_OK;
}

static int by_hash(const void *a, const void *b)
{
    const known_point *x = a, *y = b;
    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash) : (x->row > y->row) - (x->row < y->row);
}

static int know_rows(pairs *p, pipette_error *error)
{
    uint64_t row, n, i;
    int status = PIPETTE_OK;
    p->known = malloc((size_t)(p->b.rows + 1) * sizeof *p->known);
    if (p->known == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the points of %llu runs",
                                 (unsigned long long)p->b.rows);
    for (row = 0; status == PIPETTE_OK && row < p->b.rows; row += n) {
        n = p->b.rows - row < BLOCK ? p->b.rows - row : BLOCK;
        status = hash_rows(p, &p->b, row, n, p->hashes, error);
        for (i = 0; status == PIPETTE_OK && i < n; i++)
            p->known[row + i] = (known_point){p->hashes[i], row + i};
    }
    qsort(p->known, (size_t)p->b.rows, sizeof *p->known, by_hash);
    return status;
}

static int open_side(side *s, pipette_trajectory *trajectory, pipette_error *error)
{
    pipette_storage_info info = {.size = sizeof info};
    int status;
    s->trajectory = trajectory;
    s->file = pipette_trajectory_file(trajectory);
    status = s->file == NULL ? PIPETTE_OK : pipette_file_info(s->file, &info, error);
    s->rows = s->file == NULL ? pipette_run_count(trajectory) : info.row_count;
    return status;
}

int pairs_create(pipette_trajectory *a, pipette_trajectory *b, int different, pairs **out, pipette_error *error)
{
    pairs *p = calloc(1, sizeof *p);
    int status;
    *out = NULL;
    if (p == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    p->room[0] = malloc(BLOCK * sizeof(pipette_complex));
    p->room[1] = malloc(BLOCK * sizeof(pipette_complex));
    p->hashes = malloc(BLOCK * sizeof *p->hashes);
    status = open_side(&p->a, a, error);
    if (status == PIPETTE_OK)
        status = open_side(&p->b, b, error);
    if (status == PIPETTE_OK && (p->room[0] == NULL || p->room[1] == NULL || p->hashes == NULL ||
                                 add_explored(p, &p->a) != PIPETTE_OK || add_explored(p, &p->b) != PIPETTE_OK ||
                                 (different && pipette_walk(a, "parameters", add_if_different, p) != PIPETTE_OK)))
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    if (status == PIPETTE_OK)
        status = look_up(p, &p->a, 1, error);
    if (status == PIPETTE_OK)
        status = look_up(p, &p->b, 0, error);
    if (status == PIPETTE_OK)
        status = know_rows(p, error);
    if (status != PIPETTE_OK) {
        pairs_destroy(p);
        return status;
    }
    *out = p;
    return PIPETTE_OK;
}

void pairs_destroy(pairs *p)
{
    uint32_t k;
    if (p == NULL)
        return;
    for (k = 0; k < p->count; k++)
        free(p->parameters[k]);
    free(p->parameters);
    free(p->types);
    free(p->a.explored);
    free(p->a.constants);
    free(p->b.explored);
    free(p->b.constants);
    free(p->known);
    free(p->room[0]);
    free(p->room[1]);
    free(p->hashes);
    free(p);
}

uint32_t pairs_parameter_count(const pairs *p)
{
    return p->count;
}

const char *pairs_parameter(const pairs *p, uint32_t index)
{
    return p->parameters[index];
}

/* ---- Looking up ---- */

/* The first of those with this hash. */
static uint64_t first_known(const pairs *p, uint64_t hash)
{
    uint64_t low = 0, high = p->b.rows;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (p->known[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int pairs_find(pairs *p, uint64_t first, uint64_t count, uint64_t *rows, pipette_error *error)
{
    uint64_t done, n, i, at;
    int status = PIPETTE_OK;
    for (done = 0; status == PIPETTE_OK && done < count; done += n) {
        n = count - done < BLOCK ? count - done : BLOCK;
        status = hash_rows(p, &p->a, first + done, n, p->hashes, error);
        for (i = 0; status == PIPETTE_OK && i < n; i++) {
            rows[done + i] = PAIRS_NONE;
            for (at = first_known(p, p->hashes[i]);
                 status == PIPETTE_OK && at < p->b.rows && p->known[at].hash == p->hashes[i]; at++) {
                int equal = 0;
                status = same_point(p, first + done + i, p->known[at].row, &equal, error);
                if (equal) {
                    rows[done + i] = p->known[at].row;
                    break;
                }
            }
        }
    }
    return status;
}
