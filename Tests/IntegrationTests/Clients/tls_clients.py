# SPDX-License-Identifier: Apache-2.0
#
# Clients of HTTPS with nothing but the standard library. Usage: tls_clients.py https://HOST:PORT FILE_OF_THE_AUTHORITY
import base64
import json
import os
import socket
import ssl
import struct
import sys
import threading

host, port = sys.argv[1].removeprefix("https://").split(":")
address = (host, int(port))
trust = ssl.create_default_context(cafile=sys.argv[2])


def connect():
    connection = socket.create_connection(address, timeout=60)
    return trust.wrap_socket(connection, server_hostname="localhost")


def head(connection):
    bytes = b""
    while not bytes.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, bytes
        bytes += byte
    return bytes.decode()


def exactly(connection, count):
    bytes = b""
    while len(bytes) < count:
        piece = connection.recv(count - len(bytes))
        assert piece, (len(bytes), count)
        bytes += piece
    return bytes


def frame(opcode, payload):
    key = os.urandom(4)
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    else:
        size = b"\xff" + struct.pack(">Q", length)
    return bytes([0x80 | opcode]) + size + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def message(connection):
    opcode, length = exactly(connection, 2)
    if length == 126:
        length = struct.unpack(">H", exactly(connection, 2))[0]
    elif length == 127:
        length = struct.unpack(">Q", exactly(connection, 8))[0]
    return opcode & 15, exactly(connection, length)


def web_socket():
    connection = connect()
    connection.sendall(
        f"GET /ws HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: https://localhost:{port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n".encode()
    )
    assert head(connection).startswith("HTTP/1.1 101"), "no WebSocket"
    # Longer than a record of TLS.
    texts = ["hello " * 1000] * 20
    request = {"jsonrpc": "2.0", "id": 1, "method": "embed", "params": {"input": texts, "encoding": "binary"}}
    connection.sendall(frame(1, json.dumps(request).encode()))
    opcode, reply = message(connection)
    reply = json.loads(reply)
    assert opcode == 1 and reply["id"] == 1, reply
    opcode, vectors = message(connection)
    assert opcode == 2 and len(vectors) == 20 * 4 * reply["result"]["dimensions"], (opcode, len(vectors))
    connection.sendall(frame(8, struct.pack(">H", 1000)))
    assert message(connection)[0] == 8


def get(connection, extra=""):
    connection.sendall(f"GET /v1/models HTTP/1.1\r\nHost: localhost:{port}\r\n{extra}\r\n".encode())
    answer = head(connection)
    length = next(line for line in answer.split("\r\n") if line.lower().startswith("content-length"))
    exactly(connection, int(length.split(":")[1]))
    return int(answer.split()[1])


def many_requests():
    connection = connect()
    assert connection.version() == "TLSv1.3", connection.version()
    assert all(get(connection) == 200 for _ in range(50))
    # Ends in order, without an error of TLS.
    assert get(connection, "Connection: close\r\n") == 200
    assert connection.recv(1) == b""


def leaves():
    for count in (0, 1, 5, 100):
        connection = socket.create_connection(address)
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[:count])
        connection.close()
    # In the middle of a request, without a word.
    connection = connect()
    connection.sendall(b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    os.close(connection.detach())


def speaks_no_tls():
    connection = socket.create_connection(address, timeout=60)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    try:
        while piece := connection.recv(100):
            answer += piece
    except ConnectionResetError:
        pass
    assert b"HTTP" not in answer, answer


def never_shakes_hands():
    """Is left by the time a head may take."""
    connection = socket.create_connection(address, timeout=60)
    connection.sendall(b"\x16\x03\x01")
    try:
        while connection.recv(100):
            pass
    except ConnectionResetError:
        pass


slow = threading.Thread(target=never_shakes_hands)
slow.start()
leaves()
speaks_no_tls()
many_requests()
web_socket()
slow.join()
assert get(connect()) == 200
