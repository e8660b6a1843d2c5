// SPDX-License-Identifier: Apache-2.0
//
// JSON-RPC over the daemon's WebSocket, which is connected anew when it was lost.

export class Daemon {
  #socket = null;
  #waiting = new Map();
  #last = 0;
  #delay = 500;
  /** Kept, because a link to a section takes its place in the address. */
  #token = null;

  /** `onState` is told whether there is a connection, `onEvent` of what the daemon tells its subscribers. */
  constructor({ onState, onEvent }) {
    this.onState = onState;
    this.onEvent = onEvent;
    this.#connect();
  }

  /** The result of a method; rejects with its error, or when the connection goes. */
  call(method, params = {}) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Error("not connected"));
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #connect() {
    const address = new URL("ws", location.href.split("#")[0]);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    // A daemon with a token takes it as a protocol: scripts cannot set a WebSocket's headers.
    this.#token = new URLSearchParams(location.hash.slice(1)).get("token") ?? this.#token;
    const socket = new WebSocket(address, this.#token ? ["hearth", "token." + this.#token] : ["hearth"]);
    this.#socket = socket;
    socket.onopen = () => {
      this.#delay = 500;
      this.onState(true);
    };
    socket.onmessage = (message) => this.#receive(JSON.parse(message.data));
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("disconnected"));
      this.#waiting.clear();
      this.onState(false);
      setTimeout(() => this.#connect(), this.#delay);
      this.#delay = Math.min(this.#delay * 2, 10_000);
    };
  }

  #receive(message) {
    if (message.method === "event") return this.onEvent(message.params);
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error) waiting?.reject(Object.assign(new Error(message.error.message), message.error));
    else waiting?.resolve(message.result);
  }
}
