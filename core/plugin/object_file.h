/* object_file.h: what can be known of a shared object without loading it. */
#ifndef CORE_PLUGIN_OBJECT_FILE_H
#define CORE_PLUGIN_OBJECT_FILE_H

#include <pipette/base.h>

/* Fills `error` with "plugin 'PATH'", then the rest; returns `code`. The rest begins with ' ' or ':'. */
int plugin_refuse(pipette_error *error, int code, const char *path, const char *format, ...) PIPETTE_PRINTF(4, 5);

/* `message` without the "plugin 'PATH'" that plugin_refuse() puts before it: the bare reason, for lists that name the
 * path. */
const char *plugin_reason(const char *message, const char *path);

/* Whether dlopen() can be tried: a regular file, readable, an ELF shared object of this machine, not cut off (a part
 * that is missing at the end would be SIGBUS inside dlopen). PIPETTE_E_PLUGIN with the reason. */
int object_file_check(const char *path, pipette_error *error);

enum { BUILD_ID_SIZE = 131 }; /* 64 bytes in hexadecimal, with room */

/* The GNU build-id of the file in hexadecimal; "" where it has none or cannot be read. */
void object_file_build_id(const char *path, char text[BUILD_ID_SIZE]);

/* What tells this file from any other: its build-id, or "sha256:" and the SHA-256 of its bytes where it has none; ""
 * where it cannot be read. */
void object_file_identity(const char *path, char text[BUILD_ID_SIZE]);

#endif
