/* config_reader.h: the state of the reader of a config's text, and the grammar that it holds the tokens against. */
#ifndef CORE_CONFIG_CONFIG_READER_H
#define CORE_CONFIG_CONFIG_READER_H

#include "config/config_file.h"
#include "config/config_node.h"

/* What may come next. */
typedef enum config_expect {
    EXPECT_KEY,    /* group: a key or its end */
    EXPECT_EQUALS, /* group: after a key */
    EXPECT_VALUE,  /* group: after "="; list: after a comma */
    EXPECT_FIRST,  /* list: a value or its end */
    EXPECT_AFTER   /* after a value */
} config_expect;

typedef struct config_key {
    char *name;
    config_origin origin;
} config_key;

/* An open bracket; the first frame is the file itself. */
typedef struct config_frame {
    char bracket; /* '{' (also the file), '(' or '[' */
    config_origin origin;
    config_expect expect;
    int after_text; /* the last value was text, so more text continues it */
    config_key *keys;
    size_t key_count, key_capacity;
    uint32_t *places; /* by a hash of the name: number of a key + 1, or 0; at least twice as many as keys */
    size_t place_count;
} config_frame;

typedef struct config_reader {
    config_source *source;
    pipette_error *error;
    config_frame frames[CONFIG_DEPTH_LIMIT + 1];
    size_t depth; /* of the innermost frame */
    config_file_identity open_files[CONFIG_INCLUDE_LIMIT];
    size_t open_count;
    int includes; /* @include is obeyed */
} config_reader;

/* The text that is being read. */
typedef struct config_reader_text {
    const char *at, *end;
    config_origin here;
    int line_start; /* nothing but blanks since the line began */
} config_reader_text;

/* A reader at the start of a text; NULL (with `error` filled) without memory. */
config_reader *config_reader_new(config_source *source, pipette_error *error);
void config_reader_free(config_reader *reader);

/* Fills the error with "file:line: message" and returns PIPETTE_E_CONFIG. */
int config_reader_fail(const config_reader *reader, config_origin origin, const char *format, ...) PIPETTE_PRINTF(3, 4);
/* Says what was expected instead of `token`. */
int config_reader_unexpected(const config_reader *reader, const config_reader_text *text, const char *token,
                             size_t length);

/* Writes to `plain`. */
int config_reader_emit(config_reader *reader, const char *data, size_t size);
/* Begins a line of `plain`, which stands for `origin`. */
int config_reader_note_line(config_reader *reader, config_origin origin);
/* Ends a line of `plain` and begins the next one. */
int config_reader_new_line(config_reader *reader, config_reader_text *text);

/* A value begins here. */
int config_reader_begin_value(config_reader *reader, const config_reader_text *text, const char *token, size_t length,
                              int is_text);
/* A key of the innermost group. */
int config_reader_add_key(config_reader *reader, const config_reader_text *text, const char *name, size_t length);
/* The bracket, or one of = : ; , at text->at, which is written to `plain`. */
int config_reader_open(config_reader *reader, const config_reader_text *text);
int config_reader_close(config_reader *reader, const config_reader_text *text);
int config_reader_separator(config_reader *reader, const config_reader_text *text);
/* Is anything still open at the end? */
int config_reader_check_end(const config_reader *reader, config_origin end);

#endif
