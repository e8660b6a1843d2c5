// SPDX-License-Identifier: Apache-2.0
//
// Numbers as people read them, and elements with text in them.

export const number = (value) => (value ?? 0).toLocaleString("en");

const compactFormat = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** 12K, for an axis. */
export const compact = (value) => compactFormat.format(value);

export function bytes(count) {
  if (!count) return "";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; count >= 1024 && unit < units.length - 1; unit++) count /= 1024;
  return `${count < 10 && unit ? count.toFixed(1) : Math.round(count)} ${units[unit]}`;
}

/** Two units at most: 4 min 20 s. */
export function duration(total) {
  const whole = Math.round(total);
  const parts = [[Math.floor(whole / 86400), "d"], [Math.floor(whole / 3600) % 24, "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

export function milliseconds(value) {
  if (value >= 1000) return `${(value / 1000).toPrecision(3)} s`;
  if (value > 0 && value < 0.05) return "< 0.1 ms";
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ms`;
}

export function element(name, content = "", attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value != null) made.setAttribute(key, value);
  made.append(...[content].flat());
  return made;
}

/** Changes nothing, and so tells nobody, where the text is the same. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Rows of a table: the first cell names the row, and every cell says the column's name where there is no room for columns. */
export function fill(table, rows) {
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  table.tBodies[0].replaceChildren(
    ...rows.map((cells) =>
      element("tr", cells.map((cell, index) =>
        element(index ? "td" : "th", cell instanceof Node ? cell : String(cell ?? ""),
          index ? { "data-name": names[index] } : { scope: "row" })))));
}

/** A state with its colour. */
export const mark = (state, kind) => element("span", state, { class: `mark ${kind}` });
