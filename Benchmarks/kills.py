# SPDX-License-Identifier: Apache-2.0
"""Kills a daemon with SIGKILL at random moments while it runs jobs, starts the next one, and checks after each that

- what was announced before is in the registry, and the registry holds nothing but what may follow on it;
- every start and end that a step wrote down itself is in the registry, and no step ran again after its end was;
- no process of any step lives.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

STEPS = 24
# What a step may be after what was announced of it last, when a daemon has died since.
FOLLOWING = {
    "waiting": {"waiting", "ready", "running", "completed", "failed", "skipped", "cancelled"},
    "ready": {"ready", "running", "waiting", "completed", "failed", "cancelled"},
    "running": {"running", "waiting", "completed", "failed"},
    "completed": {"completed"},
    "failed": {"failed"},
    "skipped": {"skipped"},
    "cancelled": {"cancelled"},
}
# What may be announced of a step after what was announced of it before.
NEXT = {
    "waiting": {"ready", "running"},
    "ready": {"running"},
    "running": {"completed", "failed", "waiting"},
}


def job_file():
    """Steps that say when they begin and end; some fail the first time, some leave children in other sessions."""
    lines = ["name: killed", "steps:"]
    for index in range(STEPS):
        needs = [index - 4] + ([index - 1] if index % 3 == 0 else []) if index >= 4 else []
        child = "setsid sh -c 'echo child x 0 $$ >> trace; exec sleep 1000' & " if index % 4 == 0 else ""
        fails = "[ $HEARTH_ATTEMPT -gt 1 ] && " if index % 6 == 5 else ""
        command = (
            f"{child}echo start $HEARTH_STEP $HEARTH_ATTEMPT $$ >> trace; sleep 0.0{index % 7}; "
            f"{fails}echo end $HEARTH_STEP $HEARTH_ATTEMPT $$ >> trace"
        )
        lines.append(f"  - id: s{index}")
        lines.append(f"    run: {json.dumps(command)}")
        lines.append(f"    needs: [{', '.join(f's{need}' for need in needs)}]")
        lines.append("    retries: {max: 3, backoff: 20ms}")
    return "\n".join(lines)


class Daemon:
    """`hearthd serve`, and what it announces to a subscriber until it is gone."""

    def __init__(self, executables, home):
        environment = {"HEARTH_HOME": str(home), "PATH": os.environ["PATH"], "HOME": str(home)}
        self.events, self.socket, self.number = [], str(home / "run" / "hearth.sock"), 0
        with open(home / "errors", "ab") as errors:
            self.process = subprocess.Popen(
                [executables / "hearthd", "serve", "--foreground"], env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=errors)

    def connect(self):
        while self.process.poll() is None:
            with contextlib.suppress(OSError):
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(self.socket)
                return connection
            time.sleep(0.002)
        return None

    def call(self, method, parameters=None):
        """The result; None where the daemon died before it answered."""
        connection = self.connect()
        if not connection:
            return None
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as stream:
            request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters or {}}
            connection.sendall(json.dumps(request).encode() + b"\n")
            reply = json.loads(stream.readline())
            if "error" in reply:
                raise RuntimeError(f"{method}: {reply['error']['message']}")
            return reply["result"]
        return None

    def listen(self):
        """Keeps what is announced from now on."""
        connection = self.connect()
        if not connection:
            return None
        stream = connection.makefile("rb")
        with contextlib.suppress(OSError):
            connection.sendall(
                b'{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"topics":["jobs"]}}\n')
            stream.readline()

        def read():
            with contextlib.suppress(OSError, ValueError), connection, stream:
                for line in stream:
                    event = json.loads(line)["params"]
                    if event.get("missed"):
                        raise SystemExit("events were missed, so nothing can be said")
                    self.events.append(event)

        thread = threading.Thread(target=read)
        thread.start()
        return thread


class Killing:
    def __init__(self, executables, seed):
        self.executables = executables
        self.random = random.Random(seed)
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="hk"))
        self.jobs, self.kills, self.problems = self.home / "state" / "jobs", 0, []
        self.folder, self.job, self.announced, self.finished = None, None, 0, {}

    def wrong(self, message):
        self.problems.append(f"kill {self.kills}, job {self.job}: {message}")

    def run(self, count):
        """Jobs one after the other, until so many daemons have been killed; the last one lives."""
        while self.kills < count or self.job:
            if not self.job:
                self.folder = pathlib.Path(tempfile.mkdtemp(prefix="job", dir=self.home))
                self.finished = {}
            self.life(is_last=self.kills >= count)

    def life(self, is_last):
        """Starts a daemon that goes on with the job, kills it, and looks at what it leaves."""
        daemon = Daemon(self.executables, self.home)
        killer = None
        if not is_last:
            killer = threading.Timer(self.random.uniform(0.001, 0.7), daemon.process.kill)
        # Half of them while they start, where there is only a moment to that on a machine that has nothing else to do.
        kills_early = self.random.random() < 0.5
        if killer and kills_early:
            killer.start()
        listening = daemon.listen()
        if killer and not kills_early:
            killer.start()
        self.go_on(daemon)
        if is_last and self.job:
            daemon.call("job.wait", {"id": self.job})
        if is_last:
            daemon.process.terminate()
        else:
            # The job may be done before the daemon's time has come.
            while daemon.process.poll() is None and killer.is_alive():
                time.sleep(0.002)
        daemon.process.wait()
        if killer:
            killer.join()
            self.kills += 1
        if listening:
            listening.join()
        self.announced += len(daemon.events)
        self.wait_for_steps()
        self.check(daemon.events)

    def go_on(self, daemon):
        if self.job:
            found = daemon.call("job.status", {"id": self.job})
            if found and found["state"] in ("failed", "cancelled"):
                daemon.call("job.resume", {"id": self.job})
            return
        # A job whose receipt was lost with the daemon is found by its key.
        submission = {"source": job_file(), "file": "killed.yaml", "folder": str(self.folder), "key": str(self.folder)}
        submission["environment"] = {"PATH": os.environ["PATH"]}
        receipt = daemon.call("job.submit", submission)
        if receipt:
            self.job = receipt["job_id"]

    def wait_for_steps(self):
        """Until no supervisor of a dead daemon lives, as the next daemon waits."""
        path = self.jobs / "steps.lock"
        if path.exists():
            with open(path, "rb+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)

    # What is left.

    def check(self, events):
        trace = self.trace()
        for what, step, attempt, process in trace:
            if pathlib.Path(f"/proc/{process}").exists():
                self.wrong(f"{what} {step} {attempt}: process {process} outlived its daemon")
        for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if f"={self.home}/".encode() in path.read_bytes():
                    self.wrong(f"{path} belongs to a step and outlived its daemon")
        if not (self.jobs / "registry.sqlite").exists():
            return
        with tempfile.TemporaryDirectory() as copy, contextlib.closing(self.registry(copy)) as registry:
            if not registry.execute("SELECT 1 FROM sqlite_master WHERE name = 'job'").fetchone():
                return
            self.check_announced(events, registry)
            key = registry.execute("SELECT id, state FROM job WHERE folder = ?", [str(self.folder)]).fetchall()
            if len(key) > 1:
                self.wrong("there are two jobs of one key")
            if not key:
                if self.job or trace:
                    self.wrong("the registry has lost the job")
                return
            self.job = key[0]["id"]
            self.check_history(registry, trace)
            if key[0]["state"] == "completed":
                self.check_end(registry, trace)
                self.job = None

    def registry(self, folder):
        """A copy, because to look at it is to repair it, and that is the next daemon's."""
        for name in ("registry.sqlite", "registry.sqlite-wal"):
            if (self.jobs / name).exists():
                shutil.copy(self.jobs / name, folder)
        registry = sqlite3.connect(f"{folder}/registry.sqlite")
        registry.row_factory = sqlite3.Row
        return registry

    def trace(self):
        path = self.folder / "trace"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [tuple(line.split()) for line in lines if len(line.split()) == 4]

    def check_announced(self, events, registry):
        last, job_state, sequence = {}, {}, 0
        for event in events:
            if event["sequence"] <= sequence:
                self.wrong(f"event {event['sequence']} came after {sequence}")
            sequence = event["sequence"]
            if "step" not in event:
                job_state[event["job"]] = event.get("state")
            elif "state" in event:
                key = (event["job"], event["step"])
                before = last.get(key, {}).get("state")
                if before and event["state"] not in NEXT.get(before, set()):
                    self.wrong(f"{key} was announced {event['state']} after {before}")
                last[key] = event
        for (job, step), event in last.items():
            row = registry.execute("SELECT * FROM step WHERE job = ? AND id = ?", [job, step]).fetchone()
            if not row:
                self.wrong(f"{step} was announced {event['state']}, and the registry does not know it")
                continue
            if row["state"] not in FOLLOWING[event["state"]] or row["attempts"] < event["attempt"]:
                self.wrong(f"{step} was announced {event['state']} ({event['attempt']}), and is {row['state']}")
            if event["state"] in ("completed", "failed"):
                outcome = registry.execute(
                    "SELECT outcome FROM attempt WHERE job = ? AND step = ? AND number = ?",
                    [job, row["step"], event["attempt"]]).fetchone()
                if not outcome or (outcome[0] == "completed") != (event["state"] == "completed"):
                    self.wrong(f"{step} was announced {event['state']}, its attempt is {outcome and outcome[0]}")
        for job, state in job_state.items():
            found = registry.execute("SELECT state FROM job WHERE id = ?", [job]).fetchone()
            if not found or state == "completed" and found[0] != "completed":
                self.wrong(f"{job} was announced {state}, and is {found and found[0]}")

    def check_history(self, registry, trace):
        """Attempts are numbered one by one, end once, and begin only when that is written."""
        for row in registry.execute("SELECT * FROM step WHERE job = ?", [self.job]).fetchall():
            attempts = registry.execute(
                "SELECT number, outcome FROM attempt WHERE job = ? AND step = ? ORDER BY number",
                [self.job, row["step"]]).fetchall()
            outcomes = [attempt["outcome"] for attempt in attempts]
            if [attempt["number"] for attempt in attempts] != list(range(1, row["attempts"] + 1)):
                self.wrong(f"{row['id']} has the attempts {[tuple(attempt) for attempt in attempts]}")
            if "completed" in outcomes[:-1] or ("completed" in outcomes) != (row["state"] == "completed"):
                self.wrong(f"{row['id']} is {row['state']} after {outcomes}")
            if "running" in outcomes[:-1]:
                self.wrong(f"{row['id']} has an attempt that never ended: {outcomes}")
            starts = [int(line[2]) for line in trace if line[0] == "start" and line[1] == row["id"]]
            if len(set(starts)) != len(starts) or not set(starts) <= set(range(1, row["attempts"] + 1)):
                self.wrong(f"{row['id']} began as {starts}, of which {row['attempts']} are written down")
            if row["state"] == "completed":
                if self.finished.setdefault(row["id"], len(starts)) != len(starts):
                    self.wrong(f"{row['id']} ran again after its end was written")
            elif row["id"] in self.finished:
                self.wrong(f"{row['id']} was completed, and is {row['state']}")

    def check_end(self, registry, trace):
        for row in registry.execute("SELECT id, state, attempts FROM step WHERE job = ?", [self.job]).fetchall():
            if row["state"] != "completed" or ("end", row["id"], str(row["attempts"])) not in {
                line[:3] for line in trace
            }:
                self.wrong(f"{row['id']} is {row['state']}, and did not end so")


def main():
    executables = pathlib.Path(sys.argv[1]).absolute()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    killing = Killing(executables, seed)
    try:
        killing.run(count)
    finally:
        if killing.problems:
            print(f"seed {seed}; all that is left is in {killing.home}")
        else:
            shutil.rmtree(killing.home, ignore_errors=True)
    print(f"{killing.kills} daemons killed, {killing.announced} transitions announced, {len(killing.problems)} wrong")
    for problem in killing.problems[:20]:
        print(problem)
    return 1 if killing.problems else 0


if __name__ == "__main__":
    sys.exit(main())
