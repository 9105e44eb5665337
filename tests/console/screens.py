"""Every screen: who sees it, whom it bars, how it fits, what it weighs."""

from statistics import median

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from run import SCREENS

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
MOST_BYTES = 65_000
LOADS = 5
# Four times what it may take of a release build: the tests' functions have no optimisations.
PAINTED_MS = 2_000


def routes(given, for_staff):
    own = [f"/orders/{given['order']}", f"/stores/{given['store']}", f"/slips?ids={given['order']}"]
    return ["/" + name for name in SCREENS if for_staff or name != "system"] + own


def each(console, given, who):
    for route in routes(given, who == "staff"):
        console.open(route, given[who])
        console.settled()
        yield route


def as_staff(console, given):
    for route in each(console, given, "staff"):
        expect(console.page.locator("#main h2").first).not_to_be_empty()
        expect(console.page.locator("header.top nav a")).to_have_count(6)
        expect(console.page.get_by_role("alert")).to_have_count(0)


def as_vendor(console, given):
    for route in each(console, given, "vendor"):
        expect(console.page.locator("header.top nav a")).to_have_count(5)
        expect(console.page.get_by_role("alert")).to_have_count(0)
    console.open("/system", given["vendor"])
    expect(console.page.locator("#main h2")).to_contain_text("403")


def as_customer(console, given):
    """A page that says 403, and no request on their behalf."""
    for route in routes(given, True):
        console.open(route, given["customer"])
        expect(console.page.locator("#main h2")).to_contain_text("403")
    asked = [one.url for one in console.sent if "/api/console/" not in one.url and one.url.startswith("http")]
    assert asked == [], asked


def proved(console, given):
    """Admins have the figures added up anew; the page says so where the counters agree."""

    def agree(route):
        answer = route.fetch(url=route.request.url.replace("&verify=true", ""))
        route.fulfill(response=answer, json={**answer.json(), "drift": 0, "orders_verified": 7})

    page = console.page
    page.route("**/order_stats/*verify=true*", agree)
    console.open("/today", given["admin"])
    console.settled()
    expect(page.get_by_text("Proved")).to_have_count(0)
    page.get_by_label("Time zone").select_option("UTC")
    console.button("Prove").click()
    expect(page.get_by_text("Proved")).to_have_attribute("title", "7 orders were added up anew: the counters agree")
    console.open("/today", given["staff"])
    console.settled()
    expect(console.button("Prove")).to_have_count(0)


def barred(console, given, scheme, size):
    """What axe finds, on each screen and in the dialogs; and what sticks out to the side."""
    console.page.emulate_media(color_scheme=scheme)
    console.page.set_viewport_size(size)
    found = []

    def look(where):
        report = Axe().run(console.page)
        found.extend(f"{where}: {one['id']} {[node['html'][:120] for node in one['nodes']]}" for one in report.response["violations"])
        wide = console.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        found.extend([f"{where}: wider than the window"] if wide else [])

    console.open("/today")
    look("sign in")
    for route in each(console, given, "staff"):
        look(route)
        for name in {"/orders": [], "/subscriptions": ["Add"], "/catalogue": ["Adjust Mug Blue"]}.get(route, []):
            console.page.get_by_role("button", name=name).first.click()
            look(f"{route} {name}")
    assert not found, "\n".join(found)


def axe_light(console, given):
    barred(console, given, "light", DESK)


def axe_dark(console, given):
    barred(console, given, "dark", DESK)


def axe_phone(console, given):
    barred(console, given, "light", PHONE)


def weight(console, given):
    """What the page's own files weigh as they come, on all screens together: prints it."""
    page = console.page
    console.open("/today", given["staff"])
    console.settled()
    expect(page.locator("canvas").first).to_be_visible()
    for route in routes(given, True):
        page.evaluate("(route) => m.route.set(route)", route)
        console.settled()
    files = [one for one in console.sent if "/api/console/" in one.url and not one.url.endswith(".json")]
    sizes = {one.url: one.sizes()["responseBodySize"] for one in files}
    print(f"{len(sizes)} files of {sum(sizes.values())} bytes")
    assert {one.response().header_value("content-encoding") for one in files} == {"br"}, sizes
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def paint(console, _given):
    """When there is something to see where nothing has been kept, signed in and not: prints it."""
    for who in ["nobody", "staff"]:
        times = []
        for _ in range(LOADS):
            with console.context.browser.new_context() as context:
                page = context.new_page()
                page.goto(f"{console.api}/api/console/#!/today?as={who}")
                page.locator("#main h2").first.wait_for()
                first = page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
                times.append(first.json_value())
        print(f"first paint as {who} after {median(times):.0f} ms, of {sorted(round(one) for one in times)}")
        assert median(times) <= PAINTED_MS, times
