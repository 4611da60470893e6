"""harness.py: starting commands, their wall time and memory, alternating rounds, the machine. Used by run."""

import datetime
import os
import platform
import signal
import statistics
import subprocess
import sys
import time

MIB = 1 << 20
LIMIT = 900  # seconds that one command may take


class Failure(Exception):
    """A command that did not do its work."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


# ---- one command ----


class Command:
    """A command line. `output`: the file that it makes; `text`: where its standard output goes; `feed`: its input."""

    def __init__(self, name, argv, output=None, text=None, feed=None):
        self.name, self.argv, self.output = name, [str(a) for a in argv], output
        self.text, self.feed = text, feed

    def clean(self):
        if self.output is not None:
            for path in self.output.parent.glob(self.output.name + "*"):
                path.unlink()
        if self.text is not None:
            self.text.unlink(missing_ok=True)

    def size(self):
        """Bytes that its file takes: without holes."""
        made = self.output or self.text
        if made is None:
            return 0
        stat = made.stat()
        return min(stat.st_size, 512 * stat.st_blocks)


class Starter:
    """Starts commands, one at a time, each in a process group of its own."""

    def __init__(self, work):
        strange = ("LD_", "OMP_", "GOMP_", "PIPETTE_")  # these would make two machines differ
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(strange)}
        self.environment["LC_ALL"] = "C"
        self.environment["PARALLEL_HOME"] = str(work / "parallel")
        self.errors = str(work / "stderr")
        self.group = 0
        self.processor = 0.0  # seconds that the last command took of all cores
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, self.stop)

    def stop(self, number, _frame):
        if self.group:
            os.kill(-self.group, signal.SIGKILL)
        if number != signal.SIGALRM:
            raise KeyboardInterrupt

    def start(self, command):
        new = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, str(command.feed or os.devnull), os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(command.text or os.devnull), new | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, self.errors, new, 0o600),
        ]
        argv = command.argv
        self.group = os.posix_spawn(argv[0], argv, self.environment, file_actions=actions, setpgroup=0)
        return self.group

    def finish(self, command, status):
        self.group = 0
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            with open(self.errors, encoding="utf-8", errors="replace") as file:
                last = file.read().strip().splitlines()[-1:] or ["no message"]
            raise Failure(f"{command.name} ended with {code}: {last[0]}")

    def once(self, command):
        """Seconds from before the process starts until it has been waited for."""
        command.clean()
        signal.setitimer(signal.ITIMER_REAL, LIMIT)
        begin = time.perf_counter()
        _, status, used = os.wait4(self.start(command), 0)
        taken = time.perf_counter() - begin
        self.processor = used.ru_utime + used.ru_stime
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.finish(command, status)
        return taken

    def memory(self, command, taken):
        """The largest sum of PSS over the process and its descendants, in runs of their own: looking takes time."""
        peak = 0
        short = taken < 0.2
        for _ in range(5 if short else 1):
            command.clean()
            process = self.start(command)
            while True:
                ended, status = os.waitpid(process, os.WNOHANG)
                if ended:
                    break
                peak = max(peak, sum(pss(p) for p in tree(process)))
                time.sleep(0.0005 if short else 0.01)
            self.finish(command, status)
            command.clean()
        return peak

    def rounds(self, commands, warm, least, most, keep_going=6.0):
        """Wall and processor times of the commands in alternating rounds: as many as fit in `keep_going` seconds,
        within the bounds."""
        times = {c.name: ([], []) for c in commands}
        total = sum(warm.values()) or 1
        for number in range(max(least, min(most, int(keep_going / total)))):
            shift = number % max(1, len(commands))  # so that nobody always follows the same one
            for command in commands[shift:] + commands[:shift]:
                wall, processor = times[command.name]
                wall.append(self.once(command))
                processor.append(self.processor)
                command.clean()
        return times


# ---- memory ----


def tree(root):
    """A process and all that come from it."""
    found, todo = [], [root]
    while todo:
        process = todo.pop()
        found.append(process)
        try:
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as file:
                    todo += [int(child) for child in file.read().split()]
        except OSError:
            pass
    return found


def pss(process):
    try:
        with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


def available_memory():
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0


# ---- the machine ----


def file_system(folder):
    """Type and device of the file system that a folder is on."""
    best, found = "", ("unknown", "")
    path = os.path.realpath(folder)
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            mount, dash = fields[4].replace("\\040", " "), fields.index("-")
            inside = path == mount or path.startswith(mount.rstrip("/") + "/")
            if inside and len(mount) >= len(best):
                best, found = mount, (fields[dash + 1], fields[dash + 2])
    return found


def room(folder, needed):
    """Whether a folder has room for so many bytes. Files on a tmpfs take memory."""
    if folder is None:
        return False
    stat = os.statvfs(folder)
    free = stat.f_bavail * stat.f_frsize
    if file_system(folder)[0] == "tmpfs":
        free = min(free, available_memory() - 1024 * MIB)
    return free > needed + 256 * MIB


def machine(root, cores, disk, shm):
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("model name", "Model")):
                model = line.split(":", 1)[1].strip()
                break
    places = [f"disk: {' on '.join(file_system(disk))}"]
    if shm is not None:
        places.append(f"tmpfs: {shm.parent}")
    asked = ["git", "-C", str(root), "describe", "--always", "--dirty"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "cpu": model,
        "cores": cores,
        "kernel": f"{platform.system()} {platform.release()}",
        "file_systems": places,
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB,
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "load": list(os.getloadavg()),
        "commit": commit or "unknown",
    }


def machine_line(m):
    return (
        f"{m['cpu']}, {m['cores']} cores, {m['memory_mib'] / 1024:.0f} GiB, {m['kernel']}; "
        f"{'; '.join(m['file_systems'])}; {m['date']}; "
        f"load {m['load'][0]:.2f} before, {m['load_after'][0]:.2f} after; commit {m['commit']}"
    )


# ---- text ----


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms" if value >= 0.01 else f"{1000 * value:.2f} ms"


def spent(times):
    return f"{seconds(statistics.median(times))} ({seconds(min(times))} to {seconds(max(times))})"


def spread(values, form):
    """The median with the extremes."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def megabytes(*sizes, between=" : "):
    return between.join(f"{s / 1e6:.1f}" if s >= 1e5 else f"{s / 1e6:.3f}" for s in sizes) if any(sizes) else ""


def mebibytes(*sizes, between=" : "):
    return between.join(f"{s / MIB:.1f}" for s in sizes) if any(sizes) else ""


COLUMNS = ("work", "where", "Pipette, median (min to max)", "peer", "ratio (min to max)", "reach", "")
COLUMNS += ("file, MB", "peak memory, MiB")


def table(rows):
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    for r in rows:
        verdict = "" if r["good"] is None else "reached" if r["good"] else "**missed**"
        cells = [r["work"], r["place"], r["pipette"], r["peer"], r["ratio"], r["reach"], verdict, r["files"]]
        lines.append("| " + " | ".join(cells + [r["memory"]]) + " |")
    return "\n".join(lines)
