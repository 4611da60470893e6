/* environment_signals.c: signals end an experiment in order. */
#include <signal.h>

#include "program/environment.h"

static const int numbers[] = {SIGINT, SIGHUP, SIGTERM};
enum { COUNT = sizeof numbers / sizeof numbers[0] };

static pipette_environment *volatile listening;
static struct sigaction before[COUNT];

static void on_signal(int number)
{
    pipette_pipeline *pipeline = listening == NULL ? NULL : listening->running;
    if (pipeline == NULL)
        return;
    if (number == SIGTERM)
        pipette_pipeline_terminate(pipeline);
    else
        pipette_pipeline_interrupt(pipeline);
}

void environment_signals_enter(pipette_environment *env)
{
    struct sigaction action;
    size_t i;
    if (listening != NULL)
        return;
    listening = env;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    for (i = 0; i < COUNT; i++)
        if (sigaction(numbers[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN) /* nohup's wish stands */
            (void)sigaction(numbers[i], &action, NULL);
}

void environment_signals_leave(void)
{
    size_t i;
    for (i = 0; listening != NULL && i < COUNT; i++)
        (void)sigaction(numbers[i], &before[i], NULL);
    listening = NULL;
}
