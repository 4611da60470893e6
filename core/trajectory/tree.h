/* tree.h: the nodes of a trajectory: groups and leaves below four branches, found by full name or by natural naming. */
#ifndef CORE_TRAJECTORY_TREE_H
#define CORE_TRAJECTORY_TREE_H

#include "trajectory/name.h"
#include "base/value.h"

/* Fields are read freely; value, unit, comment, spec, locked and explored are the trajectory's to fill. The tree owns
 * them. */
typedef struct tree_node {
    struct tree_node *parent, *first, *last, *next;
    struct tree_node *chain; /* of the hash table */
    char *path;              /* full name; "" for the root */
    const char *name;        /* the tail of path */
    uint32_t depth;          /* 0: the root */
    int branch;
    int leaf;
    int locked;
    uint64_t run, run_set; /* whose node this is (it or a parent has that name), or NAME_NO_RUN */
    int run_all;           /* it or a parent is run_ALL or run_set_ALL */
    uint32_t explored;     /* 1 + the number of the explored parameter, or 0 */
    uint32_t stored;       /* 1 + the number of the trajectory's source for its value, or 0 */
    int stored_type;
    int per_run; /* stored: each run has a value; the node stands below run_ALL */
    int loaded;  /* stored, of no run: `value` is here */
    pipette_value value;
    char *unit, *comment;
    pipette_parameter_spec *spec; /* of a parameter that was declared, else NULL */
} tree_node;

typedef struct node_tree {
    tree_node root;
    tree_node **buckets;
    uint64_t bucket_count, node_count;
} node_tree;

/* Root and branches. tree_destroy() also ends a tree that could not be created. */
int tree_create(node_tree *tree, pipette_error *error);
void tree_destroy(node_tree *tree);

/* The node of exactly this full name, or NULL. */
tree_node *tree_exact(const node_tree *tree, const char *path);

/* A new leaf and the groups above it. `path` is a full name that was checked. PIPETTE_E_EXISTS where it, or a leaf
 * above it, is there already; then nothing changes. */
int tree_add(node_tree *tree, const char *path, tree_node **leaf, pipette_error *error);

/* Does the view of `run` (NAME_NO_RUN: the default view) have this node? */
int tree_visible(const tree_node *node, uint64_t run);

/* Natural naming, see <pipette/trajectory.h>. `branch` not 0: only leaves of that branch fit, and "" never does. */
int tree_find(const node_tree *tree, const char *name, uint64_t run, int branch, tree_node **found,
              pipette_error *error);

/* The full name that was perhaps meant, or NULL. */
const char *tree_nearest(const node_tree *tree, const char *name, uint64_t run, int branch);

/* The next node of a walk over `top` and everything below it, parents first, or NULL. */
tree_node *tree_next(const tree_node *top, const tree_node *node);

#endif
