/* empty: loads libhdf5, lets it set itself up, ends: the least that a program with HDF5 takes. */
#include <hdf5.h>

int main(void)
{
    return H5open() < 0;
}
