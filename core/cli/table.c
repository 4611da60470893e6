/* table.c: how wide cells are, and what becomes of those that do not fit. */
#define _XOPEN_SOURCE 700
#include "cli/table.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

unsigned table_terminal(void)
{
    const char *given = getenv("COLUMNS");
    struct winsize size;
    long columns;
    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    columns = given == NULL ? 0 : strtol(given, NULL, 10);
    return columns > 0 && columns < 100000 ? (unsigned)columns : 80;
}

/* Texts are UTF-8 whatever the locale is, and only a locale of UTF-8 measures and prints them as they are. */
static void use_utf8(void)
{
    static int done;
    if (!done && (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0))
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    done = 1;
}

/* The branches of a tree are the same bytes on every machine, and as many as they take columns. */
static void use_plain_branches(struct libscols_table *lines)
{
    struct libscols_symbols *symbols = scols_new_symbols();
    if (symbols == NULL)
        return;
    (void)scols_symbols_set_vertical(symbols, "| ");
    (void)scols_symbols_set_branch(symbols, "|-");
    (void)scols_symbols_set_right(symbols, "`-");
    (void)scols_table_set_symbols(lines, symbols);
    scols_unref_symbols(symbols);
}

/* Bytes of the character at `text`, and the columns that it takes. What cannot be printed takes what libsmartcols
 * writes for it: \x1b. */
static size_t character(const char *text, unsigned *width, int *printable)
{
    wchar_t wide;
    mbstate_t state = {0};
    size_t size = mbrtowc(&wide, text, strlen(text), &state);
    int columns = size == (size_t)-1 || size == (size_t)-2 || size == 0 ? -1 : wcwidth(wide);
    *printable = columns >= 0;
    if (columns >= 0) {
        *width = (unsigned)columns;
        return size;
    }
    size = size == (size_t)-1 || size == (size_t)-2 || size == 0 ? 1 : size;
    *width = 4 * (unsigned)size;
    return size;
}

unsigned table_width(const char *text)
{
    unsigned sum = 0, width;
    int printable;
    use_utf8();
    while (*text != '\0') {
        text += character(text, &width, &printable);
        sum += width;
    }
    return sum;
}

void table_begin(table *made, const table_column *columns, size_t count)
{
    size_t i;
    use_utf8();
    made->lines = scols_new_table();
    use_plain_branches(made->lines);
    made->columns = columns;
    made->count = count;
    for (i = 0; i < count; i++) {
        struct libscols_column *column = scols_table_new_column(made->lines, columns[i].heading, 0, columns[i].flags);
        if (columns[i].flags & SCOLS_FL_WRAP) { /* where a newline stands */
            (void)scols_column_set_safechars(column, "\n");
            (void)scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
        }
    }
}

/* ---- Fitting ---- */

/* The columns that the tree draws before a line's name. */
static unsigned branch_width(const struct libscols_line *line)
{
    unsigned depth = 0;
    while ((line = scols_line_get_parent(line)) != NULL)
        depth++;
    return 2 * depth;
}

static unsigned cell_width(const table *t, struct libscols_line *line, size_t column)
{
    const char *text = scols_line_get_column_data(line, scols_table_get_column(t->lines, column));
    return (text == NULL ? 0 : table_width(text)) + (t->columns[column].flags & SCOLS_FL_TREE ? branch_width(line) : 0);
}

static void cut_cell(const table *t, struct libscols_line *line, size_t column, unsigned room)
{
    const char *text = scols_line_get_column_data(line, scols_table_get_column(t->lines, column));
    unsigned used = 0, width = 0, dots = (unsigned)strlen(TABLE_DOTS),
             branch = t->columns[column].flags & SCOLS_FL_TREE ? branch_width(line) : 0;
    size_t length = 0;
    int printable;
    char *shorter;
    if (text == NULL || cell_width(t, line, column) <= room)
        return;
    room = room > branch + dots ? room - branch : dots;
    for (;;) {
        size_t size = character(text + length, &width, &printable);
        if (used + width + dots > room)
            break;
        used += width;
        length += size;
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    shorter = malloc(length + sizeof TABLE_DOTS);
    if (shorter == NULL)
        return;
    memcpy(shorter, text, length);
    strcpy(shorter + length, TABLE_DOTS);
    if (scols_line_refer_data(line, column, shorter) != 0)
        free(shorter);
}

/* Breaks a cell's text into lines of at most `room` columns: between words, and within those that are longer. */
static void wrap_cell(const table *t, struct libscols_line *line, size_t column, unsigned room)
{
    const char *text = scols_line_get_column_data(line, scols_table_get_column(t->lines, column));
    char *broken, *end, *blank = NULL;
    int printable;
    unsigned used = 0, since = 0, width; /* columns of the line so far, and of the word at its end */
    if (text == NULL || table_width(text) <= room || (end = broken = malloc(2 * strlen(text) + 1)) == NULL)
        return;
    while (*text != '\0') {
        size_t size = character(text, &width, &printable);
        if (used + width > room && *text == ' ') {
            *end++ = '\n';
            text++;
            used = since = 0;
            blank = NULL;
            continue;
        }
        if (used + width > room && blank != NULL) {
            *blank = '\n';
            blank = NULL;
            used = since;
        } else if (used + width > room) {
            *end++ = '\n';
            used = since = 0;
        }
        if (*text == ' ')
            blank = end;
        since = *text == ' ' ? 0 : since + width;
        used += width;
        memcpy(end, text, size);
        end += size;
        text += size;
    }
    *end = '\0';
    if (scols_line_refer_data(line, column, broken) != 0)
        free(broken);
}

/* A column that may go altogether goes where less than this is left for it. */
enum { FEWEST = 16 };

/* Narrows what may be cut, in its order, until everything fits into `width`; what may go goes first, if it cannot have
 * enough. */
static void narrow(const table *t, unsigned *widths, unsigned width)
{
    unsigned turn, sum = 0, over;
    size_t i, j;
    for (i = 0; i < t->count; i++) {
        unsigned others = 0;
        if (t->columns[i].cut == 0 || t->columns[i].narrowest != 0)
            continue;
        for (j = 0; j < t->count; j++) /* as narrow as they become before it is its turn */
            if (j != i)
                others += (t->columns[j].cut == 0 || t->columns[j].cut > t->columns[i].cut ||
                                   widths[j] < t->columns[j].narrowest
                               ? widths[j]
                               : t->columns[j].narrowest) +
                          1;
        if (others + FEWEST > width)
            widths[i] = 0;
    }
    for (i = 0; i < t->count; i++)
        sum += widths[i] > 0 ? widths[i] + (i > 0) : 0;
    over = sum > width ? sum - width : 0;
    for (turn = 1; over > 0 && turn <= t->count; turn++)
        for (i = 0; i < t->count; i++) {
            unsigned keep = t->columns[i].narrowest == 0 ? FEWEST : t->columns[i].narrowest, give;
            if (t->columns[i].cut != turn || widths[i] <= keep)
                continue;
            give = widths[i] - keep < over ? widths[i] - keep : over;
            widths[i] -= give;
            over -= give;
        }
}

static void fit(const table *t, unsigned width)
{
    struct libscols_iter *each = scols_new_iter(SCOLS_ITER_FORWARD);
    struct libscols_line *line;
    unsigned widths[TABLE_COLUMNS_MAX] = {0}, sum = 0;
    size_t i;
    if (each == NULL)
        return;
    for (i = 0; i < t->count; i++)
        widths[i] = table_width(t->columns[i].heading);
    while (scols_table_next_line(t->lines, each, &line) == 0)
        for (i = 0; i < t->count; i++) {
            unsigned wide = cell_width(t, line, i);
            widths[i] = wide > widths[i] ? wide : widths[i];
        }
    for (i = 0; i < t->count; i++)
        sum += widths[i] + (i > 0);
    if (sum > width) {
        narrow(t, widths, width);
        for (i = 0; i < t->count; i++) {
            struct libscols_column *column = scols_table_get_column(t->lines, i);
            if (widths[i] == 0)
                (void)scols_column_set_flags(column, scols_column_get_flags(column) | SCOLS_FL_HIDDEN);
            scols_reset_iter(each, SCOLS_ITER_FORWARD);
            while (widths[i] > 0 && scols_table_next_line(t->lines, each, &line) == 0) {
                if (t->columns[i].flags & SCOLS_FL_WRAP)
                    wrap_cell(t, line, i, widths[i]);
                else
                    cut_cell(t, line, i, widths[i]);
            }
        }
    }
    scols_free_iter(each);
}

void table_print(table *t, unsigned width)
{
    if (width > 0) {
        fit(t, width);
        (void)scols_table_set_termforce(t->lines, SCOLS_TERMFORCE_ALWAYS);
        (void)scols_table_set_termwidth(t->lines, width);
    } else {
        (void)scols_table_set_termforce(t->lines, SCOLS_TERMFORCE_NEVER);
    }
    (void)scols_print_table(t->lines);
    scols_unref_table(t->lines);
}

/* ---- Texts ---- */

static unsigned put(const char *text, size_t length)
{
    const char *end = text + length;
    unsigned sum = 0, width;
    int printable;
    use_utf8();
    while (text < end) {
        size_t size = character(text, &width, &printable), i;
        if (!printable)
            for (i = 0; i < size; i++)
                printf("\\x%02x", (unsigned char)text[i]);
        else
            (void)fwrite(text, 1, size, stdout);
        text += size;
        sum += width;
    }
    return sum;
}

void table_put(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n\t");
        (void)put(text, length);
        text += length;
        if (*text != '\0')
            putchar(*text++);
    }
}

void table_wrap(const char *text, unsigned width)
{
    unsigned used = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, " \n");
        char word[1024];
        unsigned wide;
        (void)snprintf(word, sizeof word, "%.*s", (int)length, text);
        wide = table_width(word);
        if (used > 0 && width > 0 && used + 1 + wide > width) {
            putchar('\n');
            used = 0;
        }
        used += (unsigned)printf("%s", used > 0 ? " " : "") + put(text, length);
        text += length;
        if (*text == '\n')
            putchar('\n');
        used = *text == '\n' ? 0 : used;
        text += *text != '\0';
    }
    putchar('\n');
}
