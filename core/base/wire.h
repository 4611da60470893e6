/* wire.h: bytes that cross from process to process: appending to a buffer, and reading one back without trusting it.
 */
#ifndef CORE_BASE_WIRE_H
#define CORE_BASE_WIRE_H

#include <pipette/base.h>

/* A growing buffer. `failed` stays set once memory ran out; look at it once, at the end. Zeroed (but for `apart`), it
 * is empty. */
typedef struct wire {
    unsigned char *data;
    size_t size, capacity;
    int failed;
    int apart; /* its memory is not on the heap (apart.h): what a model must not reach */
} wire;

void wire_free(wire *out);
/* Makes room for `size` more bytes; `failed` is set where there is none. */
void wire_room(wire *out, size_t size);
void wire_put(wire *out, const void *bytes, size_t size);
void wire_u32(wire *out, uint32_t number);
void wire_u64(wire *out, uint64_t number);
void wire_f64(wire *out, double number);
void wire_text(wire *out, const char *text); /* NULL stays NULL */
/* A well-formed value (trajectory/value.h: value_check). Returns how many bytes of its texts were no UTF-8: each goes
 * as U+FFFD. */
uint64_t wire_value(wire *out, const pipette_value *value);

/* Reading: past the end everything is 0 or NULL and `failed` is set. What is handed out points into the bytes. */
typedef struct wire_reader {
    const unsigned char *data;
    size_t size, at;
    int failed;
} wire_reader;

const void *wire_get(wire_reader *in, size_t size);
uint32_t wire_get_u32(wire_reader *in);
uint64_t wire_get_u64(wire_reader *in);
double wire_get_f64(wire_reader *in);
const char *wire_get_text(wire_reader *in);
/* The value's shape and elements (texts of arrays, too) are copies which wire_value_free() frees; a scalar text points
 * into the bytes. */
int wire_get_value(wire_reader *in, pipette_value *value);
void wire_value_free(pipette_value *value);

#endif
