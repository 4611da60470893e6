/* element.h: reading arrays of structs whose elements may be larger than the ones known here, and the smallest sizes
 * accepted. */
#ifndef CORE_BASE_ELEMENT_H
#define CORE_BASE_ELEMENT_H

#include <pipette/launcher.h>
#include <pipette/model.h>
#include <pipette/postprocess.h>
#include <pipette/preprocess.h>
#include <pipette/storage.h>

/* Bytes up to and with the last member that ABI 1.0 has: a struct of a plugin is at least that long. When the ABI
 * grows, these stay and sizeof grows. */
#define ABI_SIZE(type, last) (offsetof(type, last) + sizeof(((const type *)NULL)->last))
#define ABI_DESCRIPTOR_SIZE ABI_SIZE(pipette_descriptor, extension)
#define ABI_OPTION_SIZE ABI_SIZE(pipette_option_spec, doc)
#define ABI_PARAMETER_SIZE ABI_SIZE(pipette_parameter_spec, maximum)
#define ABI_RESULT_SIZE ABI_SIZE(pipette_result_spec, reserved)
#define ABI_DIMENSION_SIZE ABI_SIZE(pipette_dimension, step)
#define ABI_VALUE_SIZE ABI_SIZE(pipette_value, as)
#define ABI_MODEL_SIZE ABI_SIZE(pipette_model, destroy)
#define ABI_BATCH_MODEL_SIZE ABI_SIZE(pipette_batch_model, run_batch)
#define ABI_PREPROCESS_SIZE ABI_SIZE(pipette_preprocess, destroy)
#define ABI_POSTPROCESS_SIZE ABI_SIZE(pipette_postprocess, destroy)
#define ABI_STORAGE_SIZE ABI_SIZE(pipette_storage, finish)
#define ABI_STORAGE_DIRECT_SIZE ABI_SIZE(pipette_storage_direct, place)
#define ABI_LAUNCHER_SIZE ABI_SIZE(pipette_launcher, cancel)

/* Element `index` of an array of structs that begin with their size. A stride of 0 is the size of the struct as the
 * plugin knows it, which the first element tells: the size that is known here may have grown since. */
PIPETTE_INLINE const void *element_at(const void *array, uint32_t stride, uint32_t index)
{
    if (stride == 0)
        memcpy(&stride, array, sizeof stride);
    return (const char *)array + (size_t)index * stride;
}

/* Copies as much of a struct that begins with its size as both sides know; the rest of `out` becomes 0. */
PIPETTE_INLINE void element_read(void *out, size_t known, const void *element)
{
    uint32_t size;
    memcpy(&size, element, sizeof size);
    memset(out, 0, known);
    memcpy(out, element, size < known ? size : known);
    size = (uint32_t)known;
    memcpy(out, &size, sizeof size);
}

#endif
