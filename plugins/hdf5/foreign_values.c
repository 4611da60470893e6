/* Values of what others have put into the file: references to objects that have moved, attributes, datasets along a
 * dimension that has grown.
 */
#include "foreign.h"

#include <math.h>
#include <stdlib.h>

/* Written for a structure, and not part of what it describes: those of the old one mean nothing in the new one. */
static const char *const own_attributes[] = {"CLASS",
                                             "NAME",
                                             "REFERENCE_LIST",
                                             "DIMENSION_LIST",
                                             "coordinates",
                                             "_FillValue",
                                             "flag_values",
                                             "flag_meanings",
                                             "instance_dimension",
                                             "sample_dimension",
                                             "_Netcdf4Dimid",
                                             "standard_name",
                                             "_NCProperties",
                                             "_Netcdf4Coordinates",
                                             "rows_per_block",
                                             "Conventions",
                                             "complex_parts",
                                             "pipette_format",
                                             "history",
                                             "source"};

bool foreign_refers(hid_t type)
{
    return H5Tdetect_class(type, H5T_REFERENCE) > 0;
}

/* ---- Datasets along a dimension of ours that has grown ---- */

/* The new length of an axis whose scale is the object at `address`. */
static void lengthen_axis(foreign *all, haddr_t address, hsize_t *extent, bool *longer)
{
    const moved *known = foreign_find(all, address);
    hsize_t length[STORE_RANK_MAX + 2];
    hid_t scale, space;
    if (known == NULL || known->kind != MOVED_OURS || (scale = H5Dopen2(all->w->file, known->path, H5P_DEFAULT)) < 0)
        return;
    space = H5Dget_space(scale);
    if (H5Sget_simple_extent_ndims(space) == 1 && H5Sget_simple_extent_dims(space, length, NULL) == 1 &&
        length[0] > *extent) {
        *extent = length[0];
        *longer = true;
    }
    (void)H5Sclose(space);
    (void)H5Dclose(scale);
}

/* The extents that go with the scales of the new structure; false: those that it has. */
static bool grown_extents(foreign *all, hid_t id, int rank, hsize_t *extents)
{
    hid_t attribute = H5Aexists(id, "DIMENSION_LIST") > 0 ? H5Aopen(id, "DIMENSION_LIST", H5P_DEFAULT) : -1, space;
    hvl_t scales[STORE_RANK_MAX + 2] = {{0, NULL}};
    bool longer = false;
    int i;
    if (attribute < 0)
        return false;
    space = H5Aget_space(attribute);
    if (H5Sget_simple_extent_npoints(space) == rank && H5Aread(attribute, all->w->reference_list, scales) >= 0) {
        for (i = 0; i < rank; i++)
            if (scales[i].len > 0)
                lengthen_axis(all, *(const hobj_ref_t *)scales[i].p, &extents[i], &longer);
        (void)H5Dvlen_reclaim(all->w->reference_list, space, H5P_DEFAULT, scales);
    }
    (void)H5Sclose(space);
    (void)H5Aclose(attribute);
    return longer;
}

/* Numbers that nobody has written are missing. */
static void set_missing(hid_t properties, hid_t type)
{
    static const double missing = NAN;
    H5D_fill_value_t defined = H5D_FILL_VALUE_ERROR;
    if (H5Tget_class(type) == H5T_FLOAT && H5Pfill_value_defined(properties, &defined) >= 0 &&
        defined == H5D_FILL_VALUE_DEFAULT)
        (void)H5Pset_fill_value(properties, H5T_NATIVE_DOUBLE, &missing);
    (void)H5Pset_fill_time(properties, H5D_FILL_TIME_ALLOC);
}

/* All of the old values, some rows at a time. */
static bool copy_values(hid_t from, hid_t to, hid_t type, int rank, const hsize_t *extents)
{
    hid_t space = H5Dget_space(from), target = H5Dget_space(to), memory;
    hsize_t start[STORE_RANK_MAX + 2] = {0}, count[STORE_RANK_MAX + 2], row = 1, rows;
    char *bytes;
    bool ok = true;
    int i;
    memcpy(count, extents, (size_t)rank * sizeof *count);
    for (i = 1; i < rank; i++)
        row *= extents[i];
    rows = row > 0 && STORE_BLOCK * 16 / H5Tget_size(type) / row > 0 ? STORE_BLOCK * 16 / H5Tget_size(type) / row : 1;
    bytes = malloc((size_t)(rows * row) * H5Tget_size(type) + 1);
    for (; ok && bytes != NULL && row > 0 && start[0] < extents[0]; start[0] += count[0]) {
        count[0] = extents[0] - start[0] < rows ? extents[0] - start[0] : rows;
        memory = H5Screate_simple(rank, count, NULL);
        ok = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
             H5Sselect_hyperslab(target, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
             H5Dread(from, type, memory, space, H5P_DEFAULT, bytes) >= 0 &&
             H5Dwrite(to, type, memory, target, H5P_DEFAULT, bytes) >= 0;
        (void)H5Dvlen_reclaim(type, memory, H5P_DEFAULT, bytes);
        (void)H5Sclose(memory);
    }
    free(bytes);
    (void)H5Sclose(space);
    (void)H5Sclose(target);
    return ok && bytes != NULL;
}

/* False: the dataset needs no more room than it has. */
bool foreign_copy_longer(foreign *all, hid_t id, const char *path)
{
    hsize_t extents[STORE_RANK_MAX + 2], longer[STORE_RANK_MAX + 2], most[STORE_RANK_MAX + 2];
    hid_t space = H5Dget_space(id), type = H5Dget_type(id), properties, to;
    int rank = H5Sget_simple_extent_ndims(space), i;
    if (foreign_refers(type) || rank < 1 || rank > STORE_RANK_MAX + 1 ||
        H5Sget_simple_extent_dims(space, extents, most) != rank ||
        (memcpy(longer, extents, sizeof longer), !grown_extents(all, id, rank, longer))) {
        (void)H5Tclose(type);
        (void)H5Sclose(space);
        return false;
    }
    for (i = 0; i < rank; i++)
        most[i] = most[i] != H5S_UNLIMITED && most[i] < longer[i] ? longer[i] : most[i];
    (void)H5Sclose(space);
    properties = H5Dget_create_plist(id);
    set_missing(properties, type);
    space = H5Screate_simple(rank, longer, most);
    to = H5Dcreate2(all->w->file, path, type, space, all->w->links, properties, H5P_DEFAULT);
    if (to < 0 || !copy_values(id, to, type, rank, extents))
        foreign_fail_at(all, path);
    if (to >= 0)
        (void)H5Dclose(to);
    (void)H5Sclose(space);
    (void)H5Pclose(properties);
    (void)H5Tclose(type);
    return true;
}

/* ---- Values that refer to objects ---- */

static void move_reference(foreign *all, hobj_ref_t *reference)
{
    const moved *known = *reference != 0 ? foreign_find(all, *reference) : NULL;
    if (known != NULL && known->kind != MOVED_LINKED) {
        if (H5Rcreate(reference, all->w->file, known->path, H5R_OBJECT, -1) < 0)
            foreign_fail_at(all, known->path);
    } else if (known == NULL && (!all->w->in_place ||
                                 blocks_is_header(&all->w->store->live.list, all->w->store->fd, *reference, false))) {
        *reference = 0; /* of what there is no more */
    }
}

static void move_references(foreign *all, hid_t type, char *bytes, size_t count)
{
    H5T_class_t class = H5Tget_class(type);
    size_t size = H5Tget_size(type), i;
    if (class == H5T_REFERENCE && H5Tequal(type, H5T_STD_REF_OBJ) > 0) {
        for (i = 0; i < count; i++)
            move_reference(all, (hobj_ref_t *)(void *)(bytes + i * size));
    } else if (class == H5T_VLEN || class == H5T_ARRAY) {
        hid_t base = H5Tget_super(type);
        for (i = 0; i < count; i++) {
            hvl_t *list = (hvl_t *)(void *)(bytes + i * size);
            if (class == H5T_VLEN)
                move_references(all, base, list->p, list->len);
            else
                move_references(all, base, bytes + i * size, size / H5Tget_size(base));
        }
        (void)H5Tclose(base);
    } else if (class == H5T_COMPOUND) {
        unsigned k, members = (unsigned)H5Tget_nmembers(type);
        for (k = 0; k < members; k++) {
            hid_t member = H5Tget_member_type(type, k);
            for (i = 0; foreign_refers(member) && i < count; i++)
                move_references(all, member, bytes + i * size + H5Tget_member_offset(type, k), 1);
            (void)H5Tclose(member);
        }
    }
}

void foreign_write_references(foreign *all, const moved *object)
{
    hid_t from = H5Dopen2(all->old, object->old_path, H5P_DEFAULT),
          to = H5Dopen2(all->w->file, object->path, H5P_DEFAULT);
    hid_t type = H5Dget_type(from), space = H5Dget_space(from);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    char *bytes = NULL;
    if (foreign_refers(type) && count > 0) {
        bytes = calloc((size_t)count, H5Tget_size(type));
        if (bytes == NULL) {
            foreign_fail(all, store_memory(all->w->store));
        } else if (H5Dread(from, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) < 0) {
            foreign_fail_at(all, object->path);
        } else {
            move_references(all, type, bytes, (size_t)count);
            if (H5Dwrite(to, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) < 0)
                foreign_fail_at(all, object->path);
            (void)H5Dvlen_reclaim(type, space, H5P_DEFAULT, bytes);
        }
        free(bytes);
    }
    (void)H5Sclose(space);
    (void)H5Tclose(type);
    (void)H5Dclose(from);
    (void)H5Dclose(to);
}

/* ---- Attributes ---- */

typedef struct attribute_owner {
    foreign *all;
    const moved *object;
    hid_t to;
} attribute_owner;

static void copy_attribute(foreign *all, hid_t from, hid_t to, const char *name, const char *path)
{
    hid_t old = H5Aopen(from, name, H5P_DEFAULT), type = H5Aget_type(old), space = H5Aget_space(old);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    hid_t new = H5Acreate2(to, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    char *bytes = calloc((size_t)(count > 0 ? count : 1), H5Tget_size(type) + 1);
    if (bytes == NULL)
        foreign_fail(all, store_memory(all->w->store));
    else if (new < 0)
        foreign_fail_at(all, path);
    else if (H5Sget_simple_extent_type(space) != H5S_NULL && count > 0) {
        if (H5Aread(old, type, bytes) < 0) {
            foreign_fail_at(all, path);
        } else {
            if (foreign_refers(type))
                move_references(all, type, bytes, (size_t)count);
            if (H5Awrite(new, type, bytes) < 0)
                foreign_fail_at(all, path);
            if (H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tis_variable_str(type) > 0 ||
                H5Tdetect_class(type, H5T_STRING) > 0)
                (void)H5Dvlen_reclaim(type, space, H5P_DEFAULT, bytes);
        }
    }
    free(bytes);
    if (new >= 0)
        (void)H5Aclose(new);
    (void)H5Sclose(space);
    (void)H5Tclose(type);
    (void)H5Aclose(old);
}

static herr_t visit_attribute(hid_t id, const char *name, const H5A_info_t *info, void *user)
{
    attribute_owner *owner = user;
    size_t i;
    (void)info;
    if (owner->object->kind == MOVED_OURS)
        for (i = 0; i < sizeof own_attributes / sizeof own_attributes[0]; i++)
            if (strcmp(name, own_attributes[i]) == 0)
                return 0;
    if (H5Aexists(owner->to, name) == 0)
        copy_attribute(owner->all, id, owner->to, name, owner->object->path);
    return owner->all->status == PIPETTE_OK ? 0 : -1;
}

void foreign_copy_attributes(foreign *all, const moved *object)
{
    attribute_owner owner = {all, object,
                             H5Oopen(all->w->file, *object->path != '\0' ? object->path : "/", H5P_DEFAULT)};
    hid_t from = H5Oopen(all->old, *object->old_path != '\0' ? object->old_path : "/", H5P_DEFAULT);
    hsize_t at = 0;
    if (from < 0 || owner.to < 0 ||
        (H5Aiterate2(from, H5_INDEX_NAME, H5_ITER_NATIVE, &at, visit_attribute, &owner) < 0 &&
         all->status == PIPETTE_OK))
        foreign_fail_at(all, object->path);
    if (from >= 0)
        (void)H5Oclose(from);
    if (owner.to >= 0)
        (void)H5Oclose(owner.to);
}
