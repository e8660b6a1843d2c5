// SPDX-License-Identifier: Apache-2.0
//
// Shows what the daemon says of itself: its status once a second, and its events as they come.

import { drawLatency, drawThroughput, interrupt, lanes, record, remembered, tokensPerSecond } from "./charts.js";
import { Daemon } from "./daemon.js";
import { bytes, duration, element, fill, mark, milliseconds, number, say } from "./text.js";

const find = (selector) => document.querySelector(selector);
const clock = (date) => date.toLocaleTimeString("en", { hour12: false });

// MARK: - The daemon

function showStatus(status) {
  const state = find("#state");
  say(state, status.state);
  state.className = `pill ${status.state === "running" ? "good" : "busy"}`;
  say(find("#identity"), `${status.version}, process ${status.pid}`);
  const { requests, queue, memory, governor } = status;
  const figures = [
    ["Tokens per second", number(Math.round(tokensPerSecond())), `${number(queue.waiting)} waiting, ${number(queue.running)} running`],
    ["Requests", number(requests.total), `${number(requests.failed)} failed, ${number(requests.in_flight)} under way`],
    ["Memory", bytes(memory.private_bytes), `and ${bytes(memory.models_bytes) || "nothing"} of models`],
    ["Pressure", governor.level, governor.level === "none" ? "nothing is held back" : "background work is held back"],
    ["Running for", duration(status.uptime_s), `since ${clock(new Date(status.started_at * 1000))}`],
  ];
  find("#figures").replaceChildren(...figures.map(([name, value, more]) =>
    element("div", [element("dt", name), element("dd", value), element("dd", more, { class: "more" })])));
  fill(find("#lanes table"), lanes.map((name) => {
    const lane = queue.lanes[name];
    const counts = [lane.queued, lane.queued_tokens, lane.running, lane.batches, lane.tokens, lane.expired, lane.cancelled];
    return [mark(name, name), ...counts.map(number)];
  }));
}

const modelMarks = { ready: "good", loading: "busy", degraded: "bad", cold: "idle" };

function leaving(model) {
  if (model.requests == null) return "";
  if (model.pinned) return "never";
  return model.expires_in_s == null ? "if room is needed" : `in ${duration(model.expires_in_s)}`;
}

function showModels(models) {
  fill(find("#models table"), models.map((model) => [
    model.id,
    mark(model.reason ? `${model.state}: ${model.reason}` : model.state, model.reason ? "bad" : modelMarks[model.state] ?? "busy"),
    model.family, [model.dtype, model.isa].filter(Boolean).join(", "), model.dimensions && number(model.dimensions),
    bytes(model.resident_bytes), model.requests == null ? "" : number(model.requests), model.users, leaving(model),
  ]));
}

function showStartup(startup) {
  const end = Math.max(1, ...startup.services.map((service) =>
    (service.start_ms ?? 0) + (service.duration_ms ?? 0) + (service.deferred_ms ?? 0)));
  say(find("#startup .now"), startup.ready_ms == null ? "under way"
    : `listening after ${milliseconds(startup.listening_ms)}, ready after ${milliseconds(startup.ready_ms)}`);
  fill(find("#startup table"), startup.services.map((service) => {
    const { start_ms: from = 0, duration_ms: took = 0, deferred_ms: later } = service;
    const part = (name, at, length) => {
      const bar = element("i", "", { class: name });
      bar.style.left = `${(100 * at) / end}%`;
      bar.style.width = `${(100 * length) / end}%`;
      return bar;
    };
    const text = `from ${milliseconds(from)}, for ${milliseconds(took)}`
      + (later == null ? "" : `, then ${milliseconds(later)} in the background`);
    const bars = [...(later == null ? [] : [part("deferred", from + took, later)]), part("start", from, took)];
    const state = service.error ? "bad" : service.state === "ready" ? "good" : "busy";
    return [
      service.name, element("div", bars, { class: "bar", role: "img", "aria-label": text, title: text }),
      milliseconds(took), mark(service.error ?? service.state, state),
    ];
  }));
}

// MARK: - Jobs

const jobMarks = { queued: "idle", running: "busy", paused: "idle", completed: "good", failed: "bad", cancelled: "idle" };

/** What is told of a job beside its name. */
function jobText(job, now) {
  const parts = [job.error ?? `${number(job.progress.completed)} of ${number(job.progress.total)} steps`];
  for (const step of job.steps?.filter((step) => step.state === "running") ?? []) {
    const { completed = 0, total = 0 } = step.progress ?? {};
    const elapsed = now - step.started_at;
    parts.push(`${step.id}${total ? ` ${number(completed)} of ${number(total)}` : ""}`);
    if (completed > 0 && completed < total && elapsed > 2) {
      parts.push(`about ${duration((elapsed * (total - completed)) / completed)} left in it`);
    }
  }
  if (job.finished_at) parts.push(`${duration(Math.max(0, now - job.finished_at))} ago`);
  return parts.join(", ");
}

/** A piece of the bar for every step, or one for all where they are not known. */
function jobBar(job) {
  const steps = job.steps ?? [{ state: job.state, progress: job.progress }];
  const pieces = steps.map((step) => {
    const { completed = 0, total = 0 } = step.progress ?? {};
    const isDone = ["completed", "failed", "skipped"].includes(step.state);
    const piece = element("b", element("i"), { class: step.state });
    piece.firstChild.style.width = `${100 * (total ? completed / total : isDone ? 1 : 0)}%`;
    return piece;
  });
  return element("div", pieces, { class: "steps", "aria-hidden": "true" });
}

function showJobs(jobs) {
  const now = Date.now() / 1000;
  find("#jobs .none").hidden = jobs.length > 0;
  find("#jobs ul").replaceChildren(...jobs.map((job) => element("li", [
    element("p", [element("strong", job.name ?? job.id), mark(job.state, jobMarks[job.state] ?? "busy")]),
    jobBar(job), element("p", jobText(job, now), { class: "more" }),
  ])));
}

let hasJobs = true;
/** Finished jobs with their steps: they do not change any more. */
const finishedJobs = new Map();

async function withSteps(job) {
  const key = `${job.id} ${job.finished_at}`;
  try {
    const known = finishedJobs.get(key) ?? (await daemon.call("job.status", { id: job.id }));
    if (known.finished_at) finishedJobs.set(key, known);
    return known;
  } catch {
    return job;
  }
}

async function refreshJobs() {
  if (!hasJobs) return;
  try {
    const [active, finished] = await Promise.all([
      daemon.call("job.list", { states: ["running", "paused", "queued"], limit: 12 }),
      daemon.call("job.list", { states: ["completed", "failed", "cancelled"], limit: 4 }),
    ]);
    showJobs(await Promise.all([...active.jobs, ...finished.jobs].map(withSteps)));
  } catch (error) {
    if (error.code !== -32601) throw error;
    hasJobs = false;
  }
}

// MARK: - Log

function showLine(event) {
  const list = find("#log ol");
  find("#log .none").hidden = true;
  // Now there is something to scroll.
  list.tabIndex = 0;
  const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
  const isBad = ["warning", "error", "critical"].includes(event.level);
  list.append(element("li", [
    element("time", clock(new Date(event.at * 1000))), " ", element("span", event.level, { class: isBad ? "bad" : "level" }),
    ` ${event.message}`,
  ]));
  while (list.childElementCount > 200) list.firstElementChild.remove();
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

// MARK: - Together

let shownAt = null;

async function refresh() {
  const [status, { requests }, { models }] = await Promise.all([
    daemon.call("daemon.status"), daemon.call("daemon.requests", { limit: remembered }), daemon.call("models.list"), refreshJobs(),
  ]);
  record(status, requests);
  showStatus(status);
  showModels(models);
  showStartup(status.startup);
  drawThroughput();
  drawLatency();
  shownAt = new Date();
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

/** Why there is no connection. A browser does not tell a WebSocket's owner that it was refused. */
async function showAbsence() {
  const notice = find("#notice");
  document.body.classList.add("stale");
  find("#state").className = "pill bad";
  say(find("#state"), "no connection");
  const from = shownAt ? ` What the page shows is from ${clock(shownAt)}.` : "";
  const isThere = await fetch("page.css", { method: "HEAD", cache: "no-store" }).then((answer) => answer.ok, () => false);
  if (!document.body.classList.contains("stale")) return;
  notice.hidden = false;
  say(notice, isThere ? `The daemon refuses the page. If it has a token, open the page with #token=… behind its address.${from}`
    : `The daemon does not answer; the page goes on as soon as it does.${from}`);
}

function showPresence() {
  document.body.classList.remove("stale");
  find("#notice").hidden = true;
}

const daemon = new Daemon({
  async onState(isConnected) {
    if (!isConnected) return showAbsence();
    showPresence();
    interrupt();
    try {
      await daemon.call("subscribe", { topics: ["log", "jobs", "models", "startup", "governor"] });
      await tick();
    } catch {
      // It went away again; the socket says so itself.
    }
  },
  onEvent(event) {
    if (event.topic === "log") showLine(event);
    // How far a step is can wait for the next second.
    else if (!event.progress) tick();
  },
});

setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
