# python.py: runs the Python scripts of one test program, each in a fork of this process, which has imported what takes longer than they do.
# One request: the length of what follows as a line, then folder, file for stdout, file for stderr, script and its arguments, with a NUL
# between each two. One answer per line: the exit status, or 128 + the signal.
import importlib
import os
import re
import sys
import traceback

# What a script names, and what that brings in when it is used.
BRINGS = {
    "numpy": ["numpy"],
    "h5py": ["h5py"],
    "netCDF4": ["netCDF4"],
    "xarray": ["xarray", "netCDF4", "h5netcdf", "xarray.backends.netCDF4_", "xarray.backends.h5netcdf_"],
}


def run(folder, out, error, script, arguments):
    """In the fork; it ends as a Python of its own would."""
    for path, number in (os.devnull, 0), (out, 1), (error, 2):
        os.dup2(os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_APPEND), number)
    os.chdir(folder)
    sys.argv = ["-c", *arguments]
    try:
        exec(compile(script, "<script>", "exec"), {"__name__": "__main__"})
    except SystemExit:
        raise
    except BaseException:
        traceback.print_exc()
        sys.exit(1)
    sys.exit(0)


def main():
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while size := requests.readline():
        folder, out, error, script, *arguments = os.fsdecode(requests.read(int(size))).split("\0")
        for name, modules in BRINGS.items():
            if re.search(r"\b%s\b" % name, script):
                for module in modules:
                    importlib.import_module(module)
        process = os.fork()
        if process == 0:
            run(folder, out, error, script, arguments)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        answers.write(b"%d\n" % (status if status >= 0 else 128 - status))
        answers.flush()


main()
