# SPDX-License-Identifier: Apache-2.0
#
# The daemon's page in a browser: live, alone, readable, usable without a mouse, and there again after a restart.
# Usage: page_in_browser.py HEARTH CHROMIUM PICTURES [SECONDS]
#   with HEARTH_HOME, where nothing runs; SECONDS of work before the pictures are taken, otherwise as few as it needs
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlparse

from playwright.sync_api import sync_playwright

hearth, chromium, pictures = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 0
home = pathlib.Path(os.environ["HEARTH_HOME"])
model = "all-minilm-l6-v2"
job = """
name: nightly corpus
steps:
  - {id: fetch, run: "true"}
  - id: vectors
    needs: [fetch]
    run: |
      echo "hearth: progress 240 600"
      while [ ! -e finished ]; do sleep 0.1; done
  - {id: report, needs: [vectors], run: "true"}
"""


def run(*arguments):
    return subprocess.run([hearth, *arguments], check=True, capture_output=True, text=True).stdout


class Daemon:
    """It listens where the first one did, so that the page finds it again."""

    address = "127.0.0.1:0"

    def start(self, *, token=None):
        settings = f'[http]\nenabled = true\naddress = "{self.address}"\n' + (f'token = "{token}"\n' if token else "")
        (home / "config.toml").write_text(settings)
        run("start", "-m", model)
        status = self.status()
        self.address, self.process = status["http"]["address"], status["pid"]

    def status(self):
        while True:
            status = json.loads(run("status", "--json"))
            if status["http"].get("listening") or "error" in status["http"]:
                return status

    @property
    def url(self):
        return f"http://{self.address}/"


class Work:
    """Clients of all lanes, until it ends."""

    WORDS = "ash bellows brick chimney coal ember fire flame flue hearth kettle oak smoke spark warm wood".split()

    def __init__(self):
        self.is_over = threading.Event()
        # Lane, texts, pause between requests.
        plans = [("interactive", 1, 0.12), ("normal", 16, 0.25), ("background", 24, 0.4)]
        self.threads = [threading.Thread(target=self.ask, args=plan) for plan in plans]
        for thread in self.threads:
            thread.start()

    def ask(self, lane, count, pause):
        chance = random.Random(lane)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(home / "run" / "hearth.sock"))
            lines = connection.makefile("rb")
            while not self.is_over.wait(pause * chance.expovariate(1)):
                texts = [" ".join(chance.choices(self.WORDS, k=chance.randint(4, 40))) for _ in range(count)]
                request = {"method": "embed", "params": {"input": texts, "lane": lane, "encoding": "base64"}}
                connection.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, **request}).encode() + b"\n")
                assert b'"error"' not in lines.readline()[:200]

    def end(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


# What is checked in the page itself.

IS_LIVE = """(model) => {
  const text = (selector) => document.querySelector(selector).innerText;
  return text("#state") === "running" && text("#models tbody").includes(model) && text("#jobs").includes("240 of 600")
    && document.querySelector("#throughput path.normal").getAttribute("d").length > 20
    && document.querySelector("#latency path.median").getAttribute("d").length > 20
    && /[1-9]/.test(text("#figures dd"));
}"""

# Texts with less than 4.5 times the contrast to what is behind them (WCAG 2.2, 1.4.3), whatever their size.
CONTRAST = """() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => color.slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = rgba(getComputedStyle(each).backgroundColor);
      if (color[3] === 255) return color;
      if (color[3] > 0) throw new Error(`a transparent background: ${each.outerHTML}`);
    }
    throw new Error("there is nothing behind the page");
  };
  const found = [];
  let count = 0;
  const check = (element, style, text) => {
    if (!text.trim() || !element.checkVisibility({ visibilityProperty: true })) return;
    count++;
    const [ink, paper] = [rgba(style.color), behind(element)];
    const [bright, dark] = [luminance(ink), luminance(paper)].sort((a, b) => b - a);
    const ratio = (bright + 0.05) / (dark + 0.05);
    if (ratio < 4.5 || ink[3] < 255 || style.opacity < 1) found.push(`${ratio.toFixed(2)}: ${text.trim()}`);
  };
  for (const element of document.body.querySelectorAll("*")) {
    for (const node of element.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) check(element, getComputedStyle(element), node.data);
    }
    const before = getComputedStyle(element, "::before");
    if (before.content.startsWith('"') && before.content !== '""') check(element, before, before.content);
  }
  return { count, found };
}"""

# What a screen reader goes by.
STRUCTURE = """() => {
  const found = [];
  const expect = (condition, text) => condition || found.push(text);
  const all = (selector) => [...document.querySelectorAll(selector)];
  expect(document.title === "Hearth", "title");
  expect(document.documentElement.lang === "en", "lang");
  for (const name of ["h1", "header", "main", "nav"]) expect(all(name).length === 1, `one ${name}`);
  const levels = all("h1, h2, h3, h4").map((heading) => Number(heading.tagName[1]));
  expect(levels[0] === 1 && levels.every((level, index) => level <= (levels[index - 1] ?? 0) + 1), `headings ${levels}`);
  const ids = all("[id]").map((element) => element.id);
  expect(new Set(ids).size === ids.length, "an id twice");
  for (const element of all("[aria-labelledby]")) {
    const label = document.getElementById(element.getAttribute("aria-labelledby"));
    expect(label?.innerText, `no label: ${element.tagName}`);
  }
  for (const element of all("[role=img], nav")) expect(element.ariaLabel, `no label: ${element.outerHTML}`);
  for (const element of all("section, table")) expect(element.hasAttribute("aria-labelledby"), `no name: ${element.id}`);
  for (const row of all("tbody tr")) expect(row.cells[0].scope === "row", `no header: ${row.innerText}`);
  for (const link of all("a[href^='#']")) {
    expect(document.getElementById(link.hash.slice(1)), `${link.hash} leads nowhere`);
  }
  return found;
}"""

FOCUSED = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const [style, box] = [getComputedStyle(element), element.getBoundingClientRect()];
  return {
    index: [...document.querySelectorAll("*")].indexOf(element), name: element.innerText.slice(0, 40),
    isOutlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    isInSight: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""

INTERACTIVE = """() => [...document.querySelectorAll("*")].flatMap((element, index) =>
  element.matches("a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex='-1'])")
    && element.checkVisibility() ? [index] : [])"""


class Visit:
    """A page, and everything that it asked for or complained of."""

    def __init__(self, browser, daemon, width, scheme, path="", **options):
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        self.context.set_default_timeout(120_000)
        self.page = self.context.new_page()
        self.troubles = []
        self.address = daemon.address
        page, trouble = self.page, self.troubles.append
        page.on("console", lambda it: it.type in ("error", "warning") and trouble(f"console: {it.text}"))
        page.on("pageerror", lambda error: trouble(f"exception: {error}"))
        page.on("requestfailed", lambda request: trouble(f"failed: {request.url} {request.failure}"))
        page.on("response", lambda response: response.status >= 400 and trouble(f"{response.status}: {response.url}"))
        page.on("request", lambda request: self.check_host(request.url))
        page.on("websocket", lambda it: self.check_host(it.url))
        page.goto(daemon.url + path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def check_host(self, url):
        if not url.startswith("data:") and urlparse(url).netloc != self.address:
            self.troubles.append(f"another host: {url}")

    def wait(self, condition, argument=None):
        self.page.wait_for_function(condition, arg=argument)

    def says(self, selector, text):
        self.wait("([selector, text]) => document.querySelector(selector).innerText.includes(text)", [selector, text])

    def check(self):
        assert not self.troubles, self.troubles
        assert self.page.evaluate(STRUCTURE) == []
        contrast = self.page.evaluate(CONTRAST)
        assert contrast["count"] > 50 and not contrast["found"], contrast
        for width in (320, 390, 600, 800, 1000, 1280):
            self.page.set_viewport_size({"width": width, "height": 900})
            needed = self.page.evaluate("document.documentElement.scrollWidth")
            assert needed <= width, f"{needed} pixels in a window of {width}"

    def check_keyboard(self):
        expected, reached = set(self.page.evaluate(INTERACTIVE)), set()
        assert len(expected) >= 6, expected
        while True:
            self.page.keyboard.press("Tab")
            focused = self.page.evaluate(FOCUSED)
            if focused is None or focused["index"] in reached:
                break
            assert focused["isOutlined"] and focused["isInSight"], focused
            reached.add(focused["index"])
        assert expected <= reached, [self.page.evaluate("(at) => document.querySelectorAll('*')[at].outerHTML", at)
                                     for at in expected - reached]
        # The first of them leads past the others.
        self.page.reload()
        self.says("#state", "running")
        self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")
        assert self.page.evaluate("document.activeElement.id") == "main"


def look(browser, daemon):
    """The page with data in it, in every form that it has."""
    phone = dict(has_touch=True, is_mobile=True)
    forms = [("light", 1280, {}), ("dark", 1280, {}), ("light", 390, phone), ("dark", 390, {})]
    visits = [
        (f"{scheme}-{width}", Visit(browser, daemon, width, scheme, reduced_motion="reduce", **options))
        for scheme, width, options in forms
    ]
    end = time.monotonic() + seconds
    for name, visit in visits:
        with visit:
            visit.wait(IS_LIVE, model)
            visit.page.wait_for_timeout(max(0, end - time.monotonic()) * 1000)
            visit.page.screenshot(path=pictures / f"{name}.png", full_page=True, scale="css")
            visit.check()
            assert visit.page.evaluate("document.getAnimations().length") == 0
            assert visit.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
            if name == "light-1280":
                visit.check_keyboard()
            assert not visit.troubles, visit.troubles
        print(name, "is as it should be")


def outlive(browser, daemon):
    """It says that the daemon went, and goes on with the next one, with and without a token."""
    with Visit(browser, daemon, 1280, "dark") as visit:
        visit.says("#identity", str(daemon.process))
        assert not visit.troubles, visit.troubles
        run("stop")
        visit.says("#state", "no connection")
        visit.says("#notice", "does not answer")
        assert visit.page.evaluate(CONTRAST)["found"] == []
        visit.page.screenshot(path=pictures / "no-daemon.png", full_page=True)
        daemon.start()
        visit.says("#identity", str(daemon.process))
        visit.says("#state", "running")
        assert not visit.page.is_visible("#notice")
        # Nothing but that nobody answered.
        assert all("ERR_CONNECTION_REFUSED" in each for each in visit.troubles), visit.troubles
        print("a restart is outlived")
        run("stop")
        daemon.start(token="let-me-in")
        visit.says("#notice", "#token=")
        assert visit.page.inner_text("#state") == "no connection"
    with Visit(browser, daemon, 390, "light", path="#token=let-me-in") as visit:
        visit.says("#state", "running")
        assert not visit.troubles, visit.troubles
        print("a token is asked for and taken")


def main():
    pictures.mkdir(parents=True, exist_ok=True)
    daemon = Daemon()
    daemon.start()
    (home / "job.yaml").write_text(job)
    run("run", str(home / "job.yaml"))
    work = Work()
    try:
        with sync_playwright() as playwright:
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
            try:
                look(browser, daemon)
                work.end()
                (home / "finished").touch()
                outlive(browser, daemon)
            finally:
                browser.close()
    finally:
        work.end()


main()
