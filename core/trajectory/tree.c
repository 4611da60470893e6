/* tree.c: nodes, the table of full names, natural naming. */
#include "trajectory/tree.h"

#include "trajectory/parameter.h"

#include <stdlib.h>

static uint64_t hash(const char *path)
{
    uint64_t value = UINT64_C(0xcbf29ce484222325);
    for (; *path != '\0'; path++)
        value = (value ^ (unsigned char)*path) * UINT64_C(0x100000001b3);
    return value ^ (value >> 29);
}

static void set_identity(tree_node *node)
{
    const tree_node *parent = node->parent;
    size_t length = strlen(node->name);
    node->depth = parent->depth + 1;
    node->branch = parent->branch != 0 ? parent->branch : name_branch_of(node->name, length);
    node->run = parent->run != NAME_NO_RUN ? parent->run : name_run(node->name, length);
    node->run_set = parent->run_set != NAME_NO_RUN ? parent->run_set : name_run_set(node->name, length);
    node->run_all = parent->run_all || strcmp(node->name, "run_ALL") == 0 || strcmp(node->name, "run_set_ALL") == 0;
}

static int grow(node_tree *tree)
{
    uint64_t count = tree->bucket_count == 0 ? 64 : tree->bucket_count * 2, i;
    tree_node **buckets = calloc((size_t)count, sizeof(tree_node *));
    if (buckets == NULL)
        return PIPETTE_E_MEMORY;
    for (i = 0; i < tree->bucket_count; i++)
        while (tree->buckets[i] != NULL) {
            tree_node *node = tree->buckets[i], **slot = &buckets[hash(node->path) & (count - 1)];
            tree->buckets[i] = node->chain;
            node->chain = *slot;
            *slot = node;
        }
    free(tree->buckets);
    tree->buckets = buckets;
    tree->bucket_count = count;
    return PIPETTE_OK;
}

/* A node of `length` characters of `path`, its parent being there. */
static tree_node *insert(node_tree *tree, tree_node *parent, const char *path, size_t length)
{
    tree_node *node, **slot;
    if (tree->node_count >= tree->bucket_count && grow(tree) != PIPETTE_OK)
        return NULL;
    node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->path = malloc(length + 1);
    if (node->path == NULL) {
        free(node);
        return NULL;
    }
    memcpy(node->path, path, length);
    node->path[length] = '\0';
    node->name = strrchr(node->path, '.') == NULL ? node->path : strrchr(node->path, '.') + 1;
    node->value = pipette_value_none();
    node->parent = parent;
    set_identity(node);
    slot = &tree->buckets[hash(node->path) & (tree->bucket_count - 1)];
    node->chain = *slot;
    *slot = node;
    if (parent->last != NULL)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    tree->node_count++;
    return node;
}

int tree_create(node_tree *tree, pipette_error *error)
{
    int branch;
    memset(tree, 0, sizeof *tree);
    tree->root.run = tree->root.run_set = NAME_NO_RUN;
    tree->root.value = pipette_value_none();
    tree->root.path = calloc(1, 1);
    if (tree->root.path == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    tree->root.name = tree->root.path;
    for (branch = PIPETTE_BRANCH_CONFIG; branch <= PIPETTE_BRANCH_RESULTS; branch++)
        if (insert(tree, &tree->root, name_branch(branch), strlen(name_branch(branch))) == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    return PIPETTE_OK;
}

void tree_destroy(node_tree *tree)
{
    uint64_t i;
    for (i = 0; i < tree->bucket_count; i++)
        while (tree->buckets[i] != NULL) {
            tree_node *node = tree->buckets[i];
            tree->buckets[i] = node->chain;
            value_destroy(&node->value);
            parameter_destroy(node->spec);
            free(node->unit);
            free(node->comment);
            free(node->path);
            free(node);
        }
    free(tree->buckets);
    free(tree->root.path);
    memset(tree, 0, sizeof *tree);
}

tree_node *tree_exact(const node_tree *tree, const char *path)
{
    tree_node *node;
    if (tree->bucket_count == 0)
        return NULL;
    for (node = tree->buckets[hash(path) & (tree->bucket_count - 1)]; node != NULL; node = node->chain)
        if (strcmp(node->path, path) == 0)
            return node;
    return NULL;
}

int tree_add(node_tree *tree, const char *path, tree_node **leaf, pipette_error *error)
{
    char prefix[NAME_PATH_SIZE];
    tree_node *node = &tree->root;
    size_t length = 0;
    *leaf = NULL;
    if (strlen(path) >= sizeof prefix)
        return pipette_error_set(error, PIPETTE_E_INVALID, "name '%.60s...' is too long", path);
    if ((node = tree_exact(tree, path)) != NULL)
        return pipette_error_set(error, PIPETTE_E_EXISTS, "'%.400s' exists already%s", path,
                                 node->leaf ? "" : " and is a group");
    for (node = &tree->root, length = strcspn(path, "."); path[length] != '\0';
         length += 1 + strcspn(path + length + 1, ".")) {
        memcpy(prefix, path, length);
        prefix[length] = '\0';
        if ((node = tree_exact(tree, prefix)) == NULL)
            break;
        if (node->leaf)
            return pipette_error_set(error, PIPETTE_E_EXISTS,
                                     "'%.400s' cannot be added: '%.400s' exists and is no group", path, prefix);
    }
    for (node = &tree->root, length = strcspn(path, ".");; length += 1 + strcspn(path + length + 1, ".")) {
        tree_node *next;
        memcpy(prefix, path, length);
        prefix[length] = '\0';
        next = tree_exact(tree, prefix);
        if (next == NULL)
            next = insert(tree, node, path, length);
        if (next == NULL)
            return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
        node = next;
        if (path[length] == '\0')
            break;
    }
    node->leaf = 1;
    *leaf = node;
    return PIPETTE_OK;
}

int tree_visible(const tree_node *node, uint64_t run)
{
    return run == NAME_NO_RUN || ((node->run == NAME_NO_RUN || node->run == run) &&
                                  (node->run_set == NAME_NO_RUN || node->run_set == run / 1000));
}

tree_node *tree_next(const tree_node *top, const tree_node *node)
{
    if (node->first != NULL)
        return node->first;
    while (node != top) {
        if (node->next != NULL)
            return node->next;
        node = node->parent;
    }
    return NULL;
}

/* ---- Natural naming ---- */

enum { CANDIDATES = 6 };

typedef struct name_search {
    char parts[NAME_PATH_SIZE]; /* the components, each ended by 0 */
    const char *part[NAME_PATH_SIZE / 2 + 1];
    uint32_t part_count;
    uint64_t run;
    int branch;
    int config;     /* look in the branch config, too */
    uint32_t depth; /* of the best so far */
    uint64_t hits;  /* at that depth */
    const tree_node *hit[CANDIDATES];
} name_search;

static void search_split(name_search *search, const char *name)
{
    char *at = search->parts;
    (void)snprintf(search->parts, sizeof search->parts, "%s", name);
    search->part_count = 0;
    for (;;) {
        size_t length = strcspn(at, ".");
        search->part[search->part_count++] = at;
        if (at[length] == '\0')
            return;
        at[length] = '\0';
        at += length + 1;
    }
}

/* `matched` of all components but the last stand on the way down to `node`; taking each as early as possible finds
 * every fit. */
static void search_below(name_search *search, const tree_node *node, uint32_t matched)
{
    const tree_node *child;
    if (search->hits > 0 && node->depth >= search->depth)
        return;
    for (child = node->first; child != NULL; child = child->next) {
        uint32_t last = search->part_count - 1, here = matched;
        if (!tree_visible(child, search->run) || (search->run != NAME_NO_RUN && child->run_all))
            continue;
        if (search->branch != 0 && child->branch != search->branch)
            continue;
        if (!search->config && child->branch == PIPETTE_BRANCH_CONFIG)
            continue;
        if (matched == last && strcmp(child->name, search->part[last]) == 0 && (search->branch == 0 || child->leaf)) {
            if (search->hits == 0 || child->depth < search->depth) {
                search->hits = 0;
                search->depth = child->depth;
            }
            if (child->depth == search->depth) {
                if (search->hits < CANDIDATES)
                    search->hit[search->hits] = child;
                search->hits++;
            }
        }
        if (matched < last && strcmp(child->name, search->part[matched]) == 0)
            here++;
        if (child->first != NULL)
            search_below(search, child, here);
    }
}

static int ambiguous(const name_search *search, const char *name, pipette_error *error)
{
    char list[800];
    size_t used = 0;
    uint64_t i;
    list[0] = '\0';
    for (i = 0; i < search->hits && i < CANDIDATES && used + strlen(search->hit[i]->path) + 40 < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", search->hit[i]->path);
    if (i < search->hits)
        (void)snprintf(list + used, sizeof list - used, " and %llu more", (unsigned long long)(search->hits - i));
    return pipette_error_set(error, PIPETTE_E_AMBIGUOUS, "'%.100s' fits several places: %s; write more of the name",
                             name, list);
}

const char *tree_nearest(const node_tree *tree, const char *name, uint64_t run, int branch)
{
    const tree_node *node, *best = NULL;
    uint32_t nearest = NAME_FAR, budget = 100000;
    for (node = tree_next(&tree->root, &tree->root); node != NULL && budget > 0; node = tree_next(&tree->root, node)) {
        uint32_t away;
        budget--;
        if (!tree_visible(node, run) || (branch != 0 && (!node->leaf || node->branch != branch)))
            continue;
        away = name_away(name, node->path);
        if (away < nearest || (away == nearest && best != NULL && node->leaf && !best->leaf)) {
            best = node;
            nearest = away;
        }
    }
    return best == NULL ? NULL : best->path;
}

static int not_found(const node_tree *tree, const char *name, const char *expanded, uint64_t run, int branch,
                     pipette_error *error)
{
    const tree_node *hidden = tree_exact(tree, expanded);
    const char *nearest;
    char text[256], view[PIPETTE_RUN_NAME_SIZE];
    (void)snprintf(text, sizeof text,
                   branch == PIPETTE_BRANCH_PARAMETERS ? "no parameter '%.200s'" : "no node '%.200s'", name);
    if (hidden != NULL && !tree_visible(hidden, run))
        return pipette_error_set(error, PIPETTE_E_NOT_FOUND, "%s in the view of %s: it belongs to another run", text,
                                 pipette_run_name(run, view));
    nearest = tree_nearest(tree, expanded, run, branch);
    if (nearest != NULL)
        return pipette_error_set(error, PIPETTE_E_NOT_FOUND, "%s; did you mean '%.400s'?", text, nearest);
    return pipette_error_set(error, PIPETTE_E_NOT_FOUND, "%s", text);
}

static int find_expanded(const node_tree *tree, const char *name, uint64_t run, int branch, tree_node **found,
                         pipette_error *error)
{
    tree_node *node = tree_exact(tree, name);
    name_search search;
    if (node != NULL && tree_visible(node, run) && (branch == 0 || (node->leaf && node->branch == branch))) {
        *found = node;
        return PIPETTE_OK;
    }
    search_split(&search, name);
    search.run = run;
    search.branch = branch;
    search.hits = 0;
    search.depth = 0;
    search.config = branch == PIPETTE_BRANCH_CONFIG;
    search_below(&search, &tree->root, 0);
    if (search.hits == 0 && branch == 0) { /* config gives way to everything else */
        search.config = 1;
        search_below(&search, &tree->root, 0);
    }
    if (search.hits > 1)
        return ambiguous(&search, name, error);
    if (search.hits == 0)
        return PIPETTE_E_NOT_FOUND;
    *found = (tree_node *)(uintptr_t)search.hit[0];
    return PIPETTE_OK;
}

/* Names are taken as written first: a parameter may well be called r_1. */
int tree_find(const node_tree *tree, const char *name, uint64_t run, int branch, tree_node **found,
              pipette_error *error)
{
    char expanded[NAME_PATH_SIZE];
    int alias, changed = 0, status;
    *found = NULL;
    if (name == NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "no name is given");
    if (name[0] == '\0' && branch == 0) {
        *found = (tree_node *)(uintptr_t)&tree->root;
        return PIPETTE_OK;
    }
    for (alias = 0; alias < 2; alias++) {
        status = name_expand(name, run, 1, alias, expanded, &changed, error);
        if (status != PIPETTE_OK)
            return status;
        if (alias == 0 || changed) {
            status = find_expanded(tree, expanded, run, branch, found, error);
            if (status != PIPETTE_E_NOT_FOUND)
                return status;
        }
    }
    return not_found(tree, name, expanded, run, branch, error);
}
