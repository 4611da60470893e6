/* reader.h: words, numbers and quoted text from lines that nobody vouches for. */
#ifndef CORE_BASE_READER_H
#define CORE_BASE_READER_H

#include "base/value.h"

typedef struct reader {
    const char *at;
    uint64_t line;
    int cut; /* the text ends without a newline */
    pipette_error *error;
} reader;

/* The first line, and then each next; 0 behind the last. */
void reader_start(reader *in, const char *text, pipette_error *error);
int reader_line(reader *in);

/* Is nothing left on this line? Blanks are skipped, here and before everything below. */
int reader_at_end(reader *in);

/* Each takes what it names from the line and returns 1, or takes nothing and returns 0. */
int reader_skip(reader *in, const char *word);       /* this word, up to a blank, ':' or the end */
int reader_mark(reader *in, char mark);              /* this character */
int reader_word(reader *in, char *out, size_t size); /* up to a blank */
int reader_u64(reader *in, uint64_t *out);
int reader_f64(reader *in, double *out);

/* A value of a type as exploration_text() writes it; a string is the caller's to free. */
int reader_element(reader *in, int type, value_element *out);

/* PIPETTE_E_INVALID with "exploration, line 3: ...". */
int reader_fail(reader *in, const char *format, ...) PIPETTE_PRINTF(2, 3);

#endif
