#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens a page of `fk report` in a headless Chromium, on a phone and on a desk, in the light and in the dark, and says
what is wrong with it, by the DevTools protocol.

    tests/report/browse.py /usr/bin/chromium-headless-shell report.html [--shots FOLDER]
    tests/report/browse.py tests/report/qt_browser.py report.html

Exit code 0 when nothing is wrong, 1 otherwise."""
import argparse
import base64
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib

HERE = pathlib.Path(__file__).resolve().parent
WINDOWS = [(360, 800, "light"), (360, 800, "dark"), (1280, 900, "light"), (1280, 900, "dark")]
SECONDS = 120  # of silence: a loaded machine needs some for its first page


class WebSocket:
    """RFC 6455 as far as DevTools need it: text, whole or in parts."""

    def __init__(self, url):
        host, port, path = re.fullmatch(r"ws://([^:/]+):(\d+)(/.*)", url).groups()
        self.socket = socket.create_connection((host, int(port)), SECONDS)
        self.stream = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        if b" 101 " not in self.stream.readline():
            raise SystemExit(f"browse: {url} does not speak WebSocket")
        while self.stream.readline().strip():
            pass

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        size = len(data)
        head = bytes([0x81]) + (bytes([0x80 | size]) if size < 126 else struct.pack(">BH", 0xFE, size) if size < 1 << 16
                                else struct.pack(">BQ", 0xFF, size))
        self.socket.sendall(head + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(data)))

    def exactly(self, size):
        data = self.stream.read(size)
        if len(data) < size:
            raise SystemExit("browse: the browser is gone")
        return data

    def receive(self):
        data, last = b"", False
        while not last:
            first, size = self.exactly(2)
            if size >= 126:
                size, = struct.unpack(">H" if size == 126 else ">Q", self.exactly(2 if size == 126 else 8))
            part = self.exactly(size)
            if first & 0x0F in (0, 1):  # else a ping, or the end
                data, last = data + part, bool(first & 0x80)
        return data.decode()


class Browser:
    def __init__(self, program, profile):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words, environment = [program, "about:blank"], dict(os.environ)
        # Without --no-sandbox nothing starts as root, which CI is; the page is ours.
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        if pathlib.Path(program).name.startswith("qt_browser"):
            words = ["/usr/bin/python3", program]  # the system's, which has the system's Qt
            environment.update(QT_QPA_PLATFORM="offscreen", QTWEBENGINE_REMOTE_DEBUGGING=str(port),
                               QTWEBENGINE_CHROMIUM_FLAGS=" ".join(flags), XDG_RUNTIME_DIR=profile)
        else:
            words[1:1] = ["--headless", "--no-first-run", f"--remote-debugging-port={port}", f"--user-data-dir={profile}"] + flags
        self.log = open(os.path.join(profile, "log"), "w+")
        self.process = subprocess.Popen(words, env=environment, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
                                        start_new_session=True)
        self.last, self.events = 0, []
        try:
            self.socket = WebSocket(self.page(port)["webSocketDebuggerUrl"])
        except BaseException:
            self.end()
            raise

    def end(self):
        # With its children: the program may be a shell script around the real one.
        with contextlib.suppress(ProcessLookupError):  # gone by itself
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def page(self, port):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                    pages = [p for p in json.load(answer) if p["type"] == "page"]
                if pages:
                    return pages[0]
            except OSError:
                pass
            time.sleep(0.1)
        self.log.seek(0)
        raise SystemExit(f"browse: the browser does not come up (exit code {self.process.poll()}):\n{self.log.read()[-2000:]}")

    def call(self, method, **params):
        self.last += 1
        self.socket.send(json.dumps({"id": self.last, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.receive())
            if answer.get("id") != self.last:
                self.events.append(answer)
            elif "error" in answer:
                raise SystemExit(f"browse: {method}: {answer['error']}")
            else:
                return answer["result"]

    def wait(self, method):
        while not any(e.get("method") == method for e in self.events):
            self.events.append(json.loads(self.socket.receive()))

    def evaluate(self, text):
        result = self.call("Runtime.evaluate", expression=text, returnByValue=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"browse: {result['exceptionDetails']}")
        return result["result"].get("value")


def different_lines(png):
    """How many lines of the picture differ (as PNG filters them): 1 to 3 of an empty one."""
    at, data, height, length = 8, b"", 0, 0
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", body[:10])
            length = 1 + width * {2: 3, 6: 4}[color] * depth // 8
        if kind == b"IDAT":
            data += body
        at += 12 + size
    data = zlib.decompress(data)
    return len({data[i * length:(i + 1) * length] for i in range(height)})


def trouble(event):
    """What a console line, an exception or a request has to say against the page."""
    method, p = event.get("method"), event.get("params", {})
    if method == "Runtime.exceptionThrown":
        return f"exception: {p['exceptionDetails']}"
    if method == "Runtime.consoleAPICalled":
        return f"console: {[a.get('value') for a in p['args']]}"
    if method == "Log.entryAdded":
        return f"log: {p['entry']['text']}"
    if method == "Network.requestWillBeSent" and not p["request"]["url"].startswith(("file:", "data:")):
        return f"request: {p['request']['url']}"
    return None


# Every head of a table sorts by its column, up and then down.
SORT = """(() => {
  const head = document.querySelector("#verdicts thead th button");
  if (!head) return "no table can be sorted";
  const column = () => [...document.querySelectorAll("#verdicts tbody tr")].map(r => r.cells[0].textContent);
  head.click();
  const up = column();
  head.click();
  const down = column();
  return JSON.stringify(up) === JSON.stringify([...up].sort()) && up[0] === down[down.length - 1] ? "" :
      "sorting the verdicts gives " + up;
})()"""


# The parts of the page, as far as a picture can be high.
BOXES = """[...document.querySelectorAll("header, section")].map(e => {
  const box = e.getBoundingClientRect();
  return [e.id, 0, box.y + scrollY, innerWidth, Math.min(12000, box.height)];
})"""


def screenshot(browser, clip=None):
    """A PNG of the window, or of a part of the page."""
    more = {"clip": clip, "captureBeyondViewport": True} if clip else {}
    return base64.b64decode(browser.call("Page.captureScreenshot", **more)["data"])


def look(browser, page, window, shots):
    width, height, scheme = window
    found = []
    browser.events = []
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.call(domain + ".enable")
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=width < 500)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.call("Page.navigate", url=page.as_uri())
    browser.wait("Page.loadEventFired")
    checks = (HERE / "checks.js").read_text()
    for state in ("as it opens", "all opened"):
        if state == "all opened":
            browser.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        found += [f"{state}: {w}" for w in browser.evaluate(checks)]
        picture = screenshot(browser)
        if different_lines(picture) < 20:
            found.append(f"{state}: the picture is empty")
    if shots:
        (shots / page.name).write_bytes(page.read_bytes())
        for name, *box in browser.evaluate(BOXES):
            clip = dict(zip(("x", "y", "width", "height"), box), scale=1)
            (shots / f"{page.stem}_{width}_{scheme}_{name}.png").write_bytes(screenshot(browser, clip))
    if browser.evaluate("!!document.querySelector('#verdicts tbody')"):
        found += [s for s in [browser.evaluate(SORT)] if s]
    found += [t for t in map(trouble, browser.events) if t]
    return [f"{width}x{height} {scheme}: {f}" for f in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("browser")
    parser.add_argument("page", type=pathlib.Path, nargs="+")
    parser.add_argument("--shots", type=pathlib.Path, help="keep the page and pictures of its sections, unfolded, here")
    o = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(o.browser, profile)
        try:
            for page in o.page:
                for window in WINDOWS:
                    found += [f"{page.name} {f}" for f in look(browser, page.resolve(), window, o.shots)]
        finally:
            browser.end()
    print("\n".join(found) or f"{len(o.page)} pages in {len(WINDOWS)} windows: nothing is wrong")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
