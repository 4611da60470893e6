/* value.h: values as the trajectory owns them: copies, conversion without loss, comparison, text for messages. */
#ifndef CORE_BASE_VALUE_H
#define CORE_BASE_VALUE_H

#include <pipette/base.h>

/* One element of any type; the member is the one of the type. */
typedef union value_element {
    double f64;
    float f32;
    int64_t i64;
    int32_t i32;
    uint64_t u64;
    uint8_t boolean;
    pipette_complex complex;
    const char *string;
} value_element;

enum { VALUE_RANK_MAX = 32, VALUE_TEXT_SIZE = 64 };

/* Element `index` of contiguous elements of `type`. */
void value_load(int type, const void *elements, uint64_t index, value_element *out);

/* An element as another type: integers of any width and sign where they fit, integers to floats where exact, f32 to
 * f64, f64 to the nearest f32 (a config has no other way to write one), real to complex. PIPETTE_E_TYPE where the kinds
 * do not go together, PIPETTE_E_BOUNDS where this value does not fit. */
int value_element_convert(int from_type, const value_element *from, int type, value_element *to);

/* A total order: NaN equals NaN and comes last, complex by real part first, strings bytewise. 0: equal. */
int value_element_compare(int type, const value_element *a, const value_element *b);
uint64_t value_element_hash(int type, const value_element *element);

/* For messages: "0.1", "true", "\"text\"" (cut where long). Returns `out`, of VALUE_TEXT_SIZE characters. */
char *value_element_text(int type, const value_element *element, char *out);

/* Says why value_element_convert() refused: "'abc' is a string, not a f64". Returns `status`. */
int value_convert_fail(int status, const char *what, int from_type, const value_element *from, int type,
                       pipette_error *error);

/* Is it well formed: a known type, a shape, data, no missing string? `what` opens the message. */
int value_check(const pipette_value *value, const char *what, pipette_error *error);

/* An owned copy, converted to `type` (PIPETTE_TYPE_NONE: as it is). value_destroy() frees it. */
int value_convert(const pipette_value *value, int type, const char *what, pipette_value *out, pipette_error *error);
void value_destroy(pipette_value *value);

/* Same type, shape and elements. */
int value_equal(const pipette_value *a, const pipette_value *b);

#endif
