"""Runs one scenario of the console in a browser: `run.py BROWSER API MODULE.SCENARIO GIVEN`.

A scenario is a function of a `Console` and of what it is given, as JSON. It fails, too, where the
page throws, asks another host, or says something on its console that the scenario does not expect.
"""

import json
import re
import sys
from importlib import import_module
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from playwright.sync_api import expect, sync_playwright

PATIENCE_MS = 60_000
SCREENS = ["today", "orders", "payments", "catalogue", "low", "stores", "subscriptions", "system"]


class Console:
    """The console in a browser, and the API beside it."""

    def __init__(self, chromium, api, **options):
        self.api, self.said, self.hosts, self.sent = api, [], set(), []
        self.expected = []
        self.context = chromium.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.context.on("request", self.note)

    def note(self, request):
        self.hosts.add(urlsplit(request.url).netloc)
        self.sent.append(request)

    def open(self, route, token=None):
        """Opens a screen, as whom a token is for."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.api}/api/console/#!{route}")
        if token:
            self.sign_in(token)

    def sign_in(self, token):
        self.page.get_by_label("Or a token").fill(token)
        self.page.get_by_role("button", name="Use this token").click()
        expect(self.page.get_by_label("Or a token")).to_have_count(0)

    def settled(self):
        """Waits until nothing is on its way to what is shown."""
        expect(self.page.locator("#main h2").first).to_be_visible()
        expect(self.page.locator('#main [aria-busy="true"]')).to_have_count(0)

    def button(self, name, **options):
        return self.page.get_by_role("button", name=name, exact=True, **options)

    def call(self, method, path, token, body=None):
        """What somebody else does meanwhile."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.api + path, data, headers, method=method)) as answer:
            return json.load(answer)

    def changes(self):
        """The requests that were to change something."""
        return [one for one in self.sent if one.method in ("POST", "PATCH", "DELETE")]

    def check(self):
        unexpected = [text for text in self.said if not any(re.search(one, text) for one in self.expected)]
        assert not unexpected, unexpected
        assert self.hosts - {""} <= {urlsplit(self.api).netloc, "login.test"}, self.hosts


def main(browser, api, scenario, given):
    module, name = scenario.split(".")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        run = getattr(import_module(module), name)
        console = Console(chromium, api, **getattr(run, "options", {}))
        run(console, json.loads(given))
        console.check()
        chromium.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
