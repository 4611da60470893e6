/* skeleton.h: a config to start from, made from what a plugin declares. */
#ifndef CORE_CLI_SKELETON_H
#define CORE_CLI_SKELETON_H

#include <pipette/embed.h>

/* Prints it. For a model it is a whole pipeline, which `pipette check` accepts as it stands; for other plugins their
 * stage. `plugin` is what the user named; where that was a file, the config names the file. */
void skeleton_print(const pipette_manual *manual, const char *plugin);

#endif
