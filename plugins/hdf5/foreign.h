/* foreign.h: what the two halves share that carry what others have put into the file: the walk (foreign.c), values
 * (foreign_values.c). */
#ifndef FOREIGN_H
#define FOREIGN_H

#include "layout.h"

typedef enum moved_kind {
    MOVED_OURS,
    MOVED_CHANGED, /* ours, and something else now: a group that was a dataset */
    MOVED_COPIED,
    MOVED_LINKED /* where it was */
} moved_kind;

/* An object of the old structure, and where it is in the new one. */
typedef struct moved {
    haddr_t old;
    char *old_path, *path;
    moved_kind kind;
} moved;

typedef struct foreign {
    writer *w;
    hid_t old;
    moved *objects;
    uint32_t count;
    uint32_t *slots, slot_count; /* by address: index + 1 */
    int status;
} foreign;

/* The first failure counts. */
void foreign_fail(foreign *all, int status);
void foreign_fail_at(foreign *all, const char *path);
/* What became of the object of the old structure at `address`; NULL: nothing yet. */
const moved *foreign_find(foreign *all, haddr_t address);
bool foreign_refers(hid_t type);
/* Copies a dataset along dimensions of ours that have grown; what is new is missing. False: it needs no more room than
 * it has. */
bool foreign_copy_longer(foreign *all, hid_t id, const char *path);
/* A copied dataset's elements that refer to objects. */
void foreign_write_references(foreign *all, const moved *object);
/* The attributes that its copy, or our object in its place, does not have. */
void foreign_copy_attributes(foreign *all, const moved *object);

#endif
