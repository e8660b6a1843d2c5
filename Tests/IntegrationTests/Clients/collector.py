# SPDX-License-Identifier: Apache-2.0
#
# A collector of OpenTelemetry and a daemon that is told of it. Usage: collector.py HEARTH HOME
import base64
import http.server
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

hearth, home = sys.argv[1:3]
bodies = []
answers = [503]  # the first one is to come back


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert self.path == "/v1/traces" and self.headers["x-token"] == "secret", self.path
        bodies.append(body)
        self.send_response(answers.pop() if answers else 200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def run(*arguments):
    return subprocess.run([hearth, *arguments], check=True, capture_output=True, text=True).stdout


def settings(telemetry):
    with open(home + "/config.toml", "w") as file:
        file.write('[http]\nenabled = true\naddress = "127.0.0.1:0"\n' + telemetry)


def call(method, parameters=None):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(home + "/run/hearth.sock")
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters or {}}
        connection.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(connection.makefile("rb").readline())


def spans():
    found = {}
    for body in list(bodies):
        for resource in body["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                # What was sent twice is one.
                found.update((span["spanId"], span) for span in scope["spans"])
    return list(found.values())


def attributes(span):
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def wait(condition):
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came so far")


def over_a_web_socket(host, port):
    connection = socket.create_connection((host, port))
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /ws HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    text = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tokenize", "params": {"input": "one"}}).encode()
    connection.sendall(b"\x81" + bytes([0x80 | len(text)]) + bytes(4) + text)
    received = b""
    while b'"tokens"' not in received:
        received += connection.recv(65536)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
telemetry = f'[telemetry]\notlp_endpoint = "http://127.0.0.1:{server.server_port}"\notlp_headers = "x-token=secret"\n'

settings("")
run("start")
call("embed", {"input": "before anybody listens"})
settings(telemetry)
call("daemon.reload")
call("embed", {"input": ["one", "two"]})
call("embed", {"input": "none", "model": "no/such-model"})
wait(lambda: call("daemon.status")["result"].get("http", {}).get("listening"))
host, port = call("daemon.status")["result"]["http"]["address"].split(":")
request = urllib.request.Request(
    f"http://{host}:{port}/v1/embeddings",
    data=b'{"input": "three"}',
    headers={"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
)
urllib.request.urlopen(request).read()
over_a_web_socket(host, int(port))
wait(lambda: len(spans()) == 4)
wait(lambda: len(bodies) >= 2)  # it came back
resource = {each["key"]: each["value"] for each in bodies[0]["resourceSpans"][0]["resource"]["attributes"]}
assert resource["service.name"] == {"stringValue": "hearth"}, resource
own, failed, traced, tokenized = sorted(spans(), key=lambda span: int(span["startTimeUnixNano"]))
assert attributes(own)["gen_ai.operation.name"] == "embeddings" and attributes(own)["rpc.method"] == "embed", own
assert int(attributes(own)["gen_ai.usage.input_tokens"]) > 2 and "parentSpanId" not in own, own
assert own["name"] == "embeddings " + attributes(own)["gen_ai.request.model"], own
assert 0 < int(own["endTimeUnixNano"]) - int(own["startTimeUnixNano"]) < 600e9, own
assert abs(int(own["endTimeUnixNano"]) / 1e9 - time.time()) < 3600, own
assert failed["status"]["code"] == 2 and attributes(failed)["error.type"] == "model_not_found", failed
assert traced["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736" and traced["parentSpanId"] == "00f067aa0ba902b7", traced
assert attributes(traced)["http.route"] == "/v1/embeddings", traced
assert attributes(tokenized)["rpc.method"] == "tokenize", tokenized

# What nobody has been told of is said at the end; what was turned off is not.
call("embed", {"input": "the last"})
run("stop")
wait(lambda: len(spans()) == 5)
settings("")
run("start")
call("embed", {"input": "to nobody"})
run("stop")
assert len(spans()) == 5, spans()
if len(sys.argv) > 3:
    json.dump(bodies, open(sys.argv[3], "w"))
