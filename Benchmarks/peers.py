#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engines that Hearth is compared with, in a Python environment of their own that only the benchmarks use.

    peers.py MODEL_FOLDER    sets them up in $HEARTH_BENCH_PEERS, by default .build/peers
"""

import array
import json
import os
import pathlib
import subprocess
import sys

import measure

HERE = pathlib.Path(__file__).parent
PACKAGES = [
    "sentence-transformers", "safetensors", "onnx", "onnxruntime", "sympy", "openvino", "tokenizers", "numpy", "fastapi",
    "uvicorn[standard]",
]
# Builds of torch without GPU libraries, which are a tenth of the size.
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
ENGINES = [
    ("sentence-transformers", "f32"), ("sentence-transformers", "bf16"), ("ONNX Runtime", "f32"),
    ("ONNX Runtime", "int8"), ("OpenVINO", "f32"), ("OpenVINO", "bf16"),
]


def folder():
    return pathlib.Path(os.environ.get("HEARTH_BENCH_PEERS", ".build/peers")).absolute()


def python():
    return folder() / "bin" / "python"


def are_installed():
    note = folder() / "packages"
    return note.exists() and note.read_text(encoding="utf-8").split() == PACKAGES


def install(model):
    """Installs and converts; false, with a line that says why, where that cannot be."""
    if are_installed():
        return True
    print(f"setting the peers up in {folder()}, which takes some minutes and 3 GB", flush=True)
    try:
        if not python().exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder())], check=True, stdout=subprocess.DEVNULL)
        with (folder() / "setup.log").open("w", encoding="utf-8") as log:

            def run(*arguments, check=True):
                command = [str(python()), *arguments]
                return subprocess.run(command, check=check, stdout=log, stderr=log).returncode == 0

            pip = ("-m", "pip", "install", "--retries", "1")
            if not run(*pip, "torch", "--index-url", TORCH_INDEX, check=False):
                run(*pip, "torch")
            run(*pip, *PACKAGES)
            if not (folder() / "converted" / "plain.xml").exists():
                run(str(HERE / "convert.py"), model, str(folder() / "converted"))
        (folder() / "packages").write_text("\n".join(PACKAGES) + "\n", encoding="utf-8")
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"peers: left out, for they cannot be set up ({error}); see {folder() / 'setup.log'}", flush=True)
        return False
    return True


def spawn(program, name, precision, model, threads, work):
    """A peer in a process of its own, on so many threads."""
    settings = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")}
    settings |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    command = [str(python()), str(HERE / program), name, precision, str(model), str(folder() / "converted"), str(threads)]
    with (work / "peers.log").open("a", encoding="utf-8") as log:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | settings)


class Server:
    """A peer that others reach over HTTP."""

    def __init__(self, name, precision, model, threads, work):
        self.name = f"FastAPI, {name} {precision}"
        self.process = spawn("server.py", name, precision, model, threads, work)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended; see peers.log in the benchmarks' folder")
        self._port = int(line)

    def port(self):
        return self._port

    def processor_time(self):
        return measure.processor_time(self.process.pid)

    def close(self):
        self.process.terminate()
        self.process.communicate()


class Peer:
    """A peer that only works when it is asked."""

    def __init__(self, name, precision, model, threads, work):
        self.name = f"{name} {precision}"
        self.precision = precision
        self.file = work / "peer-vectors.f32"
        self.process = spawn("peer.py", name, precision, model, threads, work)
        try:
            self._answer()
        except RuntimeError:
            self.close()
            raise

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended; see peers.log in the benchmarks' folder")
        return json.loads(line)

    def _ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def latency(self, texts):
        return self._ask(do="latency", texts=texts)

    def bulk(self, texts):
        return self._ask(do="bulk", texts=texts)

    def vectors(self, texts):
        self._ask(do="vectors", texts=texts, file=str(self.file))
        values = array.array("f", self.file.read_bytes())
        self.file.unlink()
        width = len(values) // len(texts)
        return [values[start : start + width] for start in range(0, len(values), width)]

    def memory(self):
        return self._ask(do="memory")

    def processor_time(self):
        return self._ask(do="cpu")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def start(model, threads, work):
    """The peers that run on this machine, one after the other."""
    for name, precision in ENGINES:
        try:
            yield Peer(name, precision, model, threads, work)
        except RuntimeError as error:
            print(f"peers: {error}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(not install(sys.argv[1]))
