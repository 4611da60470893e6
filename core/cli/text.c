/* text.c: values as text: for tables, CSV and JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

char *cli_f64(double number, char *out)
{
    int digits;
    for (digits = 15; digits <= 17; digits++) {
        (void)snprintf(out, 40, "%.*g", digits, number);
        if (strtod(out, NULL) == number)
            break;
    }
    return out;
}

static char *f32(float number, char *out)
{
    int digits;
    for (digits = 6; digits <= 9; digits++) {
        (void)snprintf(out, 40, "%.*g", digits, (double)number);
        if (strtof(out, NULL) == number)
            break;
    }
    return out;
}

char *cli_element(const pipette_value *value, uint64_t index, char *out, size_t size)
{
    const void *data = pipette_value_data(value);
    char a[40], b[40];
    switch (value->type) {
    case PIPETTE_TYPE_F64: (void)snprintf(out, size, "%s", cli_f64(((const double *)data)[index], a)); break;
    case PIPETTE_TYPE_F32: (void)snprintf(out, size, "%s", f32(((const float *)data)[index], a)); break;
    case PIPETTE_TYPE_I64: (void)snprintf(out, size, "%lld", (long long)((const int64_t *)data)[index]); break;
    case PIPETTE_TYPE_I32: (void)snprintf(out, size, "%ld", (long)((const int32_t *)data)[index]); break;
    case PIPETTE_TYPE_U64: (void)snprintf(out, size, "%llu", (unsigned long long)((const uint64_t *)data)[index]); break;
    case PIPETTE_TYPE_BOOL: (void)snprintf(out, size, "%s", ((const uint8_t *)data)[index] ? "true" : "false"); break;
    case PIPETTE_TYPE_COMPLEX: {
        const pipette_complex *z = &((const pipette_complex *)data)[index];
        (void)snprintf(out, size, "%s%s%sj", cli_f64(z->real, a), signbit(z->imaginary) ? "" : "+", cli_f64(z->imaginary, b));
        break;
    }
    case PIPETTE_TYPE_STRING: {
        const char *text = ((const char *const *)data)[index];
        (void)snprintf(out, size, "%s", text == NULL ? "" : text);
        break;
    }
    default: (void)snprintf(out, size, "?"); break;
    }
    return out;
}

static int is_state(const pipette_entry *entry)
{
    return entry->kind == PIPETTE_ENTRY_COLUMN && entry->role == PIPETTE_ROLE_LEDGER && entry->type == PIPETTE_TYPE_BOOL && entry->rank == 0;
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
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", out);
        else if (c == '\t')
            fputs("\\t", out);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

void cli_json_element(FILE *out, const pipette_value *value, uint64_t index)
{
    char text[64];
    const void *data = pipette_value_data(value);
    if (value->type == PIPETTE_TYPE_STRING) {
        const char *string = ((const char *const *)data)[index];
        cli_json_text(out, string == NULL ? "" : string);
    } else if (value->type == PIPETTE_TYPE_COMPLEX) {
        const pipette_complex *z = &((const pipette_complex *)data)[index];
        pipette_value part = pipette_value_f64(z->real);
        fputc('[', out);
        cli_json_element(out, &part, 0);
        fputc(',', out);
        part = pipette_value_f64(z->imaginary);
        cli_json_element(out, &part, 0);
        fputc(']', out);
    } else if ((value->type == PIPETTE_TYPE_F64 && !isfinite(((const double *)data)[index])) ||
               (value->type == PIPETTE_TYPE_F32 && !isfinite(((const float *)data)[index]))) {
        fputs("null", out);
    } else {
        fputs(cli_element(value, index, text, sizeof text), out);
    }
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

void cli_csv(FILE *out, const char *text)
{
    if (strpbrk(text, ",\"\n\r") == NULL) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}
