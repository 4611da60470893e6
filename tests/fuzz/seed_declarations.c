/* seed_declarations.c: writes what plugins declare as a model host packs it, one file PLUGIN beside the other, into the
 * current folder: files for corpus/declarations. */
#include "plugin/schema.h"

#include <stdio.h>
#include <stdlib.h>

#include "plugin/probe.h"

int main(int count, char **paths)
{
    int i;
    for (i = 1; i < count; i++) {
        const char *slash = strrchr(paths[i], '/');
        char name[256];
        plugin_schema *schema = NULL;
        pipette_error error = {0};
        void *bytes = NULL;
        size_t size = 0;
        FILE *file;
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(slash != NULL ? slash + 1 : paths[i], "."),
                       slash != NULL ? slash + 1 : paths[i]);
        if (plugin_probe(paths[i], 10, &schema, &error) != PIPETTE_OK) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
        schema->path = name; /* not where it was built */
        file = fopen(name, "wb");
        if (schema_pack(schema, &bytes, &size, &error) != PIPETTE_OK || file == NULL ||
            fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
            return 1;
        free(bytes);
        schema_destroy(schema);
    }
    return 0;
}
