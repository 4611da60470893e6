/* What others have put into the file: it goes along into each new structure.
 *
 * What a structure is made of stands in blocks that its list knows (structure.c); an object anywhere else is somebody
 * else's. Groups are made again, link by link, because they may hold links to objects of ours, which stand elsewhere
 * now; datasets are copied, and large ones are linked where they stand. References to what has moved are written anew.
 * /pipette is Pipette's own.
 */
#include "foreign.h"

#include <stdlib.h>

enum { LINK_FROM = 64 << 10, RENAMES_MOST = 1000 };

/* A group of both structures whose links are being walked. */
typedef struct foreign_group {
    foreign *all;
    const char *old_path, *path;
    bool pairing; /* the first walk: what is in both */
} foreign_group;

void foreign_fail(foreign *all, int status)
{
    if (all->status == PIPETTE_OK)
        all->status = status;
}

void foreign_fail_at(foreign *all, const char *path)
{
    if (all->status == PIPETTE_OK)
        all->status = h5_fail(all->w->store,
                              "cannot carry '%s', which another program has put into '%s', into the file's new "
                              "structure (delete it, or remove the file, and run again)",
                              path, all->w->store->path);
}

/* ---- What has moved ---- */

static uint32_t *slot_of(foreign *all, haddr_t address)
{
    uint32_t at = (uint32_t)(address * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (all->slot_count - 1);
    while (all->slots[at] != 0 && all->objects[all->slots[at] - 1].old != address)
        at = (at + 1) & (all->slot_count - 1);
    return &all->slots[at];
}

const moved *foreign_find(foreign *all, haddr_t address)
{
    uint32_t *slot = all->slot_count > 0 ? slot_of(all, address) : NULL;
    return slot != NULL && *slot > 0 ? &all->objects[*slot - 1] : NULL;
}

static void foreign_add(foreign *all, haddr_t address, const char *old_path, const char *path, moved_kind kind)
{
    moved *object = catalog_grow(all->w->store, (void **)&all->objects, &all->count, sizeof *object);
    uint32_t i;
    if (object == NULL) {
        foreign_fail(all, PIPETTE_E_MEMORY);
        return;
    }
    *object = (moved){address, store_copy(old_path), store_copy(path), kind};
    if (object->old_path == NULL || object->path == NULL)
        foreign_fail(all, store_memory(all->w->store));
    if (2 * all->count > all->slot_count) {
        free(all->slots);
        all->slot_count = all->slot_count > 0 ? 2 * all->slot_count : 256;
        all->slots = calloc(all->slot_count, sizeof *all->slots);
        if (all->slots == NULL) {
            all->slot_count = 0;
            foreign_fail(all, store_memory(all->w->store));
            return;
        }
        for (i = 0; i < all->count; i++)
            *slot_of(all, all->objects[i].old) = i + 1;
    } else {
        *slot_of(all, address) = all->count;
    }
}

/* ---- Whose it is ---- */

static bool is_bare_scale(hid_t file, const char *path)
{
    static const char words[] = "This is a netCDF dimension but not a netCDF variable";
    char text[128] = "";
    hid_t attribute = H5Aopen_by_name(file, path, "NAME", H5P_DEFAULT, H5P_DEFAULT), type;
    bool bare = false;
    if (attribute < 0)
        return false;
    type = H5Aget_type(attribute);
    bare = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 && H5Tget_size(type) < sizeof text &&
           H5Aread(attribute, type, text) >= 0 && strncmp(text, words, strlen(words)) == 0;
    (void)H5Tclose(type);
    (void)H5Aclose(attribute);
    return bare;
}

/* Whether the object that the new structure does not have is one of ours that is gone. */
static bool was_ours(const foreign *all, haddr_t address, const char *path)
{
    const store_live *live = &all->w->store->live;
    return live->known ? blocks_is_header(&live->list, all->w->store->fd, address, true)
                       : is_bare_scale(all->old, path);
}

/* ---- Objects ---- */

static void walk(foreign *all, const char *old_path, const char *path, bool pairing);

/* A name that nothing has in the new structure: the old one, if it can be. To be freed. */
static char *free_path(foreign *all, const char *path)
{
    char *name = store_copy(path);
    int i;
    for (i = 2; name != NULL && i < RENAMES_MOST && H5Lexists(all->w->file, name, H5P_DEFAULT) > 0; i++) {
        free(name);
        name = store_format("%s_%d", path, i);
    }
    if (name == NULL)
        foreign_fail(all, store_memory(all->w->store));
    else if (strcmp(name, path) != 0)
        pipette_stage_log(all->w->store->stage, PIPETTE_LOG_WARNING,
                          "'%s', which another program has put into '%s', is '%s' now: the name is needed", path,
                          all->w->store->path, name);
    return name;
}

static herr_t note_references(hid_t id, const char *name, const H5A_info_t *info, void *user)
{
    hid_t attribute = H5Aopen(id, name, H5P_DEFAULT), type = H5Aget_type(attribute);
    (void)info;
    if (foreign_refers(type))
        *(bool *)user = true;
    (void)H5Tclose(type);
    (void)H5Aclose(attribute);
    return 0;
}

/* Large ones whose headers need no change stay where they are. */
static bool can_stay(const foreign *all, hid_t id)
{
    hid_t type = H5Dget_type(id);
    bool refers = foreign_refers(type);
    hsize_t at = 0;
    (void)H5Tclose(type);
    (void)H5Aiterate2(id, H5_INDEX_NAME, H5_ITER_NATIVE, &at, note_references, &refers);
    return all->w->in_place && !refers && H5Dget_storage_size(id) > LINK_FROM;
}

static void link_there(foreign *all, haddr_t address, const char *path)
{
    hid_t id = H5Oopen_by_addr(all->w->file, address);
    all->w->store->building->keeps_others = true;
    all->w->overlay->loose = true;
    /* One link more, and not: as many as before. */
    if (id < 0 || H5Olink(id, all->w->file, path, all->w->links, H5P_DEFAULT) < 0 || H5Odecr_refcount(id) < 0)
        foreign_fail_at(all, path);
    if (id >= 0)
        (void)H5Oclose(id);
}

static void copy_there(foreign *all, const char *old_path, const char *path)
{
    hid_t properties = H5Pcreate(H5P_OBJECT_COPY);
    if (H5Pset_copy_object(properties, H5O_COPY_WITHOUT_ATTR_FLAG) < 0 ||
        H5Ocopy(all->old, old_path, all->w->file, path, properties, all->w->links) < 0)
        foreign_fail_at(all, path);
    (void)H5Pclose(properties);
}

static void take_object(foreign *all, const H5O_info_t *info, const char *old_path)
{
    char *path = free_path(all, old_path);
    hid_t id;
    if (path == NULL)
        return;
    if (info->type == H5O_TYPE_GROUP) {
        id = H5Gcreate2(all->w->file, path, all->w->links, H5P_DEFAULT, H5P_DEFAULT);
        if (id < 0)
            foreign_fail_at(all, path);
        else
            (void)H5Gclose(id);
        foreign_add(all, info->addr, old_path, path, MOVED_COPIED);
        walk(all, old_path, path, false);
    } else {
        bool stays = false, done = false;
        if (info->type == H5O_TYPE_DATASET && (id = H5Dopen2(all->old, old_path, H5P_DEFAULT)) >= 0) {
            stays = can_stay(all, id);
            done = !stays && foreign_copy_longer(all, id, path);
            (void)H5Dclose(id);
        }
        if (stays)
            link_there(all, info->addr, path);
        else if (!done)
            copy_there(all, old_path, path);
        foreign_add(all, info->addr, old_path, path, stays ? MOVED_LINKED : MOVED_COPIED);
    }
    free(path);
}

static void take_pointer(foreign *all, const H5L_info_t *info, const char *old_path, const char *path)
{
    char *text = malloc(info->u.val_size + 1);
    const char *file = NULL, *target = NULL;
    unsigned flags = 0;
    bool ok = text != NULL && H5Lget_val(all->old, old_path, text, info->u.val_size, H5P_DEFAULT) >= 0;
    if (ok && info->type == H5L_TYPE_SOFT)
        ok = H5Lcreate_soft(text, all->w->file, path, all->w->links, H5P_DEFAULT) >= 0;
    else if (ok && info->type == H5L_TYPE_EXTERNAL)
        ok = H5Lunpack_elink_val(text, info->u.val_size, &flags, &file, &target) >= 0 &&
             H5Lcreate_external(file, target, all->w->file, path, all->w->links, H5P_DEFAULT) >= 0;
    else if (ok)
        ok = H5Lcreate_ud(all->w->file, path, info->type, text, info->u.val_size, all->w->links, H5P_DEFAULT) >= 0;
    if (!ok)
        foreign_fail_at(all, path);
    free(text);
}

/* ---- Links ---- */

static void pair_link(foreign *all, const H5O_info_t *info, const char *old_path, const char *path)
{
    H5O_info_t new;
    if (H5Oget_info_by_name(all->w->file, path, &new, H5P_DEFAULT) < 0 || foreign_find(all, info->addr) != NULL)
        return;
    foreign_add(all, info->addr, old_path, path, info->type == new.type ? MOVED_OURS : MOVED_CHANGED);
    if (info->type == H5O_TYPE_GROUP && new.type == H5O_TYPE_GROUP)
        walk(all, old_path, path, true);
}

static void take_link(foreign *all, const H5O_info_t *info, const char *old_path, const char *path, bool there)
{
    const store_live *live = &all->w->store->live;
    const moved *known = foreign_find(all, info->addr);
    H5O_info_t new;
    if (there) {
        bool group = info->type == H5O_TYPE_GROUP && H5Oget_info_by_name(all->w->file, path, &new, H5P_DEFAULT) >= 0 &&
                     new.type == H5O_TYPE_GROUP;
        if (group && known != NULL && strcmp(known->path, path) == 0)
            walk(all, old_path, path, false);
        else if (!group && live->known && !blocks_is_header(&live->list, all->w->store->fd, info->addr, false))
            take_object(all, info, old_path);
    } else if (known != NULL) {
        if (H5Lcreate_hard(all->w->file, known->path, all->w->file, path, all->w->links, H5P_DEFAULT) < 0)
            foreign_fail_at(all, path);
    } else if (!was_ours(all, info->addr, old_path)) {
        take_object(all, info, old_path);
    }
}

static herr_t visit_link(hid_t id, const char *name, const H5L_info_t *info, void *user)
{
    foreign_group *group = user;
    foreign *all = group->all;
    char *old_path = store_format("%s/%s", group->old_path, name), *path = store_format("%s/%s", group->path, name);
    bool there;
    H5O_info_t object;
    (void)id;
    if (old_path == NULL || path == NULL) {
        foreign_fail(all, store_memory(all->w->store));
    } else if (strcmp(old_path, "/pipette") != 0) {
        there = H5Lexists(all->w->file, path, H5P_DEFAULT) > 0;
        if (info->type != H5L_TYPE_HARD) {
            if (!group->pairing && !there)
                take_pointer(all, info, old_path, path);
        } else if (H5Oget_info_by_name(all->old, old_path, &object, H5P_DEFAULT) < 0) {
            foreign_fail_at(all, old_path);
        } else if (!group->pairing) {
            take_link(all, &object, old_path, path, there);
        } else if (there) {
            pair_link(all, &object, old_path, path);
        }
    }
    free(old_path);
    free(path);
    return all->status == PIPETTE_OK ? 0 : -1;
}

/* The links of a group; "" is the root. */
static void walk(foreign *all, const char *old_path, const char *path, bool pairing)
{
    foreign_group group = {all, old_path, path, pairing};
    hid_t id = H5Gopen2(all->old, *old_path != '\0' ? old_path : "/", H5P_DEFAULT);
    hsize_t at = 0;
    if (id < 0 ||
        (H5Literate(id, H5_INDEX_NAME, H5_ITER_NATIVE, &at, visit_link, &group) < 0 && all->status == PIPETTE_OK))
        foreign_fail_at(all, *old_path != '\0' ? old_path : "/");
    if (id >= 0)
        (void)H5Gclose(id);
}

/* ---- All of it ---- */

/* Nobody has changed the structure since it was written, or put anything into one before it. */
static bool untouched(store_file *store)
{
    const store_live *live = &store->live;
    uint32_t check = 0;
    uint64_t i;
    if (!live->known || !blocks_check(&live->list, store->fd, &check) || check != live->meta_check)
        return false;
    for (i = 0; i < live->list.count; i++)
        if (live->list.blocks[i].kind == BLOCK_OTHER || live->list.blocks[i].kind == BLOCK_GUEST)
            return false;
    return true;
}

int foreign_carry(writer *w)
{
    foreign all = {w, -1, NULL, 0, NULL, 0, PIPETTE_OK};
    H5O_info_t root;
    uint32_t i;
    if (w->store->catalog == NULL || untouched(w->store))
        return PIPETTE_OK;
    all.old = h5_source(w->store);
    if (all.old < 0)
        return PIPETTE_E_STORAGE;
    w->overlay->guests = true;
    if (H5Oget_info(all.old, &root) >= 0)
        foreign_add(&all, root.addr, "", "", MOVED_OURS);
    walk(&all, "", "", true);
    if (all.status == PIPETTE_OK)
        walk(&all, "", "", false);
    for (i = 0; all.status == PIPETTE_OK && i < all.count; i++) {
        H5O_info_t info;
        if (all.objects[i].kind == MOVED_COPIED &&
            H5Oget_info_by_name(w->file, all.objects[i].path, &info, H5P_DEFAULT) >= 0 && info.type == H5O_TYPE_DATASET)
            foreign_write_references(&all, &all.objects[i]);
        if ((all.objects[i].kind == MOVED_OURS || all.objects[i].kind == MOVED_COPIED) && all.status == PIPETTE_OK)
            foreign_copy_attributes(&all, &all.objects[i]);
    }
    w->overlay->guests = false;
    for (i = 0; i < all.count; i++) {
        free(all.objects[i].old_path);
        free(all.objects[i].path);
    }
    free(all.objects);
    free(all.slots);
    (void)H5Eclear2(H5E_DEFAULT);
    return all.status;
}
