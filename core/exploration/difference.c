/* difference.c: product minus product, factor by factor: with A and B the factors of the two, the rest of A1 x A2 x ...
 * is (A1\B1) x A2 x ..., (A1&B1) x (A2\B2) x ..., and so on. */
#include "exploration/difference.h"

#include "exploration/match.h"

#include <stdlib.h>

static int no_memory(pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
}

/* ---- Tuples ---- */

static uint64_t hash_tuple(const factor *f, const value_element *tuple)
{
    uint64_t hash = 0;
    uint32_t i;
    for (i = 0; i < f->axis_count; i++)
        hash = (hash ^ (hash >> 29)) * UINT64_C(0x9e3779b97f4a7c15) +
               value_element_hash(axis_type(&f->axes[i]), &tuple[i]);
    return hash ^ (hash >> 32);
}

/* The slot that holds an equal tuple, or the empty one where it belongs. */
static uint64_t slot_of(const tuples *t, const value_element *tuple)
{
    uint64_t slot = hash_tuple(t->of, tuple) & (t->size - 1);
    for (; t->slots[slot] != 0; slot = (slot + 1) & (t->size - 1)) {
        uint32_t i;
        for (i = 0; i < t->of->axis_count; i++) {
            value_element there;
            axis_get(&t->of->axes[i], t->slots[slot] - 1, &there);
            if (value_element_compare(axis_type(&t->of->axes[i]), &there, &tuple[i]) != 0)
                break;
        }
        if (i == t->of->axis_count)
            break;
    }
    return slot;
}

int tuples_create(const factor *f, tuples *t, uint8_t *mask, pipette_error *error)
{
    value_element *tuple = malloc((f->axis_count + 1) * sizeof *tuple);
    uint64_t i;
    uint32_t j;
    t->of = f;
    t->size = 16;
    while (t->size < f->count * 2)
        t->size *= 2;
    t->slots = calloc((size_t)t->size, sizeof *t->slots);
    if (tuple == NULL || t->slots == NULL) {
        free(tuple);
        tuples_destroy(t);
        return no_memory(error);
    }
    for (i = 0; i < f->count; i++) {
        uint64_t slot;
        for (j = 0; j < f->axis_count; j++)
            axis_get(&f->axes[j], i, &tuple[j]);
        slot = slot_of(t, tuple);
        if (mask != NULL)
            mask[i] = t->slots[slot] == 0;
        if (t->slots[slot] == 0)
            t->slots[slot] = i + 1;
    }
    free(tuple);
    return PIPETTE_OK;
}

void tuples_destroy(tuples *t)
{
    free(t->slots);
    t->slots = NULL;
}

int tuples_has(const tuples *t, const value_element *tuple)
{
    return t->slots[slot_of(t, tuple)] != 0;
}

/* ---- Factors ---- */

/* Factors of `from` (numbers in `mine`) and of `gone` (in `theirs`) that share parameters, directly or through others.
 */
typedef struct block {
    uint32_t *mine, *theirs;
    uint32_t mine_count, their_count;
    factor in, out;
    int done;
} block;

static int too_long(const factor *f, pipette_error *error)
{
    return pipette_error_set(
        error, PIPETTE_E_UNSUPPORTED,
        "old and new points combine the parameters differently, and %llu points are too many to compare one "
        "by one (at most %d): keep the old combination of axes",
        (unsigned long long)f->count, (int)MATCH_LISTED_MAX);
}

int factor_same(const factor *a, const factor *b)
{
    uint32_t i, j;
    if (a->axis_count != b->axis_count || a->count != b->count)
        return 0;
    for (i = 0; i < a->axis_count; i++) {
        for (j = 0; j < b->axis_count && b->axes[j].parameter != a->axes[i].parameter; j++)
            ;
        if (j == b->axis_count || !axis_same(&a->axes[i], &b->axes[j]))
            return 0;
    }
    return 1;
}

int factor_select(const factor *f, const uint8_t *mask, uint8_t wanted, factor *out, pipette_error *error)
{
    uint32_t i;
    int status = PIPETTE_OK;
    memset(out, 0, sizeof *out);
    for (i = 0; i < f->axis_count && status == PIPETTE_OK; i++) {
        axis part;
        status = match_select(&f->axes[i], mask, wanted, &part, error);
        if (status == PIPETTE_OK)
            status = factor_add(out, &part, error);
    }
    if (status != PIPETTE_OK)
        factor_destroy(out);
    return status;
}

/* Marks the tuples of `f` whose part with the parameters of `g` stands in `g`; clears the marks of the others. */
static int mark_tuples(const factor *f, const factor *g, uint8_t *mask, pipette_error *error)
{
    value_element *tuple = malloc(g->axis_count * sizeof *tuple);
    uint32_t *from = malloc(g->axis_count * sizeof *from), j, k;
    tuples table = {NULL, NULL, 0};
    uint64_t i;
    int status = tuple == NULL || from == NULL ? no_memory(error) : PIPETTE_OK;
    if (status == PIPETTE_OK && g->axis_count > 1)
        status = g->count > MATCH_LISTED_MAX ? too_long(g, error) : tuples_create(g, &table, NULL, error);
    for (j = 0; j < g->axis_count && status == PIPETTE_OK; j++)
        for (k = 0; k < f->axis_count; k++)
            if (f->axes[k].parameter == g->axes[j].parameter)
                from[j] = k;
    for (i = 0; i < f->count && status == PIPETTE_OK; i++) {
        if (!mask[i])
            continue;
        for (j = 0; j < g->axis_count; j++)
            axis_get(&f->axes[from[j]], i, &tuple[j]);
        mask[i] =
            (uint8_t)((g->axis_count == 1 ? match_contains(&g->axes[0], tuple) : tuples_has(&table, tuple)) ? 1 : 0);
    }
    tuples_destroy(&table);
    free(tuple);
    free(from);
    return status;
}

/* The product of several factors as one list of tuples. */
static int merge_factors(const segment *s, const uint32_t *numbers, uint32_t count, factor *out, pipette_error *error)
{
    uint64_t total = 1, inner;
    uint32_t i, j;
    int status = PIPETTE_OK;
    memset(out, 0, sizeof *out);
    for (i = 0; i < count; i++)
        if (__builtin_mul_overflow(total, s->factors[numbers[i]].count, &total))
            total = UINT64_MAX;
    if (total > MATCH_LISTED_MAX) {
        factor whole = {NULL, 0, total};
        return too_long(&whole, error);
    }
    inner = total;
    for (i = 0; i < count && status == PIPETTE_OK; i++) {
        const factor *f = &s->factors[numbers[i]];
        inner /= f->count;
        for (j = 0; j < f->axis_count && status == PIPETTE_OK; j++) {
            place at = {&f->axes[j], inner};
            axis listed = {f->axes[j].parameter, 0, NULL, 0};
            void *values = malloc((size_t)total * pipette_type_size(axis_type(&f->axes[j])));
            series *list = NULL;
            if (values == NULL) {
                status = no_memory(error);
                break;
            }
            place_fill(&at, 0, total, values);
            status = series_list(axis_type(&f->axes[j]), values, total, "points", &list, error);
            if (status == PIPETTE_OK)
                status = axis_append(&listed, list, 0, 1, total, error);
            if (status == PIPETTE_OK)
                status = factor_add(out, &listed, error);
            series_release(list);
            free(values);
        }
    }
    if (status != PIPETTE_OK)
        factor_destroy(out);
    return status;
}

static int split_single(const factor *f, const factor *g, block *b, pipette_error *error)
{
    char what[40];
    axis in, out;
    int status;
    (void)snprintf(what, sizeof what, "the exploration");
    status = match_split(&f->axes[0], &g->axes[0], what, &in, &out, error);
    if (status != PIPETTE_OK)
        return status;
    status = factor_add(&b->in, &in, error);
    if (status != PIPETTE_OK) {
        axis_destroy(&out);
        return status;
    }
    return factor_add(&b->out, &out, error);
}

static int split_block(const segment *from, const segment *gone, block *b, pipette_error *error)
{
    const factor *f = &from->factors[b->mine[0]];
    factor merged = {NULL, 0, 0};
    uint8_t *mask = NULL;
    uint32_t i;
    int status = PIPETTE_OK;
    b->done = 1;
    if (b->mine_count == 1 && b->their_count == 1) {
        const factor *g = &gone->factors[b->theirs[0]];
        if (factor_same(f, g))
            return factor_copy(f, &b->in, error);
        if (f->axis_count == 1)
            return split_single(f, g, b, error);
    }
    if (b->mine_count > 1) {
        status = merge_factors(from, b->mine, b->mine_count, &merged, error);
        f = &merged;
    }
    if (status == PIPETTE_OK && f->count > MATCH_LISTED_MAX)
        status = too_long(f, error);
    if (status == PIPETTE_OK && (mask = malloc((size_t)f->count)) == NULL)
        status = no_memory(error);
    if (mask != NULL)
        memset(mask, 1, (size_t)f->count);
    for (i = 0; i < b->their_count && status == PIPETTE_OK; i++)
        status = mark_tuples(f, &gone->factors[b->theirs[i]], mask, error);
    if (status == PIPETTE_OK)
        status = factor_select(f, mask, 1, &b->in, error);
    if (status == PIPETTE_OK)
        status = factor_select(f, mask, 0, &b->out, error);
    free(mask);
    factor_destroy(&merged);
    return status;
}

/* ---- Blocks ---- */

static uint32_t factor_with(const segment *s, uint32_t parameter)
{
    uint32_t i, j;
    for (i = 0; i < s->factor_count; i++)
        for (j = 0; j < s->factors[i].axis_count; j++)
            if (s->factors[i].axes[j].parameter == parameter)
                return i;
    return UINT32_MAX;
}

/* label[i] becomes the lowest factor of `from` that factor i is tied to by factors of `gone`. */
static void label_blocks(const segment *from, const segment *gone, uint32_t *label)
{
    uint32_t i, j, k;
    for (i = 0; i < from->factor_count; i++)
        label[i] = i;
    for (i = 0; i < gone->factor_count; i++)
        for (j = 1; j < gone->factors[i].axis_count; j++) {
            uint32_t a = label[factor_with(from, gone->factors[i].axes[0].parameter)];
            uint32_t b = label[factor_with(from, gone->factors[i].axes[j].parameter)];
            for (k = 0; k < from->factor_count; k++)
                if (label[k] == (a > b ? a : b))
                    label[k] = a < b ? a : b;
        }
}

static void blocks_destroy(block *blocks, uint32_t count)
{
    uint32_t i;
    for (i = 0; i < count; i++) {
        free(blocks[i].mine);
        free(blocks[i].theirs);
        factor_destroy(&blocks[i].in);
        factor_destroy(&blocks[i].out);
    }
    free(blocks);
}

static int blocks_create(const segment *from, const segment *gone, block **out, uint32_t *out_count,
                         pipette_error *error)
{
    uint32_t *label = calloc(from->factor_count + 1, sizeof *label), i, j, count = 0;
    block *blocks = calloc(from->factor_count + 1, sizeof *blocks);
    int status = label == NULL || blocks == NULL ? no_memory(error) : PIPETTE_OK;
    if (status == PIPETTE_OK)
        label_blocks(from, gone, label);
    for (i = 0; i < from->factor_count && status == PIPETTE_OK; i++) {
        block *b = &blocks[count];
        if (label[i] != i)
            continue;
        count++;
        b->mine = calloc(from->factor_count, sizeof *b->mine);
        b->theirs = calloc(gone->factor_count + 1, sizeof *b->theirs);
        if (b->mine == NULL || b->theirs == NULL) {
            status = no_memory(error);
            break;
        }
        for (j = 0; j < from->factor_count; j++)
            if (label[j] == i)
                b->mine[b->mine_count++] = j;
        for (j = 0; j < gone->factor_count; j++)
            if (label[factor_with(from, gone->factors[j].axes[0].parameter)] == i)
                b->theirs[b->their_count++] = j;
    }
    free(label);
    if (status != PIPETTE_OK) {
        blocks_destroy(blocks, count);
        blocks = NULL;
        count = 0;
    }
    *out = blocks;
    *out_count = count;
    return status;
}

int difference_append(segment **list, uint32_t *count, segment *taken, pipette_error *error)
{
    segment *longer = realloc(*list, (*count + 1) * sizeof **list);
    if (longer == NULL) {
        segment_destroy(taken);
        return no_memory(error);
    }
    *list = longer;
    longer[(*count)++] = *taken;
    memset(taken, 0, sizeof *taken);
    return PIPETTE_OK;
}

void difference_destroy(segment *list, uint32_t count)
{
    uint32_t i;
    for (i = 0; i < count; i++)
        segment_destroy(&list[i]);
    free(list);
}

static int add_copy(segment *s, const factor *f, pipette_error *error)
{
    factor copy;
    int status = factor_copy(f, &copy, error);
    return status == PIPETTE_OK ? segment_add(s, &copy, error) : status;
}

/* in x ... x in x out x whole x ... x whole, with `out` in block `pivot`. */
static int emit(const segment *from, const block *blocks, uint32_t count, uint32_t pivot, segment **list,
                uint32_t *list_count, pipette_error *error)
{
    segment part;
    uint32_t i, j;
    int status = PIPETTE_OK;
    memset(&part, 0, sizeof part);
    for (i = 0; i < count && status == PIPETTE_OK; i++) {
        if (i < pivot)
            status = add_copy(&part, &blocks[i].in, error);
        else if (i == pivot)
            status = add_copy(&part, &blocks[i].out, error);
        else
            for (j = 0; j < blocks[i].mine_count && status == PIPETTE_OK; j++)
                status = add_copy(&part, &from->factors[blocks[i].mine[j]], error);
    }
    if (status != PIPETTE_OK) {
        segment_destroy(&part);
        return status;
    }
    return difference_append(list, list_count, &part, error);
}

int difference_of(const segment *from, const segment *gone, segment **list, uint32_t *count, pipette_error *error)
{
    block *blocks;
    uint32_t block_count, i, pass;
    int status = blocks_create(from, gone, &blocks, &block_count, error), apart = 0;
    /* Blocks of one factor first: where they are apart, no others need be gone through. */
    for (pass = 0; pass < 2; pass++)
        for (i = 0; i < block_count && status == PIPETTE_OK && !apart; i++)
            if (!blocks[i].done && (pass == 1 || blocks[i].mine_count == 1)) {
                status = split_block(from, gone, &blocks[i], error);
                apart = status == PIPETTE_OK && blocks[i].in.count == 0;
            }
    if (status == PIPETTE_OK && apart) {
        segment whole;
        status = segment_copy(from, &whole, error);
        if (status == PIPETTE_OK)
            status = difference_append(list, count, &whole, error);
    } else {
        for (i = 0; i < block_count && status == PIPETTE_OK; i++)
            if (blocks[i].out.count > 0)
                status = emit(from, blocks, block_count, i, list, count, error);
    }
    blocks_destroy(blocks, block_count);
    return status;
}
