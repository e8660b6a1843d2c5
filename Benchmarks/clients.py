# SPDX-License-Identifier: Apache-2.0
"""Clients of an HTTP server on this machine, many on one thread, which do as little as they can: what they take, the
server does not get."""

import json
import re
import selectors
import socket

import measure

TOKENS = re.compile(rb'"total_tokens":\s*(\d+)')


def request(port, path, content):
    """A request as it goes over the wire."""
    body = json.dumps(content).encode()
    headers = {"Host": f"localhost:{port}", "Content-Type": "application/json", "Content-Length": len(body)}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = memoryview(bytearray(1 << 20))

    def send(self, content):
        self.socket.sendall(content)
        self.received, self.expected = 0, None

    def receive(self):
        """Takes what has arrived; true when that was the end of the answer."""
        count = self.socket.recv_into(self.buffer[self.received :])
        if count == 0:
            raise RuntimeError("the server hung up")
        self.received += count
        if self.expected is None:
            head, end, _ = bytes(self.buffer[: min(self.received, 4096)]).partition(b"\r\n\r\n")
            if not end:
                return False
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(bytes(self.buffer[: self.received]).decode(errors="replace"))
            self.expected = len(head) + 4 + int(re.search(rb"content-length: (\d+)", head.lower())[1])
            if self.expected > len(self.buffer):
                bigger = memoryview(bytearray(self.expected))
                bigger[: self.received] = self.buffer[: self.received]
                self.buffer = bigger
        return self.received == self.expected

    def tokens(self):
        """What the last answer says was used."""
        for part in (self.buffer[max(0, self.received - 4096) : self.received], self.buffer[:4096]):
            if found := TOKENS.search(part):
                return int(found[1])
        return 0

    def close(self):
        self.socket.close()


def run(port, count, requests, seconds=float("inf")):
    """Sends requests over `count` connections, each the next one when it has its answer, until there are none or the
    time is over. Returns how many were answered, the tokens these were, and the seconds until the last answer."""
    clients = [Client(port) for _ in range(count)]
    requests = iter(requests)
    answered = tokens = under_way = 0
    with selectors.DefaultSelector() as selector:
        start = measure.clock()
        for client in clients:
            if content := next(requests, None):
                selector.register(client.socket, selectors.EVENT_READ, client)
                client.send(content)
                under_way += 1
        while under_way:
            for key, _ in selector.select():
                client = key.data
                if not client.receive():
                    continue
                answered += 1
                tokens += client.tokens()
                content = next(requests, None) if measure.clock() - start < seconds else None
                if content:
                    client.send(content)
                else:
                    under_way -= 1
        elapsed = measure.clock() - start
    for client in clients:
        client.close()
    return answered, tokens, elapsed
