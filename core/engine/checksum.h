/* checksum.h: one number for what is stored of a run, so that bits that rot are found.
 *
 * Each result adds a term, which depends on its path and its bits; the number is their exclusive or, so it does not
 * matter in which order they come, and a result without a value (all of it is the fill value, a text is empty, an array
 * has no elements) adds nothing: files get columns later, and runs can leave some out. Of a run that is not done, only
 * the state counts. */
#ifndef CORE_ENGINE_CHECKSUM_H
#define CORE_ENGINE_CHECKSUM_H

#include <pipette/base.h>

/* The ledger's column has 4 bytes for each run, or 1 where runs are many and small. Below the top bit, which is set:
 * the first bits of the sum. So 0, which rows have that nobody has written, says that there is none. */
enum { CHECKSUM_NONE = 0 };

/* Of a result, from its full path ("results.neuron.$.V"). Never 0. */
uint32_t checksum_seed(const char *path);

/* Adds the terms of `count` rows of `elements` numbers of `type`, which lie `stride` bytes apart, to their sums. */
void checksum_rows(uint32_t seed, int type, uint64_t elements, const void *rows, uint64_t stride, uint64_t count,
                   uint32_t *sums);

/* The term of one value: of a text, of an array whose length differs from run to run, or (rank 0) as in checksum_rows.
 */
uint32_t checksum_value(uint32_t seed, const pipette_value *value);

/* From the sums of some runs to what is stored of them, in `width` bytes each (1 or 4). */
void checksum_close(const uint32_t *sums, const int8_t *states, uint64_t count, uint32_t width, void *out);

/* Adds the term of one more value to what checksum_close() has made of the row. */
void checksum_add(void *stored, uint64_t row, uint32_t width, uint32_t term);

/* What is stored of a run that has no values. */
uint32_t checksum_of_state(int state, uint32_t width);

#endif
