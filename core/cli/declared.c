/* declared.c: defaults and types of what a plugin declares. */
#include "cli/declared.h"

pipette_value declared_default(const pipette_parameter_spec *spec)
{
    if (spec->default_array != NULL)
        return *spec->default_array;
    switch (spec->type) {
    case PIPETTE_TYPE_F64:
        return pipette_value_f64(spec->default_f64);
    case PIPETTE_TYPE_F32:
        return pipette_value_f32((float)spec->default_f64);
    case PIPETTE_TYPE_I64:
        return pipette_value_i64(spec->default_i64);
    case PIPETTE_TYPE_I32:
        return pipette_value_i32((int32_t)spec->default_i64);
    case PIPETTE_TYPE_U64:
        return pipette_value_u64(spec->default_u64);
    case PIPETTE_TYPE_BOOL:
        return pipette_value_bool((uint8_t)(spec->default_i64 != 0));
    case PIPETTE_TYPE_STRING:
        return pipette_value_string(spec->default_string == NULL ? "" : spec->default_string);
    case PIPETTE_TYPE_COMPLEX: {
        pipette_complex z = {spec->default_f64, 0};
        return pipette_value_complex(z);
    }
    default:
        return pipette_value_none();
    }
}

const char *declared_option_type(int type)
{
    switch (type) {
    case PIPETTE_OPTION_ANY:
        return "any";
    case PIPETTE_OPTION_ARRAY:
        return "array";
    case PIPETTE_OPTION_LIST:
        return "list";
    case PIPETTE_OPTION_GROUP:
        return "group";
    default:
        return pipette_type_text(type);
    }
}
