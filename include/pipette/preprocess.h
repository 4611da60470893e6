/* preprocess.h: a stage before the runs: it adds parameters and explores.
 *
 *     static int explore(pipette_stage *stage, pipette_trajectory *trajectory) { ... }
 *     static const pipette_option_spec options[] = { ... };
 *     PIPETTE_PREPROCESS("mine", "1.0", "Explores my way.", options, explore);
 */
#ifndef PIPETTE_PREPROCESS_H
#define PIPETTE_PREPROCESS_H

#include "trajectory.h"

/* All functions: the process that runs the command, its main thread, before the first run. May block. */
typedef struct pipette_preprocess {
    uint32_t size;
    uint32_t reserved;
    /* Optional. Makes the stage's instance (stage->instance). Options can be read. 0, or a status after stage_fail().
     */
    int (*create)(pipette_stage *stage);
    /* Adds parameters, explores. The model's parameters are there. A negative status ends the command, nothing is
     * stored; the message is the stage's, or else the trajectory's. */
    int (*preprocess)(pipette_stage *stage, pipette_trajectory *trajectory);
    /* Optional. Frees the instance. Called once if create returned 0. */
    void (*destroy)(pipette_stage *stage);
} pipette_preprocess;

#define PIPETTE_PREPROCESS(name, version, doc, options, preprocess)                                                    \
    static const pipette_preprocess pipette_preprocess_table = {(uint32_t)sizeof(pipette_preprocess), 0, NULL,         \
                                                                preprocess, NULL};                                     \
    PIPETTE_PLUGIN_(PIPETTE_KIND_PREPROCESS, 0, name, version, doc, &pipette_preprocess_table, options,                \
                    PIPETTE_COUNT_OF(options), NULL)

/* The same for a stage that has no options. */
#define PIPETTE_PREPROCESS_PLAIN(name, version, doc, preprocess)                                                       \
    static const pipette_preprocess pipette_preprocess_table = {(uint32_t)sizeof(pipette_preprocess), 0, NULL,         \
                                                                preprocess, NULL};                                     \
    PIPETTE_PLUGIN_(PIPETTE_KIND_PREPROCESS, 0, name, version, doc, &pipette_preprocess_table, NULL, 0, NULL)

#endif
