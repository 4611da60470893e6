/* play.h: what runs of result files have stored, as runs of another experiment: for merging files, and for parts of
 * them. */
#ifndef CORE_PROGRAM_PLAY_H
#define CORE_PROGRAM_PLAY_H

#include <pipette/analysis.h>

#include "program/environment.h"

#define PLAYER_NO_ROW UINT64_MAX

/* A result of the runs. */
typedef struct played_result {
    const char *path;     /* in the files: "results.neuron.$.V" */
    const char *put_path; /* for the run: "neuron.$.V" */
} played_result;

typedef struct player {
    pipette_load_options levels; /* which storage */
    const char *out;
    pipette_trajectory *trajectories[2]; /* of the files */
    pipette_file *files[2];
    uint32_t file_count;
    const char *const *omit; /* results that are left out */
    uint32_t omit_count;
    pipette_environment *environment;
    pipette_trajectory *trajectory; /* the environment's */
    uint64_t run_count;
    uint64_t *rows[2]; /* for each run: its row in the file, or PLAYER_NO_ROW */
    uint8_t *from;     /* for each run: 1 or 2, the file that it is played from; 0: it is left out */
    played_result *results;
    uint32_t result_count;
    pipette_error *error;
} player;

/* In this order; each fills `error` where it fails. player_free() in any case. */
int player_open(player *p, const char *const *paths, uint32_t count);
/* Opens the environment with the name, comment and version of the first file; the rest is what `options` says. */
int player_begin(player *p, const pipette_environment_options *options);
/* Parameters and derived parameters of all files, and the points of the first. */
int player_parameters(player *p);
/* Room for rows and from, for the trajectory's runs: no rows, all left out. */
int player_rows(player *p);
/* Declares and plays. What the first file says of its config and model is what the new file says then. */
int player_run(player *p, uint64_t *pending);
void player_free(player *p);

/* Declares the results of the files; player_run() does it. */
int player_results(player *p);
/* A text of config: the absolute path of a file. */
int player_note_file(player *p, const char *path, const char *file, const char *comment);
/* A status of the trajectory's, with its message. */
int player_explain(player *p, int status);
/* Refuses a file in which something does not fit its checksum: what has rotted must not be given a new one. */
int player_verify(player *p, const char *file);
int player_is_same_file(const char *a, const char *b);

#endif
