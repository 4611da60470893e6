/* neuron.h: what the tutorial's two experiments share: the neuron, its parameters, its exploration, its postprocessing.
 */
#ifndef TUTORIAL_NEURON_H
#define TUTORIAL_NEURON_H

#include <pipette/experiment.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Simulates one neuron; hands back its firing rate in Hz. */
int run_neuron(pipette_run *run, void *user);

/* Sorts the firing rates into a table over I and tau_ref. */
int neuron_postproc(pipette_trajectory *traj, pipette_results *results, void *user);

void add_parameters(pipette_trajectory *traj);
void add_exploration(pipette_trajectory *traj);

/* What the runs store: V over time, the number of spikes, the rate. */
void add_results(pipette_environment *env, double duration, double dt);

#ifdef __cplusplus
}
#endif

#endif
