/* config_file.h: buffers of a config's text, and files read into them. */
#ifndef CORE_CONFIG_CONFIG_FILE_H
#define CORE_CONFIG_CONFIG_FILE_H

#include "config/config_node.h"

#include <sys/types.h>

/* Tells whether a file is being read already. */
typedef struct config_file_identity {
    dev_t device;
    ino_t inode;
} config_file_identity;

/* Appends bytes; a zero byte always follows the last one. */
int config_buffer_add(config_buffer *buffer, const char *data, size_t size, pipette_error *error);

/* Appends a whole file. `where` stands before its name in messages ("" or "a.cfg:3: "). */
int config_file_read(const char *where, const char *path, config_buffer *text, config_file_identity *identity,
                     pipette_error *error);

#endif
