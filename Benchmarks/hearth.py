# SPDX-License-Identifier: Apache-2.0
"""Hearth as the benchmarks see it: homes with and without caches, a daemon, a connection."""

import array
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import measure


class Home:
    """A HEARTH_HOME of its own with models of another one, and with its cache or an empty one."""

    def __init__(self, executables, models, cache=None, precision=None, **settings):
        self.hearth = str(executables / "hearth")
        self.hearthd = str(executables / "hearthd")
        # Short, because a socket's path has to be.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hb"))
        (self.folder / "data").symlink_to(models.resolve())
        if cache:
            (self.folder / "cache").symlink_to(cache.resolve())
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("HEARTH_", "XDG_"))
        } | {"HEARTH_HOME": str(self.folder)}
        if precision:
            self.environment["HEARTH_PRECISION"] = precision
        self.environment |= settings
        self.socket = str(self.folder / "run" / "hearth.sock")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def time(self, *arguments, output=os.devnull):
        """Seconds that a `hearth` command takes, spawn to exit."""
        return measure.run([self.hearth, *arguments], self.environment, output)

    def json(self, *arguments):
        """What a `hearth` command prints as JSON."""
        command = [self.hearth, *arguments, "--json"]
        return json.loads(subprocess.run(command, env=self.environment, check=True, capture_output=True).stdout)

    def start(self, model):
        return self.json("start", "--idle-timeout", "0", "-m", model)["model"]

    def stop(self):
        if os.path.exists(self.socket):
            subprocess.run([self.hearth, "stop"], env=self.environment, capture_output=True, check=False)

    def listening(self):
        """Seconds from spawning a daemon until it listens; it is stopped again."""
        process, line, seconds = measure.until_line([self.hearthd, "serve", "--ready-fd", "3"], self.environment)
        self.stop()
        os.waitpid(process, 0)
        if line != "listening":
            raise RuntimeError(f"hearthd said: {line}")
        return seconds

    def connect(self):
        return Connection(self.socket)


class Connection:
    """JSON-RPC over the daemon's socket, vectors as attachments."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb", buffering=1 << 20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def call(self, method, parameters):
        """The result, the raw attachment if there is one, and the seconds of the round trip."""
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode() + b"\n"
        start = measure.clock()
        self.socket.sendall(line)
        reply = self.stream.readline()
        seconds = measure.clock() - start
        reply = json.loads(reply)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']['message']}")
        data = b""
        for attachment in reply.get("attachments", []):
            data += self.stream.read(attachment["bytes"])
        return reply["result"], data, seconds if not data else measure.clock() - start

    def embed(self, model, texts, lane="normal"):
        return self.call("embed", {"model": model, "input": texts, "encoding": "binary", "lane": lane})

    def memory(self):
        """Megabytes: resident, and private."""
        memory = self.call("daemon.status", {})[0]["memory"]
        return memory["resident_bytes"] / 1e6, memory["private_bytes"] / 1e6


class Engine:
    """A warm daemon with one precision, asked over its socket."""

    def __init__(self, executables, models, cache, model, precision, **settings):
        self.home = Home(executables, models, cache, precision, **settings)
        self.model = model
        status = self.home.start(model)
        self.precision, self.instructions = status["dtype"], status["isa"]
        self.name = f"Hearth {self.precision}"
        self.connection = self.home.connect()

    def latency(self, texts):
        """Seconds of each text alone: the round trip, and what of it the daemon spent on the text."""
        round_trips, inside = [], []
        for text in texts:
            result, _, seconds = self.connection.embed(self.model, [text], lane="interactive")
            round_trips.append(seconds)
            timing = result["timing"]
            inside.append((timing["tokenize_ms"] + timing["inference_ms"]) / 1e3)
        self.inside = inside
        return round_trips

    def bulk(self, texts):
        return self.connection.embed(self.model, texts)[2]

    def vectors(self, texts):
        result, data, _ = self.connection.embed(self.model, texts)
        values = array.array("f", data)
        width = result["dimensions"]
        return [values[start : start + width] for start in range(0, len(values), width)]

    def memory(self):
        return self.connection.memory()

    def processor_time(self):
        """Seconds that all threads together have run; None where the system does not say."""
        return measure.processor_time(self.connection.call("hello", {})[0]["pid"])

    def port(self):
        """Where it speaks HTTP, if it does."""
        http = {}
        while not http.get("listening"):
            http = self.connection.call("daemon.status", {})[0]["http"]
        return int(http["address"].rpartition(":")[2])

    def close(self):
        with contextlib.suppress(OSError):
            self.connection.__exit__()
        self.home.__exit__()
