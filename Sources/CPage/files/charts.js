// SPDX-License-Identifier: Apache-2.0
//
// What the daemon did in the last five minutes, a sample a second.

import { compact, element, milliseconds, number, say } from "./text.js";

const seconds = 300;
/** How many requests the daemon remembers. */
export const remembered = 256;
export const lanes = ["interactive", "normal", "background"];

let samples = [];
let last = null;
let lastRequest = 0;

/** The next difference would be one to another daemon. */
export function interrupt() {
  last = null;
}

/** What a sample tells of the requests that ended in its second. */
function times(requests) {
  const sorted = requests.map((request) => request.total_ms).sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)], slowest: sorted.at(-1) };
}

/** Samples of the time before the page was opened, as far back as the daemon remembers its requests. */
function remember(status, requests, now) {
  const clock = status.started_at + status.uptime_s;
  const known = requests.length < remembered ? status.uptime_s : clock - requests[0].at;
  for (let age = Math.floor(Math.min(known, seconds)); age > 0; age--) {
    const ended = requests.filter((request) => request.tokens != null && Math.ceil(clock - request.at) === age);
    const rates = lanes.map((lane) =>
      ended.reduce((sum, request) => sum + (request.lane === lane ? request.tokens : 0), 0));
    samples.push({ now: now - age + 1, rates, ...times(ended) });
  }
}

/** Takes the counters of a status, and the newest requests, at most as many as are `remembered`. */
export function record(status, requests) {
  const now = performance.now() / 1000;
  const elapsed = now - (last?.now ?? -Infinity);
  if (elapsed < 0.9) return;
  const tokens = lanes.map((lane) => status.queue.lanes[lane].tokens);
  if (!samples.length) remember(status, requests, now);
  // A page that nobody saw did not ask: there is a gap.
  else if (elapsed < 5) {
    const ended = requests.filter((request) => request.at > lastRequest && request.tokens != null);
    const rates = tokens.map((count, lane) => Math.max(0, count - last.tokens[lane]) / elapsed);
    samples.push({ now, rates, ...times(ended) });
  }
  samples = samples.filter((sample) => sample.now > now - seconds);
  lastRequest = Math.max(lastRequest, ...requests.map((request) => request.at));
  last = { now, tokens };
}

/** The sum of the lanes in the last second. */
export const tokensPerSecond = () => total(samples.at(-1) ?? { rates: [0] });

const total = (sample) => sample.rates.reduce((a, b) => a + b, 0);

/** Samples without a gap between them. */
function runs(has) {
  const found = [];
  let previous = null;
  for (const sample of samples) {
    if (has(sample)) {
      if (previous && sample.now - previous.now < 2) found.at(-1).push(sample);
      else found.push([sample]);
      previous = sample;
    } else previous = null;
  }
  return found;
}

const x = (sample) => (seconds - samples.at(-1).now + sample.now).toFixed(1);

/** The area between two lines over a run; one sample is as wide as a second. */
function area(run, lower, upper) {
  const points = run.length > 1 ? run.map((sample) => [x(sample), sample]) : [[x(run[0]) - 1, run[0]], [x(run[0]), run[0]]];
  const line = (y) => points.map(([at, sample]) => `${at},${y(sample).toFixed(2)}`);
  return `M${line(upper).join("L")}L${line(lower).reverse().join("L")}Z`;
}

const path = (name, d) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "path");
  made.setAttribute("class", name);
  made.setAttribute("d", d);
  return made;
};

/** `ticks` are what the scale shows, with their heights. */
function draw(id, text, ticks, paths) {
  const chart = document.getElementById(id);
  say(chart.querySelector(".now"), text);
  chart.querySelector("svg").setAttribute("aria-label", text);
  const minutes = [60, 120, 180, 240].map((at) => `M${at},0V100`).join("");
  chart.querySelector("svg").replaceChildren(
    path("grid", ticks.map(([y]) => `M0,${y}H300`).join("") + minutes), ...paths);
  chart.querySelector(".scale").replaceChildren(...ticks.map(([y, text]) => {
    const tick = element("span", text);
    tick.style.top = `${y}%`;
    return tick;
  }));
}

/** A round number that is at least as large. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((limit) => limit >= value);
}

export function drawThroughput() {
  const most = Math.max(...samples.map(total), 0);
  const top = ceiling(Math.max(most, 10));
  const until = (lane) => (sample) => 100 - (100 * sample.rates.slice(0, lane).reduce((a, b) => a + b, 0)) / top;
  draw(
    "throughput", `at most ${number(Math.round(most))}`,
    [[0, compact(top)], [50, compact(top / 2)], [100, "0"]],
    lanes.map((lane, index) =>
      path(lane, runs(() => true).map((run) => area(run, until(index), until(index + 1))).join(""))));
}

/** Times differ by powers of ten, and so does the scale. */
export function drawLatency() {
  const known = samples.filter((sample) => sample.median != null);
  const low = Math.floor(Math.log10(Math.max(0.01, Math.min(...known.map((sample) => sample.median), 1))));
  const high = Math.max(low + 2, Math.ceil(Math.log10(Math.max(...known.map((sample) => sample.slowest), 10))));
  const height = (time) => 100 - (100 * (Math.log10(Math.max(time, 0.01)) - low)) / (high - low);
  const median = (sample) => height(sample.median);
  const ticks = Array.from({ length: high - low + 1 }, (_, step) => {
    const time = 10 ** (high - step);
    return [(100 * step) / (high - low), time >= 1000 ? `${time / 1000} s` : `${Number(time.toPrecision(1))} ms`];
  });
  const latest = known.at(-1);
  const all = runs((sample) => sample.median != null);
  draw(
    "latency", latest ? `${milliseconds(latest.median)}, the slowest ${milliseconds(latest.slowest)}` : "no requests so far",
    ticks, [
      path("slowest", all.map((run) => area(run, median, (sample) => height(sample.slowest))).join("")),
      path("median", all.map((run) => area(run, median, median)).join("")),
    ]);
}
