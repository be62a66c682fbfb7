"""A path of a page → a tab of headless Chromium with it, driven over the DevTools protocol by a pipe; what it said."""

import base64
import json
import os
import select
import shutil
import subprocess
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Without the background features, Chromium asks hosts of its own, which is nothing of the page's.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
ANSWER_S = 60  # after which a browser counts as hung


def found():
    """The path of a Chromium, None where none is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """A browser with one tab, as a context; `events` are all that it said of the tab, as (method, parameters)."""

    def __init__(self, profile, width=1280, height=900):
        self.events = []
        self._answers, self._number, self._left = {}, 0, b""
        self._profile, self._size = profile, (width, height)

    def __enter__(self):
        to_read, self._out = os.pipe()
        self._in, to_write = os.pipe()

        def as_3_and_4():
            # Duplicates first: either end may have the number that the other is to get.
            ends = os.dup(to_read), os.dup(to_write)
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        command = [found(), *FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=as_3_and_4,
        )
        os.close(to_read)
        os.close(to_write)
        targets = self._call("Target.getTargets", {}, None)["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self._call("Target.attachToTarget", {"targetId": page, "flatten": True}, None)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(*self._size)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def call(self, method, **parameters):
        """The result of a command to the tab; AssertionError with what the browser says where it fails."""
        return self._call(method, parameters, self._session)

    def open(self, path):
        """Load a file, and wait until it is there."""
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.wait("document.readyState === 'complete' && location.protocol === 'file:'")

    def run(self, expression):
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression):
        """Until an expression holds."""
        end = time.monotonic() + ANSWER_S
        while not self.run(expression):
            assert time.monotonic() < end, f"never holds: {expression}"
            time.sleep(0.02)

    def key(self, key, code=0, text=""):
        """Press a key where the focus is."""
        parameters = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **parameters)
        self.call("Input.dispatchKeyEvent", type="keyUp", **parameters)

    def tab(self):
        """On to the next that can have the focus."""
        self.key("Tab", 9)

    def enter(self):
        """Press what has the focus."""
        self.key("Enter", 13, "\r")

    def click(self, selector):
        """Click into the middle of an element."""
        self.run(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = self.run(f"(box => [box.x + box.width / 2, box.y + box.height / 2])({box})")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def resize(self, width, height):
        """Another size of the window."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, scheme="light", kind=""):
        """What the system prefers, and screen or print."""
        self.call(
            "Emulation.setEmulatedMedia", media=kind, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def picture(self, whole=True):
        """A PNG of the page, or of what the window shows of it."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def pdf(self):
        """The page as printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])

    def named(self):
        """What a screen reader is told of: (role, name) of every node that is not passed over."""
        self.call("Accessibility.enable")  # only now: it slows a page that loads down
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        self.call("Accessibility.disable")
        return [(_value(one, "role"), _value(one, "name")) for one in nodes if not one["ignored"]]

    def named_when(self, node):
        """The same once a node is among them, where JavaScript cannot tell."""
        end = time.monotonic() + ANSWER_S
        while node not in (named := self.named()):
            assert time.monotonic() < end, f"never there: {node}"
            time.sleep(0.05)
        return named

    def requests(self):
        """The addresses that the page asked for since it was opened."""
        return [said["request"]["url"] for method, said in self.events if method == "Network.requestWillBeSent"]

    def messages(self):
        """What the console and the log had to say since the page was opened: errors, warnings, violations."""
        kinds = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
        return [said for method, said in self.events if method in kinds]

    def _call(self, method, parameters, session):
        self._number += 1
        asked = {"id": self._number, "method": method, "params": parameters}
        if session:
            asked["sessionId"] = session
        os.write(self._out, json.dumps(asked).encode() + b"\0")
        while self._number not in self._answers:
            self._read()
        answer = self._answers.pop(self._number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def _read(self):
        ready, _, _ = select.select([self._in], [], [], ANSWER_S)
        assert ready, "the browser says nothing"
        said = os.read(self._in, 1 << 20)
        assert said, "the browser has ended"
        *whole, self._left = (self._left + said).split(b"\0")
        for one in map(json.loads, whole):
            if "id" in one:
                self._answers[one["id"]] = one
            else:
                self.events.append((one["method"], one["params"]))


def _value(node, key):
    return node.get(key, {}).get("value", "")
