/* config_node.h: what the parts of the config reader share: the nodes of the tree, the text with its origins. */
#ifndef CORE_CONFIG_CONFIG_NODE_H
#define CORE_CONFIG_CONFIG_NODE_H

#include "config/config.h"

enum { CONFIG_DEPTH_LIMIT = 64, CONFIG_INCLUDE_LIMIT = 16, CONFIG_LABEL_SIZE = 256 };

/* The elements of an array, converted to one type. */
typedef struct config_elements {
    struct config_elements *next;
    int type;
    uint64_t extent;
    void *data;
} config_elements;

/* A node of the tree. `kind` is what config_kind() says; ARRAY and LIST follow from the children. */
struct pipette_option {
    char *name;       /* "" for elements and the root */
    const char *file; /* owned by the config; "--set PATH=VALUE" for what was set on the command line */
    int line;         /* 0: no line */
    int kind;
    pipette_option *parent;
    pipette_option **children;
    uint64_t count, capacity;
    union {
        double f64;
        int64_t i64;
        uint64_t u64;
        uint8_t boolean;
        char *string;
    } as;
    config_elements *elements; /* filled by config_value(), one per type that was asked for */
};

struct config {
    pipette_option *root;
    char *text;
    char *folder;
    char **files; /* texts that nodes point to */
    uint32_t file_count;
};

/* ---- config.c: nodes ---- */

/* A copy of `name` that lives as long as the config, or NULL without memory. */
const char *config_keep(config *config, const char *name);
/* A new node without children; `name` is copied. NULL without memory. */
pipette_option *config_node_new(const char *name, int kind, const char *file, int line);
void config_node_free(pipette_option *node);
/* Appends `child`, which `parent` then owns. */
int config_node_append(pipette_option *parent, pipette_option *child, pipette_error *error);
/* Tells LIST from ARRAY again after a child has changed. */
void config_node_refresh(pipette_option *node);
/* "'step'", "'values[2]'" or "the config"; the last part of the node's path. Returns `buffer`. */
const char *config_label(const pipette_option *node, char buffer[CONFIG_LABEL_SIZE]);
/* The path of `node` below `base` without quotes: "product[0].step"; "" for `base` itself. Returns `buffer`. */
const char *config_path(const pipette_option *base, const pipette_option *node, char buffer[CONFIG_LABEL_SIZE]);

/* ---- config_value.c ---- */

/* "a number", "an integer", "text", "an array", ...: what an option of this type takes. */
const char *config_type_words(int type);
/* "text", "2.5", "a group": what `node` is. Returns `buffer` or a constant. */
const char *config_node_words(const pipette_option *node, char buffer[CONFIG_LABEL_SIZE]);

/* ---- config_source.c ---- */

typedef struct config_origin {
    const char *file;
    int line;
} config_origin;

typedef struct config_buffer {
    char *data;
    size_t size, capacity;
} config_buffer;

/* The text of a config. `raw`: as it stands, includes expanded. `plain`: the same for libconfig, line by line: without
 * comments, integers as 64 bit ones, [ ] as ( ), and what libconfig cannot hold as text behind a mark. */
typedef struct config_source {
    config *owner; /* keeps the names of the files */
    config_buffer raw, plain;
    config_origin *origins; /* of line i + 1 of `plain` */
    size_t origin_count, origin_capacity;
} config_source;

/* Marks in texts of `plain`; behind them a decimal number, or nan, inf, -inf. */
#define CONFIG_MARK_U64 "\001u64 "
#define CONFIG_MARK_F64 "\001f64 "

/* Reads a file with its includes. The grammar is checked here, because libconfig says no more than "syntax error". */
int config_source_read(config_source *source, const char *name, const char *text, pipette_error *error);
/* Makes the text "value = VALUE;". `label` stands for the file in messages. *is_value is 0 where VALUE is not one value
 * in the grammar (then the result is 0, and it may be taken as text). */
int config_source_value(config_source *source, const char *label, const char *value, int *is_value,
                        pipette_error *error);
void config_source_free(config_source *source);

/* ---- config_tree.c ---- */

/* Parses `plain` with libconfig. The caller owns the tree. */
int config_source_tree(const config_source *source, pipette_option **root, pipette_error *error);

/* ---- config_set.c ---- */

/* Carries out one "PATH=VALUE". */
int config_apply(config *config, const char *text, pipette_error *error);

#endif
