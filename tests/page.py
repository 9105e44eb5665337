"""Opens the docs page in Chromium: sees the operations, pastes a token, sends a request, sees 200.

Arguments: the browser, the API's address, a token. Fails also on what the console says, and on
any other host that the page asks.
"""

import sys
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

browser, api, token = sys.argv[1:]
said, hosts = [], set()

with sync_playwright() as playwright:
    chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
    page = chromium.new_page()
    page.set_default_timeout(60_000)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(f"{api}/api/docs/")
    page.wait_for_selector(".opblock")
    operations = page.locator(".opblock").count()
    page.click(".btn.authorize")
    page.fill(".auth-container input", token)
    page.click(".auth-btn-wrapper .authorize")
    page.click(".btn-done")
    orders = page.locator("#operations-orders-orders_list")
    orders.locator(".opblock-summary-control").click()
    orders.locator(".execute").click()
    status = orders.locator(".live-responses-table .response .response-col_status").first.inner_text()
    body = orders.locator(".live-responses-table .highlight-code").first.inner_text()
    chromium.close()

assert operations >= 50, operations
assert status.split()[0] == "200", status
assert '"results"' in body, body
assert hosts - {""} == {urlsplit(api).netloc}, hosts
assert not said, said
