/* same.h: two values, bit by bit, and what to say of an element. */
#ifndef CORE_BASE_SAME_H
#define CORE_BASE_SAME_H

#include <pipette/base.h>

/* 1: equal in type, shape and every bit. 0: not; *element is then the first that differs, UINT64_MAX where type or
 * shape do. */
int same_value(const pipette_value *a, const pipette_value *b, uint64_t *element);
/* The same for values of one type and number of elements, whatever their shapes; *element stays where they are equal.
 */
int same_elements(const pipette_value *a, const pipette_value *b, uint64_t *element);
/* An element as text; doubles with all their digits. Returns out. */
char *same_element_text(const pipette_value *value, uint64_t element, char *out, size_t size);

#endif
