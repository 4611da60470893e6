/* declared.h: what a plugin declares, as values and words. */
#ifndef CORE_CLI_DECLARED_H
#define CORE_CLI_DECLARED_H

#include <pipette/embed.h>

/* The default of a parameter. Borrows from the spec. */
pipette_value declared_default(const pipette_parameter_spec *spec);
/* "f64", "list", "any" and so on for the type of an option. */
const char *declared_option_type(int type);

#endif
