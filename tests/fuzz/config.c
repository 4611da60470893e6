/* config.c: a config's text, with files that it includes and values that are set: it is read or refused with a message,
 * and its text with the includes in it is the same config again.
 *
 * A line "%file NAME" begins a file that can be included, "%set PATH=VALUE" is a --set; what stands before and between
 * is the config. No other file is within reach. */
#include "fuzz.h"

#include "config/config_file.h"
#include "config/config_node.h"

enum { FILES_MOST = 8, SETS_MOST = 8 };

typedef struct given_file {
    const char *name;
    config_buffer text;
} given_file;

static given_file files[FILES_MOST];
static uint32_t file_count, set_count;
static char *sets[SETS_MOST];

int __wrap_config_file_read(const char *where, const char *path, config_buffer *text, config_file_identity *identity,
                            pipette_error *error);

/* In place of config_file_read(). */
int __wrap_config_file_read(const char *where, const char *path, config_buffer *text, config_file_identity *identity,
                            pipette_error *error)
{
    uint32_t i;
    for (i = 0; i < file_count && strcmp(files[i].name, path) != 0; i++)
        continue;
    if (i == file_count)
        return pipette_error_set(error, PIPETTE_E_CONFIG, "%s%s: no such file", where, path);
    identity->device = 0;
    identity->inode = i;
    return config_buffer_add(text, files[i].text.data, files[i].text.size, error);
}

/* Cuts the input into files and sets; the names stay in `text`. */
static void take_apart(char *text)
{
    char *line = text, *end;
    memset(files, 0, sizeof files);
    files[0].name = "main.cfg";
    file_count = 1;
    set_count = 0;
    MUST(config_buffer_add(&files[0].text, "", 0, NULL) == PIPETTE_OK);
    for (; *line != '\0'; line = end) {
        end = strchr(line, '\n');
        end = end == NULL ? line + strlen(line) : end + 1;
        if (strncmp(line, "%file ", 6) == 0 && file_count < FILES_MOST && end[-1] == '\n') {
            end[-1] = '\0';
            files[file_count].name = line + 6;
            MUST(config_buffer_add(&files[file_count++].text, "", 0, NULL) == PIPETTE_OK);
        } else if (strncmp(line, "%set ", 5) == 0 && set_count < SETS_MOST) {
            sets[set_count++] = strndup(line + 5, strcspn(line + 5, "\n"));
        } else {
            MUST(config_buffer_add(&files[file_count - 1].text, line, (size_t)(end - line), NULL) == PIPETTE_OK);
        }
    }
}

static void put_away(void)
{
    uint32_t i;
    for (i = 0; i < file_count; i++)
        free(files[i].text.data);
    for (i = 0; i < set_count; i++)
        free(sets[i]);
}

/* What a stage may ask of each node, whatever it is. */
static void ask_everything(const pipette_option *node)
{
    static const int types[] = {PIPETTE_TYPE_NONE,    PIPETTE_TYPE_F64,  PIPETTE_TYPE_F32,
                                PIPETTE_TYPE_I64,     PIPETTE_TYPE_I32,  PIPETTE_TYPE_U64,
                                PIPETTE_TYPE_COMPLEX, PIPETTE_TYPE_BOOL, PIPETTE_TYPE_STRING};
    char label[CONFIG_LABEL_SIZE], words[CONFIG_LABEL_SIZE];
    size_t i;
    uint64_t k;
    for (i = 0; i < sizeof types / sizeof types[0]; i++) {
        pipette_value value;
        pipette_error error = {0};
        int status = config_value(node, types[i], &value, &error);
        MUST(status == PIPETTE_OK || (status == PIPETTE_E_CONFIG && error.message[0] != '\0'));
        MUST(status != PIPETTE_OK || types[i] == PIPETTE_TYPE_NONE || value.type == types[i]);
    }
    MUST(strlen(config_label(node, label)) < CONFIG_LABEL_SIZE);
    MUST(strlen(config_node_words(node, words)) < CONFIG_LABEL_SIZE);
    for (k = 0; k < config_count(node); k++) {
        const pipette_option *child = config_at(node, k);
        MUST(config_kind(node) != PIPETTE_OPTION_GROUP || config_get(node, config_name(child)) == child);
        ask_everything(child);
    }
}

static void check_options(const config *loaded)
{
    static const char *const always[] = {"name", "plugin", NULL};
    static const pipette_option_spec specs[] = {
        PIPETTE_OPTION("parameters.*", PIPETTE_OPTION_ANY, NULL, ""),
        PIPETTE_OPTION("run.workers", PIPETTE_TYPE_U64, NULL, ""),
        PIPETTE_OPTION("preprocess[].product[].step", PIPETTE_TYPE_F64, NULL, ""),
        PIPETTE_OPTION("preprocess[].product[].values", PIPETTE_OPTION_ARRAY, NULL, ""),
        PIPETTE_OPTION("preprocess[].plugin", PIPETTE_TYPE_STRING, NULL, ""),
        PIPETTE_OPTION("storage.*.file", PIPETTE_TYPE_STRING, NULL, ""),
    };
    pipette_error error = {0};
    int status =
        config_check(config_root(loaded), "a pipeline", specs, sizeof specs / sizeof specs[0], 0, always, &error);
    MUST(status == PIPETTE_OK || (status == PIPETTE_E_CONFIG && error.message[0] != '\0'));
}

static void same(const pipette_option *a, const pipette_option *b)
{
    uint64_t i;
    MUST(strcmp(config_name(a), config_name(b)) == 0 && config_kind(a) == config_kind(b));
    MUST(config_count(a) == config_count(b));
    if (config_kind(a) == PIPETTE_TYPE_STRING)
        MUST(strcmp(a->as.string, b->as.string) == 0);
    else
        MUST(a->as.u64 == b->as.u64);
    for (i = 0; i < config_count(a); i++)
        same(config_at(a, i), config_at(b, i));
}

/* NULL where it is refused. */
static config *load(uint32_t count)
{
    pipette_error error = {0};
    config *loaded = NULL;
    int status = config_load("main.cfg", (const char *const *)sets, count, &loaded, &error);
    MUST((status == PIPETTE_OK) == (loaded != NULL));
    MUST(status == PIPETTE_OK || (status == PIPETTE_E_CONFIG && error.message[0] != '\0'));
    return loaded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    config *plain, *again = NULL, *set;
    pipette_error error = {0};
    take_apart(text);
    plain = load(0);
    if (plain != NULL) {
        ask_everything(config_root(plain));
        check_options(plain);
        MUST(config_parse("stored", config_text(plain), NULL, 0, &again, &error) == PIPETTE_OK);
        same(config_root(plain), config_root(again));
        config_free(again);
    }
    set = plain != NULL && set_count > 0 ? load(set_count) : NULL;
    if (set != NULL) {
        ask_everything(config_root(set));
        check_options(set);
    }
    config_free(set);
    config_free(plain);
    put_away();
    free(text);
    return 0;
}
