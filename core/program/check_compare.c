/* check_compare.c: what runs of the same point gave, held against each other. */
#include "program/check_compare.h"

#include <math.h>
#include <stdlib.h>

#include "base/wire.h"
#include "base/same.h"

int check_outcome_keep(check_outcome *to, const trial_outcome *from)
{
    check_outcome_free(to);
    to->state = from->state;
    to->died = from->died;
    to->late = from->late;
    to->seconds = from->seconds;
    to->damage = from->damage;
    (void)snprintf(to->message, sizeof to->message, "%s", from->message == NULL ? "" : from->message);
    to->values = malloc(from->size + 1);
    if (to->values == NULL)
        return PIPETTE_E_MEMORY;
    if (from->size > 0)
        memcpy(to->values, from->values, from->size);
    to->size = from->size;
    return PIPETTE_OK;
}

void check_outcome_free(check_outcome *outcome)
{
    free(outcome->values);
    memset(outcome, 0, sizeof *outcome);
}

static int is_pattern(const pipette_value *value, uint64_t element, unsigned char pattern)
{
    size_t size = pipette_type_size(value->type), i;
    const unsigned char *at = (const unsigned char *)pipette_value_data(value) + element * size;
    for (i = 0; i < size; i++)
        if (at[i] != pattern)
            return 0;
    return value->type != PIPETTE_TYPE_STRING;
}

static void tell_difference(const pipette_value *a, const pipette_value *b, uint64_t element,
                            const unsigned char patterns[2], check_difference *difference)
{
    char one[80], other[80];
    if (element == UINT64_MAX) {
        (void)snprintf(difference->detail, sizeof difference->detail, "it has %llu elements of %s and %llu of %s",
                       (unsigned long long)pipette_value_count(a), pipette_type_text(a->type),
                       (unsigned long long)pipette_value_count(b), pipette_type_text(b->type));
        return;
    }
    difference->other_unfilled = is_pattern(b, element, patterns[1]);
    difference->unfilled = difference->other_unfilled && is_pattern(a, element, patterns[0]);
    (void)same_element_text(a, element, one, sizeof one);
    (void)same_element_text(b, element, other, sizeof other);
    if (a->rank == 0)
        (void)snprintf(difference->detail, sizeof difference->detail, "it is %s and %s", one, other);
    else
        (void)snprintf(difference->detail, sizeof difference->detail, "element %llu is %s and %s",
                       (unsigned long long)element, one, other);
}

int check_same(const check_outcome *a, const check_outcome *b, const unsigned char patterns[2],
               check_difference *difference)
{
    wire_reader x = {a->values, a->size, 0, 0}, y = {b->values, b->size, 0, 0};
    memset(difference, 0, sizeof *difference);
    if (a->state != b->state) {
        const char *message = a->message[0] != '\0' ? a->message : b->message;
        (void)snprintf(difference->detail, sizeof difference->detail, "it is %s and %s%s%s%s",
                       pipette_state_text(a->state), pipette_state_text(b->state), message[0] != '\0' ? " (" : "",
                       message, message[0] != '\0' ? ")" : "");
        return 0;
    }
    if (a->state != PIPETTE_STATE_DONE || (a->size == b->size && memcmp(a->values, b->values, a->size) == 0))
        return 1;
    while (x.at < x.size && y.at < y.size) {
        const char *path = wire_get_text(&x), *other = wire_get_text(&y);
        pipette_value one, two;
        uint64_t element;
        int same = 1;
        if (path == NULL || other == NULL || strcmp(path, other) != 0)
            break;
        if (wire_get_value(&x, &one) != PIPETTE_OK)
            break;
        if (wire_get_value(&y, &two) == PIPETTE_OK) {
            same = same_value(&one, &two, &element);
            if (!same) {
                (void)snprintf(difference->path, sizeof difference->path, "%s", path);
                tell_difference(&one, &two, element, patterns, difference);
            }
        }
        wire_value_free(&two);
        wire_value_free(&one);
        if (!same)
            return 0;
        if (y.failed)
            break;
    }
    (void)snprintf(difference->detail, sizeof difference->detail, "it stores other results");
    return x.at == x.size && y.at == y.size && !x.failed && !y.failed;
}

int check_finite(const check_outcome *outcome)
{
    wire_reader in = {outcome->values, outcome->size, 0, 0};
    int finite = outcome->state == PIPETTE_STATE_DONE;
    while (finite && in.at < in.size) {
        pipette_value value;
        uint64_t i, count;
        const double *numbers;
        if (wire_get_text(&in) == NULL || wire_get_value(&in, &value) != PIPETTE_OK)
            return 0;
        count = pipette_value_count(&value);
        numbers = pipette_value_data(&value);
        if (value.type == PIPETTE_TYPE_F64 || value.type == PIPETTE_TYPE_COMPLEX)
            for (i = 0; i < count * (value.type == PIPETTE_TYPE_COMPLEX ? 2 : 1) && finite; i++)
                finite = isfinite(numbers[i]) != 0;
        else if (value.type == PIPETTE_TYPE_F32)
            for (i = 0; i < count && finite; i++)
                finite = isfinite(((const float *)pipette_value_data(&value))[i]) != 0;
        wire_value_free(&value);
    }
    return finite;
}
