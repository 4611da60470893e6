/* git.h: what git knows of the working directory: its commit, and what has been changed on top of it. */
#ifndef CORE_PIPELINE_GIT_H
#define CORE_PIPELINE_GIT_H

#include <sys/types.h>

typedef struct git_question {
    pid_t process; /* 0: there is no git to ask */
    int pipe;
} git_question;

/* Asks in the background. */
void git_ask(git_question *question);

/* Waits two seconds for everything, then ends git. *commit: "1f3c...", with "-dirty" where tracked files differ from
 * it; "unknown" where git did not answer in time; NULL without git, or outside a repository. *diff: of a dirty working
 * directory against that commit, UTF-8, cut behind a megabyte with a note; else NULL. The caller frees both. */
void git_take(git_question *question, char **commit, char **diff);

#endif
