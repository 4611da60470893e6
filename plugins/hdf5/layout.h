/* layout.h: what the two halves of the structure's writer share: dimension scales and attributes (scales.c), datasets
 * (layout.c). */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "h5.h"

typedef struct scale_user {
    hobj_ref_t dataset;
    int axis;
} scale_user;

typedef struct file_scale {
    char *path;
    uint64_t extent;
    double start, step;
    const char *unit;          /* borrowed from the catalog */
    const char *const *labels; /* likewise; NULL: none */
    uint64_t every;            /* blocks of rows; 0: not those */
    hid_t id;
    hobj_ref_t reference;
    scale_user *users;
    uint32_t user_count;
} file_scale;

typedef struct group_links {
    char *group;
    char *coordinates; /* names of the explored parameters there */
} group_links;

typedef struct writer {
    store_file *store;
    store_catalog *catalog;
    hid_t file, links, reference_list, user_type, text_type;
    store_names names;
    store_names shared; /* last parts of paths that several results have (grid.c) */
    file_scale *scales;
    uint32_t scale_count;
    uint32_t run, complex; /* scales; complex: UINT32_MAX until it is needed */
    group_links *groups;
    uint32_t group_count;
    h5_overlay *overlay;
    bool in_place; /* in the open file, where data of fixed shape stays where it is */
    uint64_t keep; /* where the next dataset of numbers stands */
} writer;

/* PIPETTE_E_STORAGE, with HDF5's reason. */
int layout_failed(writer *w);

/* A dataset of numbers, one dimension at least, that HDF5 never fills (chunks.c). */
typedef struct chunks_spec {
    const char *path;
    int type;
    uint32_t rank;
    const hsize_t *extents;
    const store_places *
        old; /* where its first bytes stand in the open file, cut like `old_cut`; what can stays there. NULL: nowhere */
    const store_cut *old_cut;
    const store_table *grid; /* axes that its chunks should fit to; NULL: none */
    store_cut *cut;          /* how it is cut then */
    store_places *places;    /* where all of it stands then; may be NULL */
} chunks_spec;
int chunks_create(writer *w, const chunks_spec *spec, hid_t *out);
/* Whether the rows of each chunk are whole runs through the last of these axes, or equal parts of one, so that the
 * chunks are those of an array over the axes, too. */
bool chunks_fit(const store_cut *cut, uint32_t axis_count, const hsize_t *axes);
/* A second dataset over the bytes of a column that is cut like that: its rows over the first `axis_count` of the
 * extents. */
int chunks_share(writer *w, const char *path, int type, uint32_t axis_count, uint32_t rank, const hsize_t *extents,
                 const store_cut *cut, const store_places *places, hid_t *out);
/* How the chunked dataset `id`, opened without a cache for chunks, is cut, and where it stands. STORE_NONE: it is none
 * that chunks_create() makes. */
int chunks_find(store_file *store, hid_t id, int type, store_cut *cut, store_places *places);

/* The types and properties that a writer needs beside its file. */
void layout_types(writer *w);
void layout_types_free(writer *w);
/* Says where the data of the next dataset stands already, in a file that gets a new structure. 0: nowhere. */
void layout_keep(writer *w, uint64_t offset, uint64_t bytes);
/* Whether that dataset was put there. A message if not. */
int layout_kept(writer *w, hid_t id, uint64_t offset);

/* A dataset whose room is there when the file is closed, and which HDF5 never fills: `type` is a number's. `filled`:
 * with fill values now. */
hid_t layout_numbers(writer *w, const char *path, int type, uint32_t rank, const hsize_t *extents, bool filled);
hid_t layout_texts(writer *w, const char *path, uint32_t rank, const hsize_t *extents);
/* The attributes of a column's values. */
bool layout_describe(hid_t id, const store_column *column, const char *coordinates);

/* ragged.c: the datasets of a RAGGED column, and of a SPARSE one. */
int ragged_write(writer *w, store_column *column, const char *coordinates);
int ragged_write_sparse(writer *w, store_column *column);

/* The coordinates of an axis of a table or of the grid: those in memory, or those of `source` in the open file. */
int layout_axis(writer *w, const store_axis *axis, const store_axis *source, uint32_t *index);

/* grid.c: /grid, when all else of ours is there. */
int grid_write(writer *w);
/* The last `count` parts of a path but for its branch and its run, joined by `_`: of "results.neuron.$.V" these are "V"
 * and "neuron_V". NULL: it has no so many, or memory is short. To be freed. */
char *grid_name(const char *path, uint32_t count);
/* Notes the last parts of paths that several results have, for grid_parts(). */
int grid_note_names(writer *w);
/* So many parts of the path tell it from every other result. */
uint32_t grid_parts(const writer *w, const char *path);
/* Whether some result has a dimension of that name, which keeps it. */
bool grid_is_dimension(const store_catalog *catalog, const char *name);
/* The name of the axis of one of these parameters: the shortest that no other has and no dimension of a result. To be
 * freed. */
char *grid_axis_name(const store_catalog *catalog, const char *const *paths, uint32_t count, uint32_t which);

/* foreign.c: what others have put into the open file, when all of ours is there. */
int foreign_carry(writer *w);

/* An attribute with that text of `size` bytes. */
bool scales_put_text_sized(hid_t id, const char *name, const char *text, size_t size);
/* An attribute with that text; an empty one is left out. */
bool scales_put_text(hid_t id, const char *name, const char *text);
/* `units` and `long_name`, in the words of CF. */
bool scales_describe(hid_t id, const char *unit, const char *doc);
bool scales_put_number(hid_t id, const char *name, int64_t number);
/* `_FillValue`, what stands for a missing value of that type. */
bool scales_put_fill(hid_t id, int type);
/* How CF describes coded values: flag_values 0 .. count - 1 and flag_meanings. */
bool scales_put_flags(hid_t id, uint32_t count, const char *const *meanings);
/* Makes dataset `path` of rank 1 and remembers it as a scale. `visible`: it has values; else a dimension alone, which
 * takes no room on the disk. */
int scales_add(writer *w, const char *path, uint64_t extent, hid_t type, bool visible, uint32_t *index);
int scales_add_bare(writer *w, const char *path, uint64_t extent, uint32_t *index);
/* The scale of a result's dimension: one that its group has, or a new one. `fallback` names what has no name. */
int scales_of_result(writer *w, const char *group, const pipette_dimension *dimension, const char *fallback,
                     uint32_t *index);
/* The dimension of the blocks of `every` rows. */
int scales_block(writer *w, uint64_t every, uint32_t *index);
int scales_complex(writer *w, uint32_t *index);
/* The dimension of the runs, with the run indices as its values where they differ from the row numbers. */
int scales_run(writer *w);
/* Says on both sides that the axes of a dataset are these scales. */
int scales_attach(writer *w, hid_t id, uint32_t rank, const uint32_t *scales);
/* Writes who uses each scale, if `write`, and frees them. */
int scales_close(writer *w, bool write);

#endif
