/* old_preprocess: adds a parameter and explores, in the words of ABI 1.0. Built against every frozen copy of the
 * headers. */
#include <pipette/preprocess.h>

static int explore(pipette_stage *stage, pipette_trajectory *trajectory)
{
    static const pipette_parameter_spec added = PIPETTE_F64("old.added", 0.5, "1", "Was added.");
    pipette_axis axis;
    pipette_exploration exploration;
    pipette_node node;
    int status = pipette_add_parameter(trajectory, &added);
    memset(&axis, 0, sizeof axis);
    memset(&exploration, 0, sizeof exploration);
    memset(&node, 0, sizeof node);
    node.size = (uint32_t)sizeof node;
    if (status == PIPETTE_OK)
        status = pipette_find(trajectory, "x", &node);
    if (status != PIPETTE_OK)
        return status;
    if (strcmp(node.path, "parameters.x") != 0 || node.spec == NULL)
        return pipette_stage_fail(stage, PIPETTE_E_INTERNAL, "the node of x is wrong");
    axis.size = (uint32_t)sizeof axis;
    axis.kind = PIPETTE_AXIS_STEP;
    axis.parameter = "x";
    axis.from = pipette_value_f64(1.0);
    axis.to = pipette_value_f64(3.0);
    axis.step = pipette_value_f64(1.0);
    exploration.size = (uint32_t)sizeof exploration;
    exploration.axes = &axis;
    exploration.axis_count = 1;
    return pipette_explore(trajectory, &exploration);
}

PIPETTE_PREPROCESS_PLAIN("old_preprocess", "1.0", "Explores x from 1 to 3.", explore);
