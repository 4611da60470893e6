/* own_folder.h: the folder of plugins that belongs to the running library. */
#ifndef CORE_PLUGIN_OWN_FOLDER_H
#define CORE_PLUGIN_OWN_FOLDER_H

/* From DIR, where the file with this code is (libpipette, or a program that holds it): the first that exists of
 * DIR/pipette/plugins, DIR/../lib/pipette/plugins, DIR/../lib/TRIPLET/pipette/plugins and
 * DIR/../../lib/pipette/plugins; the first one's name where none exists. To be freed. NULL where the file cannot be
 * found or there is no memory. */
char *own_folder(void);

#endif
