"""What goes wrong between the page and the API."""

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

SHIFTS = """() => {
  window.shifts = [];
  const moved = (one) => one.sources.map(({ node }) => (node?.outerHTML ?? "").slice(0, 80));
  new PerformanceObserver((list) => list.getEntries().forEach((one) => window.shifts.push([one.value, ...moved(one)])))
    .observe({ type: "layout-shift" });
}"""


def server_error(console, given):
    """The id by which operators find it is shown; trying again is the same request, done once."""
    console.expected = ["status of 500"]
    page, tries = console.page, []

    def fail_once(route):
        tries.append(route.request.all_headers()["idempotency-key"])
        if len(tries) > 1:
            return route.continue_()
        body = {"error": "Failed to process request", "code": "internal_error", "details": "the-id-of-it"}
        route.fulfill(status=500, json=body, headers={"X-Request-Id": "the-id-of-it"})

    page.route("**/confirm_order/", fail_once)
    console.open(f"/orders/{given['order']}", given["vendor"])
    console.settled()
    console.button("Confirm").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Failed to process request")
    expect(alert.locator("code")).to_have_text("the-id-of-it")
    console.button("Try again").click()
    expect(page.locator("header.bar mark").first).to_have_class("is-confirmed")
    assert len(tries) == 2 and tries[0] == tries[1], tries


def token_ends(console, given):
    """A 401 in the middle of work: sign in again, and it goes on; nothing that was typed is lost."""
    console.expected = ["status of 401"]
    page, refused = console.page, []

    def refuse_once(route):
        if route.request.method != "PATCH" or refused:
            return route.continue_()
        refused.append(route.request)
        route.fulfill(status=401, json={"error": "Authentication required", "code": "not_authenticated"})

    page.route(f"**/api/orders/{given['order']}/", refuse_once)
    console.open(f"/orders/{given['order']}", given["vendor"])
    console.settled()
    page.get_by_label("Notes").fill("Leave it with the neighbour")
    page.get_by_label("Special instructions").fill("Fragile")
    console.button("Save").click()
    expect(page.locator("dialog[open]")).to_contain_text("Sign in again")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Notes")).to_have_value("Leave it with the neighbour")
    console.sign_in(given["vendor"])
    expect(page.get_by_text("Saved")).to_be_visible()
    order = console.call("GET", f"/api/orders/{given['order']}/", given["vendor"])
    assert (order["notes"], order["special_instructions"]) == ("Leave it with the neighbour", "Fragile"), order


def slow(console, given):
    """An answer that takes long is said so, with its id; when it comes, nothing jumps."""
    page, held = console.page, []
    page.clock.install()
    page.route("**/api/orders/?*", lambda route: held.append(route))
    page.route("**/api/orders/", lambda route: held.append(route))
    console.open("/orders", given["vendor"])
    page.evaluate(SHIFTS)
    expect(page.locator("tr.empty")).to_have_count(20)
    page.clock.fast_forward(5_000)
    note = page.locator(".notices [role=status]", has_text="GET /api/orders/")
    expect(note).to_contain_text("Still waiting for")
    expect(note.locator("code").last).to_have_text(held[0].request.all_headers()["x-request-id"])
    held[0].continue_()
    expect(page.locator(".count")).to_have_text("1 found")
    expect(note).to_have_count(0)
    shifts = page.evaluate("window.shifts")
    assert sum(shift[0] for shift in shifts) < 0.01, shifts


def many(console, given):
    """100,000 orders are one request and twenty rows, as a hundred are."""
    page = console.page

    def grown(route):
        answer = route.fetch()
        body = answer.json()
        body["count"] = 100_000
        body["results"] = [{**body["results"][0], "id": f"{at}"} for at in range(20)]
        route.fulfill(response=answer, json=body)

    page.route("**/api/orders/", grown)
    console.open("/orders", given["vendor"])
    expect(page.locator(".count")).to_have_text("100,000 found")
    expect(page.locator("tbody tr")).to_have_count(20)
    lists = [one for one in console.sent if urlsplit(one.url).path == "/api/orders/"]
    assert len(lists) == 1, lists


def login_page(console, given):
    """Cognito's page in a window of its own: a code, its verifier, and a token in memory alone."""
    page, asked = console.page, {}

    def authorize(route):
        asked["query"] = parse_qs(urlsplit(route.request.url).query)
        back = asked["query"]["redirect_uri"][0]
        query = f"?code=the-code&state={asked['query']['state'][0]}"
        route.fulfill(status=302, headers={"Location": back + query})

    def token(route):
        asked["body"] = parse_qs(route.request.post_data)
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(json={"id_token": given["vendor"]}, headers=headers)

    settings = {"login_url": "https://login.test", "client_id": "the-client", "time_zone": "UTC"}
    console.context.route("**/sign_in.json", lambda route: route.fulfill(json=settings))
    console.context.route("https://login.test/oauth2/authorize*", authorize)
    console.context.route("https://login.test/oauth2/token", token)
    console.open("/orders")
    console.button("Sign in with your account").click()
    console.settled()
    expect(page.locator("h2")).to_have_text("Orders")
    body, query = asked["body"], asked["query"]
    assert (body["code"], body["client_id"]) == (["the-code"], ["the-client"]), body
    digest = hashlib.sha256(body["code_verifier"][0].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == query["code_challenge"][0]
    kept = page.evaluate("JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])")
    assert json.loads(kept) == [[], [], ""], kept


# What is allowed to be asked follows from the deployment's login page, which is not this one.
login_page.options = {"bypass_csp": True}
