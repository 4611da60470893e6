/* fuzz_store.h: a store of the plugin hdf5 without a file, for targets that call its functions. */
#ifndef TESTS_FUZZ_FUZZ_STORE_H
#define TESTS_FUZZ_FUZZ_STORE_H

#include "fake_stage.h"
#include "store.h"

/* Of every store; it keeps the last message. */
static fake_stage fuzz_stage;

static inline void fuzz_store_begin(store_file *store)
{
    if (fuzz_stage.stage.host == NULL)
        fake_stage_begin(&fuzz_stage, "");
    fuzz_stage.message[0] = '\0';
    memset(store, 0, sizeof *store);
    store->stage = &fuzz_stage.stage;
    store->path = (char *)(uintptr_t) "input";
    store->fd = store->replaced = -1;
    store->h5 = -1;
}

static inline void fuzz_store_end(store_file *store)
{
    records_free(store);
    packed_free(store);
    store_value_free(&store->result);
}

#endif
