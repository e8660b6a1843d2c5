#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A peer behind HTTP, as people put one there: FastAPI and uvicorn, in the peers' own Python. Prints its port.

    server.py ENGINE PRECISION MODEL_FOLDER CONVERTED_FOLDER THREADS
"""

import base64
import pathlib
import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

import peer


class Request(BaseModel):
    model: str
    input: str | list[str]
    encoding_format: str = "float"


def application(engine):
    app = FastAPI()

    # Each on all cores, one after another: several beside each other get less done.
    turn = threading.Lock()

    @app.post("/v1/embeddings")
    def embeddings(request: Request):
        texts = [request.input] if isinstance(request.input, str) else request.input
        with turn:
            vectors = engine.embed(texts)
        if request.encoding_format == "base64":
            values = [base64.b64encode(vector.tobytes()).decode() for vector in vectors]
        else:
            values = vectors.tolist()
        data = [{"object": "embedding", "index": index, "embedding": value} for index, value in enumerate(values)]
        # Counting tokens would be to tokenize twice.
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        return {"object": "list", "data": data, "model": request.model, "usage": usage}

    return app


def main():
    name, precision, model, converted, threads = sys.argv[1:]
    engine = peer.KINDS[name](precision, pathlib.Path(model), pathlib.Path(converted), int(threads))
    engine.embed(["ready"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        configuration = uvicorn.Config(
            application(engine), log_level="warning", access_log=False, timeout_keep_alive=600)
        uvicorn.Server(configuration).run(sockets=[listener])


if __name__ == "__main__":
    main()
