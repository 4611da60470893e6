# compare.py: looks at result files with plain tools (h5py), for the fault tests. One request per line, fields by tabs; one answer
# per line: "ok ..." or what is wrong.
#   ref PATH        remember the file of an uninterrupted experiment
#   crashed PATH    after a crash: it opens, and what its ledger calls ended is as in the remembered file. "ok ENDED DONE ROWS 0110..", a
#                   1 for each row that is done
#   final PATH      the same data bytes as the remembered file
import sys

import h5py
import numpy

reference = {}


def kept(name):
    """What must be the same bytes: values and states; not times, logs or the config."""
    return name.startswith(("parameters/", "results/")) or name in ("runs/state", "runs/message/row", "runs/message/text")


def content(dataset):
    value = dataset[()]
    if h5py.check_string_dtype(dataset.dtype) is not None:
        items = value.ravel().tolist() if isinstance(value, numpy.ndarray) else [value]
        return ("text", dataset.shape, items)
    if h5py.check_dtype(vlen=dataset.dtype) is not None:
        return ("vlen", dataset.shape, [numpy.asarray(item).tobytes() for item in value.ravel()])
    return (str(dataset.dtype), dataset.shape, numpy.asarray(value).tobytes())


def datasets(file):
    found = {}

    def visit(group, path):
        for key in group:
            item = group[key]  # every link, also hard links to the same dataset
            name = path + key
            if isinstance(item, h5py.Group):
                visit(item, name + "/")
            elif kept(name):
                found[name] = item
    visit(file, "")
    return found


def read(path):
    with h5py.File(path, "r") as file:
        return {name: content(dataset) for name, dataset in datasets(file).items()}


def final(path):
    now = read(path)
    for name in reference:
        if name not in now:
            return "%s is missing" % name
    for name in now:
        if name not in reference:
            return "%s is too much" % name
    for name, (kind, shape, data) in reference.items():
        if now[name][:2] != (kind, shape):
            return "%s is %s %s, not %s %s" % (name, *now[name][:2], kind, shape)
        if now[name][2] != data:
            if isinstance(data, list):
                bad = [i for i in range(len(data)) if data[i] != now[name][2][i]]
            else:
                size = max(1, len(data) // max(1, shape[0] if shape else 1))
                bad = [i for i in range(len(data) // size) if data[i * size:(i + 1) * size] != now[name][2][i * size:(i + 1) * size]]
            return "%s differs in rows %s" % (name, bad[:20])
    return "ok %d" % len(now)


def crashed(path):
    with h5py.File(path, "r") as file:
        state = file["runs/state"][()]
        rows = len(state)
        ended = numpy.nonzero(state > 0)[0]
        done = state == 1
        wanted = numpy.frombuffer(reference["runs/state"][2], dtype=state.dtype)
        if rows > len(wanted):
            return "%d rows, the finished file has %d" % (rows, len(wanted))
        if (state[ended] != wanted[ended]).any():
            bad = [int(i) for i in ended if state[i] != wanted[i]]
            return "the states of rows %s are %s, not %s" % (bad, state[bad], wanted[bad])
        for name, dataset in datasets(file).items():
            if name not in reference or name.startswith("runs/") or len(dataset.shape) == 0 or dataset.shape[0] != rows:
                continue
            kind, shape, data = reference[name]
            if kind in ("text", "vlen") or "sample_dimension" in dataset.attrs or not shape or shape[0] != len(wanted):
                continue
            if dataset.attrs.get("CLASS") == b"DIMENSION_SCALE" and name.startswith("results/"):
                continue
            now = dataset[()]
            good = numpy.frombuffer(data, dtype=now.dtype).reshape(shape)
            # A coordinate is right in every row that has ended; a result in every one that is done.
            for row in numpy.nonzero(done)[0] if name.startswith("results/") else ended:
                if now[row].tobytes() != good[row].tobytes():
                    return "%s is wrong in row %d, which is done: %s" % (name, row, str(now[row])[:60])
        return "ok %d %d %d %s" % (len(ended), done.sum(), rows, "".join("1" if d else "0" for d in done))


for line in sys.stdin:
    what, path = line.rstrip("\n").split("\t")
    try:
        if what == "ref":
            reference = read(path)
            answer = "ok %d" % len(reference)
        else:
            answer = {"crashed": crashed, "final": final}[what](path)
    except Exception as problem:
        answer = "%s: %s: %s" % (what, type(problem).__name__, problem)
    print(answer.replace("\n", " "), flush=True)
