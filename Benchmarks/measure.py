# SPDX-License-Identifier: Apache-2.0
"""Times processes, and says of many timings what can be relied on."""

import os
import platform
import re
import resource
import statistics
import subprocess
import time

clock = time.perf_counter


class Samples:
    """Timings in rounds. Other work on a machine only ever adds time, so the best round's median is the figure that
    comes back the next day; the median over all rounds says how noisy it was."""

    def __init__(self):
        self.rounds = []

    def add(self, timings):
        self.rounds.append(sorted(timings))

    @property
    def best(self):
        return min(statistics.median(timings) for timings in self.rounds)

    @property
    def typical(self):
        return statistics.median(statistics.median(timings) for timings in self.rounds)

    @property
    def p99(self):
        """Of the round where it is least; None where a round has too few timings for it."""
        if len(self.rounds[0]) < 50:
            return None
        return min(timings[int(len(timings) * 0.99)] for timings in self.rounds)

    def figures(self):
        return {"best": self.best, "typical": self.typical, "p99": self.p99, "rounds": len(self.rounds)}


def processor_time(process):
    """Seconds that all threads of a process have run; None where the system does not say."""
    try:
        fields = open(f"/proc/{process}/stat", encoding="utf-8").read().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processor_time_of_children():
    """Seconds that the processes have run which ended, and their children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(arguments, environment, output=os.devnull):
    """Runs a process from posix_spawn to its exit and returns the seconds; standard error is ours."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(output), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    start = clock()
    process = os.posix_spawn(arguments[0], arguments, environment, file_actions=actions)
    _, status, _ = os.wait4(process, 0)
    seconds = clock() - start
    if status:
        raise RuntimeError(f"{' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}")
    return seconds


def until_line(arguments, environment):
    """Starts a process that writes a line to descriptor 3, and returns its id, the line and the seconds until then."""
    reading, writing = os.pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, writing, 3),
    ]
    start = clock()
    process = os.posix_spawn(arguments[0], arguments, environment, file_actions=actions)
    os.close(writing)
    line = os.read(reading, 4096)
    seconds = clock() - start
    os.close(reading)
    return process, line.decode().strip(), seconds


def machine():
    """What the figures were measured on."""
    name, flags = platform.processor() or platform.machine(), set()
    if os.path.exists("/proc/cpuinfo"):
        text = open("/proc/cpuinfo", encoding="utf-8").read()
        name = "".join(re.findall(r"^model name\s*: (.*)", text, re.M)[:1]) or name
        model = re.findall(r"^(?:cpu family|model)\s*: (\d+)", text, re.M)[:2]
        if model:
            name += f" (family {model[0]}, model {model[-1]})"
        flags = set("".join(re.findall(r"^(?:flags|Features)\s*: (.*)", text, re.M)[:1]).split())
    elif platform.system() == "Darwin":
        name = subprocess.check_output(["sysctl", "-n", "machdep.cpu.brand_string"], text=True).strip()
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "asimddp", "i8mm", "bf16")
    return {
        "cpu": name,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "features": [flag for flag in wanted if flag in flags],
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        "load": os.getloadavg()[0],
    }
