/* text.c: values as text: for tables, CSV and JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/output.h"

char *cli_f64(double number, char *out)
{
    (void)pipette_f64_text(number, out);
    return out;
}

char *cli_element(const pipette_value *value, uint64_t index, char *out, size_t size)
{
    const void *data = pipette_value_data(value);
    char a[40], b[40];
    switch (value->type) {
    case PIPETTE_TYPE_F64:
        (void)snprintf(out, size, "%s", cli_f64(((const double *)data)[index], a));
        break;
    case PIPETTE_TYPE_F32:
        (void)pipette_f32_text(((const float *)data)[index], a);
        (void)snprintf(out, size, "%s", a);
        break;
    case PIPETTE_TYPE_I64:
        (void)snprintf(out, size, "%lld", (long long)((const int64_t *)data)[index]);
        break;
    case PIPETTE_TYPE_I32:
        (void)snprintf(out, size, "%ld", (long)((const int32_t *)data)[index]);
        break;
    case PIPETTE_TYPE_U64:
        (void)snprintf(out, size, "%llu", (unsigned long long)((const uint64_t *)data)[index]);
        break;
    case PIPETTE_TYPE_BOOL:
        (void)snprintf(out, size, "%s", ((const uint8_t *)data)[index] ? "true" : "false");
        break;
    case PIPETTE_TYPE_COMPLEX: {
        const pipette_complex *z = &((const pipette_complex *)data)[index];
        (void)snprintf(out, size, "%s%s%sj", cli_f64(z->real, a), signbit(z->imaginary) ? "" : "+",
                       cli_f64(z->imaginary, b));
        break;
    }
    case PIPETTE_TYPE_STRING: {
        const char *text = ((const char *const *)data)[index];
        (void)snprintf(out, size, "%s", text == NULL ? "" : text);
        break;
    }
    default:
        (void)snprintf(out, size, "?");
        break;
    }
    return out;
}

static int is_state(const pipette_entry *entry)
{
    return entry->kind == PIPETTE_ENTRY_COLUMN && entry->role == PIPETTE_ROLE_LEDGER &&
           entry->type == PIPETTE_TYPE_BOOL && entry->rank == 0;
}

void cli_mean(const pipette_entry *entry, pipette_value *value)
{
    if (is_state(entry) && value->type == PIPETTE_TYPE_BOOL && value->rank == 0)
        *value = pipette_value_string(pipette_state_text((int8_t)value->as.boolean));
}

const char *cli_type(const pipette_entry *entry)
{
    return is_state(entry) ? "state" : pipette_type_text(entry->type);
}

void cli_json_text(FILE *out, const char *text)
{
    output json = {NULL, 0, 0, 0, 0};
    output_json(&json, text);
    (void)fwrite(json.data, 1, json.used, out);
    output_free(&json);
}

void cli_json_element(FILE *out, const pipette_value *value, uint64_t index)
{
    output json = {NULL, 0, 0, 0, 0};
    output_json_element(&json, value->type, pipette_value_data(value), index);
    (void)fwrite(json.data, 1, json.used, out);
    output_free(&json);
}

char *cli_count(uint64_t number, const char *noun, char *out)
{
    (void)snprintf(out, CLI_COUNT_SIZE, "%llu %s%s", (unsigned long long)number, noun, number == 1 ? "" : "s");
    return out;
}

char *cli_bytes(uint64_t bytes, char *out)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double number = (double)bytes;
    size_t unit = 0;
    while (number >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
        number /= 1000;
        unit++;
    }
    (void)snprintf(out, 40, unit == 0 ? "%.0f %s" : "%.1f %s", number, units[unit]);
    return out;
}
