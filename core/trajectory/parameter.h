/* parameter.h: what a parameter declares: owned copies of specs, defaults as values, bounds. */
#ifndef CORE_TRAJECTORY_PARAMETER_H
#define CORE_TRAJECTORY_PARAMETER_H

#include <pipette/plugin.h>

#include "base/value.h"

/* The spec as this version of the header knows it: what an older one lacks is 0. PIPETTE_E_INVALID where path is
 * missing, where bounds stand at a type that has no order, or are not numbers. Borrows everything from `spec`. */
int parameter_normalise(const pipette_parameter_spec *spec, pipette_parameter_spec *out, pipette_error *error);

/* An owned copy; parameter_destroy() frees it. */
int parameter_copy(const pipette_parameter_spec *spec, pipette_parameter_spec **copy, pipette_error *error);
void parameter_destroy(pipette_parameter_spec *spec);

/* The declared default as an owned value. */
int parameter_default(const pipette_parameter_spec *spec, pipette_value *out, pipette_error *error);

/* PIPETTE_E_BOUNDS with a message that opens with `what` where an element (of the spec's type), or one of a value's,
 * lies outside the bounds. `spec` NULL: no bounds. */
int parameter_check_element(const pipette_parameter_spec *spec, const char *what, const value_element *element,
                            pipette_error *error);
int parameter_check_value(const pipette_parameter_spec *spec, const char *what, const pipette_value *value,
                          pipette_error *error);

#endif
