// SPDX-License-Identifier: Apache-2.0
//
// Shows what the daemon says of itself over its WebSocket: its status once a
// second, and its events as they come.

const seconds = 300;
const lanes = ["interactive", "normal", "background"];
const byId = (id) => document.getElementById(id);

// MARK: - The daemon

/** JSON-RPC over a WebSocket; it is connected anew when it was lost. */
class Daemon {
  #socket = null;
  #waiting = new Map();
  #last = 0;
  #delay = 500;

  constructor(onState, onEvent) {
    this.onState = onState;
    this.onEvent = onEvent;
    this.#connect();
  }

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
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    const socket = new WebSocket(address, token ? ["hearth", "token." + token] : ["hearth"]);
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

// MARK: - Words and numbers

const number = (value) => (value ?? 0).toLocaleString("en");

function bytes(count) {
  if (!count) return "";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; count >= 1024 && unit < units.length - 1; unit++) count /= 1024;
  return `${count < 10 && unit ? count.toFixed(1) : Math.round(count)} ${units[unit]}`;
}

function duration(total) {
  if (total == null) return "";
  const whole = Math.round(total);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function element(name, content = "", attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value != null) made.setAttribute(key, value);
  made.append(...[content].flat());
  return made;
}

/** Rows of a table: the first cell names the row. */
function fill(body, rows) {
  body.replaceChildren(
    ...rows.map((cells) =>
      element("tr", cells.map((cell, index) =>
        element(index ? "td" : "th", cell instanceof Node ? cell : String(cell), index ? {} : { scope: "row" })))));
}

// MARK: - Activity

const samples = [];
let lastTokens = null;
let lastRequest = 0;

function record(status, requests) {
  const now = performance.now();
  const tokens = lanes.map((lane) => status.queue.lanes[lane].tokens);
  const news = requests.filter((request) => request.at > lastRequest);
  lastRequest = Math.max(lastRequest, ...requests.map((request) => request.at));
  if (lastTokens) {
    const elapsed = (now - lastTokens.now) / 1000;
    const times = news.map((request) => request.total_ms).filter(Number.isFinite).sort((a, b) => a - b);
    samples.push({
      rates: tokens.map((count, lane) => Math.max(0, count - lastTokens.tokens[lane]) / elapsed),
      median: times[Math.floor(times.length / 2)], slowest: times.at(-1),
    });
    if (samples.length > seconds) samples.shift();
  }
  lastTokens = { now, tokens };
}

const svg = (name, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

/** A round number that is at least as large. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((limit) => limit >= value);
}

const x = (index) => 300 - samples.length + 1 + index;

function drawThroughput() {
  const totals = samples.map((sample) => sample.rates.reduce((a, b) => a + b, 0));
  const top = ceiling(Math.max(...totals, 1));
  const base = samples.map(() => 0);
  const areas = lanes.map((lane, index) => {
    const lower = base.map((value, i) => `${x(i)},${100 - (100 * value) / top}`).reverse();
    samples.forEach((sample, i) => (base[i] += sample.rates[index]));
    const upper = base.map((value, i) => `${x(i)},${100 - (100 * value) / top}`);
    return svg("path", { class: lane, d: samples.length ? `M${upper.join("L")}L${lower.join("L")}Z` : "" });
  });
  const now = Math.round(totals.at(-1) ?? 0);
  byId("throughput-now").textContent = `${number(now)} now, top of the chart ${number(top)}`;
  byId("throughput").setAttribute("aria-label", `${number(now)} tokens per second now; at most ${number(Math.round(Math.max(...totals, 0)))} in five minutes`);
  byId("throughput").replaceChildren(...areas);
}

function drawLatency() {
  const top = ceiling(Math.max(...samples.map((sample) => sample.slowest ?? 0), 1));
  const line = (name) => {
    let path = "";
    samples.forEach((sample, index) => {
      if (sample[name] == null) return;
      const joins = samples[index - 1]?.[name] != null;
      // A sample of its own is a stroke of a second.
      path += `${joins ? "L" : "M"}${x(index)},${100 - (100 * sample[name]) / top}${joins ? "" : "h1"}`;
    });
    return svg("path", { class: name, d: path });
  };
  const latest = samples.findLast((sample) => sample.median != null);
  const text = latest ? `median ${latest.median.toFixed(1)}, slowest ${latest.slowest.toFixed(1)}` : "no requests";
  byId("latency-now").textContent = `${text}, top of the chart ${number(top)}`;
  byId("latency").setAttribute("aria-label", `Last requests, in milliseconds: ${text}`);
  byId("latency").replaceChildren(line("slowest"), line("median"));
}

// MARK: - What there is

function showStatus(status) {
  const state = byId("state");
  state.textContent = status.state;
  state.classList.toggle("bad", status.state !== "running");
  byId("version").textContent = status.version;
  byId("facts").textContent =
    `pid ${status.pid}, up ${duration(status.uptime_s)}, ${bytes(status.memory.private_bytes)} private, ` +
    `${number(status.requests.total)} requests, ${number(status.requests.failed)} failed, pressure ${status.governor.level}`;
  fill(byId("lanes-rows"), lanes.map((name) => {
    const lane = status.queue.lanes[name];
    return [name, ...[lane.queued, lane.queued_tokens, lane.running, lane.batches, lane.tokens, lane.expired, lane.cancelled].map(number)];
  }));
}

function showModels(models) {
  fill(byId("models-rows"), models.map((model) => [
    model.id,
    element("span", model.reason ? `${model.state}: ${model.reason}` : model.state, { class: model.reason ? "bad" : null }),
    model.dimensions ?? "", [model.dtype, model.isa].filter(Boolean).join(" on "), bytes(model.resident_bytes),
    model.requests == null ? "" : number(model.requests), model.users ?? "",
    model.pinned ? "pinned" : duration(model.expires_in_s),
  ]));
}

function showStartup(startup) {
  const end = Math.max(1, ...startup.services.map((service) => (service.start_ms ?? 0) + (service.duration_ms ?? 0) + (service.deferred_ms ?? 0)));
  byId("startup-now").textContent =
    startup.ready_ms == null ? "under way" : `listening after ${startup.listening_ms.toFixed(1)} ms, ready after ${startup.ready_ms.toFixed(1)} ms`;
  fill(byId("startup-rows"), startup.services.map((service) => {
    const part = (name, from, length) => {
      const bar = element("i", "", { class: name });
      bar.style.left = `${(100 * from) / end}%`;
      bar.style.width = `${(100 * length) / end}%`;
      return bar;
    };
    const from = service.start_ms ?? 0;
    const bars = [part("start", from, service.duration_ms ?? 0)];
    if (service.deferred_ms) bars.push(part("deferred", from + (service.duration_ms ?? 0), service.deferred_ms));
    const title = `starts at ${from.toFixed(1)} ms, takes ${(service.duration_ms ?? 0).toFixed(1)} ms`
      + (service.deferred_ms ? `, then ${service.deferred_ms.toFixed(1)} ms in the background` : "");
    const bar = element("div", bars, { class: "bar", role: "img", "aria-label": title, title });
    return [service.name, service.wave, element("span", service.error ?? service.state, { class: service.error ? "bad" : null }), bar];
  }));
}

function showJobs(jobs) {
  byId("jobs-list").replaceChildren(...(jobs.length ? jobs.map((job) => {
    const total = job.progress?.total ?? 0;
    const completed = job.progress?.completed ?? 0;
    const facts = [job.state, total ? `${number(completed)} of ${number(total)}` : "",
      job.eta_s == null ? "" : `${duration(job.eta_s)} left`, job.error ?? ""].filter(Boolean).join(", ");
    const line = element("p", [element("strong", job.name ?? job.id), element("span", facts, { class: job.error ? "bad" : null })]);
    const bar = element("progress", "", { max: total || null, value: total ? completed : null, "aria-label": `${job.name ?? job.id}: ${facts}` });
    return element("div", job.state === "running" || total ? [line, bar] : [line], { class: "job" });
  }) : [element("p", "None.")]));
}

function showLine(event) {
  const list = byId("log-lines");
  const pane = list.parentElement;
  const isAtEnd = pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 4;
  const time = new Date(event.at * 1000).toLocaleTimeString();
  list.append(element("li", [element("time", time), ` ${event.level} ${event.message}`], { class: ["error", "critical", "warning"].includes(event.level) ? "bad" : null }));
  while (list.childElementCount > 200) list.firstElementChild.remove();
  if (isAtEnd) pane.scrollTop = pane.scrollHeight;
}

// MARK: - Together

let hasJobs = true;

async function refresh() {
  const [status, { requests }, { models }] = await Promise.all([
    daemon.call("daemon.status"), daemon.call("daemon.requests", { limit: 256 }), daemon.call("models.list"),
  ]);
  record(status, requests);
  showStatus(status);
  showModels(models);
  showStartup(status.startup);
  drawThroughput();
  drawLatency();
  if (hasJobs) {
    try {
      showJobs((await daemon.call("job.list")).jobs);
    } catch (error) {
      if (error.code !== -32601) throw error;
      hasJobs = false;
    }
  }
}

let isRefreshing = false;

async function tick() {
  if (isRefreshing || document.hidden) return;
  isRefreshing = true;
  try {
    await refresh();
  } catch {
    // The next second, or the next connection, shows it.
  } finally {
    isRefreshing = false;
  }
}

const daemon = new Daemon(
  async (isConnected) => {
    const state = byId("state");
    if (!isConnected) {
      state.textContent = "no connection";
      state.classList.add("bad");
      return;
    }
    lastTokens = null;
    try {
      await daemon.call("subscribe", { topics: ["log", "jobs", "models", "startup"] });
      await tick();
    } catch {
      // It went away again; the socket says so itself.
    }
  },
  (event) => {
    if (event.topic === "log") showLine(event);
    else tick();
  });

setInterval(tick, 1000);
