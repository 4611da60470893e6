/* constants.c: which memory of a model's object nobody can write to: names that lie there need not be compared letter
 * by letter. */
#include <link.h>

#include "engine/worker.h"

typedef struct constants_search {
    uintptr_t inside; /* an address in the object */
    worker *worker;
} constants_search;

static int look_at(struct dl_phdr_info *object, size_t size, void *user)
{
    constants_search *search = user;
    uintptr_t low = UINTPTR_MAX, high = UINTPTR_MAX;
    int ours = 0, i;
    (void)size;
    for (i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t at = object->dlpi_addr + segment->p_vaddr;
        ours |= segment->p_type == PT_LOAD && search->inside >= at && search->inside - at < segment->p_memsz;
    }
    for (i = 0; ours && i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t at = object->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && at < low)
            low = at;
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) != 0 && at < high)
            high = at;
    }
    /* Linkers put what can be written behind the rest: all before it is code and constants. */
    if (ours && high != UINTPTR_MAX && high > low) {
        search->worker->constant_base = low;
        search->worker->constant_size = high - low;
    }
    return ours;
}

void constants_find(worker *w)
{
    constants_search search = {(uintptr_t)w->model, w};
    (void)dl_iterate_phdr(look_at, &search);
}
