/* same FILE FILE DATASET=DATASET...: whether datasets of two HDF5 files hold the same bytes: whether Pipette and a peer
 * did the same work. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 16 };

static int differ(hid_t one, hid_t other)
{
    const hid_t spaces[2] = {H5Dget_space(one), H5Dget_space(other)};
    const hid_t type = H5Dget_type(one), other_type = H5Dget_type(other);
    hsize_t extents[2][8] = {{0}}, start[8] = {0}, count[8], rows, row, row_elements = 1, step;
    const int rank = H5Sget_simple_extent_dims(spaces[0], extents[0], NULL);
    size_t bytes = H5Tget_size(type);
    char *a, *b;
    int i, different = 0;
    if (rank < 1 || H5Sget_simple_extent_ndims(spaces[1]) != rank || H5Tequal(type, other_type) <= 0)
        return 1;
    (void)H5Sget_simple_extent_dims(spaces[1], extents[1], NULL);
    if (memcmp(extents[0], extents[1], sizeof extents[0]) != 0)
        return 1;
    memcpy(count, extents[0], sizeof count);
    for (i = 1; i < rank; i++)
        row_elements *= count[i];
    rows = count[0];
    step = row_elements >= BLOCK ? 1 : BLOCK / row_elements;
    a = malloc((size_t)(step * row_elements) * bytes);
    b = malloc((size_t)(step * row_elements) * bytes);
    for (row = 0; a != NULL && b != NULL && row < rows && !different; row += step) {
        hid_t memory;
        start[0] = row;
        count[0] = rows - row < step ? rows - row : step;
        memory = H5Screate_simple(rank, count, NULL);
        for (i = 0; i < 2; i++)
            different |= H5Sselect_hyperslab(spaces[i], H5S_SELECT_SET, start, NULL, count, NULL) < 0;
        different |= H5Dread(one, type, memory, spaces[0], H5P_DEFAULT, a) < 0;
        different |= H5Dread(other, type, memory, spaces[1], H5P_DEFAULT, b) < 0;
        different |= memcmp(a, b, (size_t)(count[0] * row_elements) * bytes) != 0;
        H5Sclose(memory);
    }
    different |= a == NULL || b == NULL;
    free(a);
    free(b);
    return different;
}

int main(int argc, char **argv)
{
    hid_t files[2];
    int i, failed = 0;
    if (argc < 4) {
        fputs("usage: same FILE FILE DATASET=DATASET...\n", stderr);
        return 2;
    }
    files[0] = H5Fopen(argv[1], H5F_ACC_RDONLY, H5P_DEFAULT);
    files[1] = H5Fopen(argv[2], H5F_ACC_RDONLY, H5P_DEFAULT);
    if (files[0] < 0 || files[1] < 0)
        return 1;
    for (i = 3; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        hid_t one, other;
        if (equals == NULL)
            return 2;
        *equals = '\0';
        one = H5Dopen2(files[0], argv[i], H5P_DEFAULT);
        other = H5Dopen2(files[1], equals + 1, H5P_DEFAULT);
        if (one < 0 || other < 0 || differ(one, other)) {
            printf("%s and %s differ\n", argv[i], equals + 1);
            failed = 1;
        }
    }
    return failed;
}
