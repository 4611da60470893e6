/* spec_check.h: the rules for what a descriptor declares: parameters, results, options. For descriptor.c. */
#ifndef CORE_PLUGIN_SPEC_CHECK_H
#define CORE_PLUGIN_SPEC_CHECK_H

#include <pipette/model.h>

/* Each: 0, or PIPETTE_E_PLUGIN or PIPETTE_E_ABI with a message that names the file `path` and the thing at fault. */

int spec_check_options(const char *path, const pipette_descriptor *descriptor, pipette_error *error);
int spec_check_parameters(const char *path, const pipette_model *model, pipette_error *error);
int spec_check_results(const char *path, const pipette_model *model, pipette_error *error);

#endif
