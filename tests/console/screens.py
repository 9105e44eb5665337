"""Every screen: who sees it, whom it bars, how it fits, what it weighs."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from run import SCREENS

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
MOST_BYTES = 65_000


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
    """What the page's own files weigh, compressed, and when the first paint was: prints both."""
    page = console.page

    def transferred():
        files = [one for one in console.sent if "/api/console/" in one.url and not one.url.endswith(".json")]
        return {one.url: one.sizes()["responseBodySize"] for one in files}

    console.open("/today", given["staff"])
    console.settled()
    expect(page.locator("canvas").first).to_be_visible()
    first = transferred()
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    for route in routes(given, True):
        page.evaluate("(route) => m.route.set(route)", route)
        console.settled()
    every = transferred()
    sums = [sum(sizes.values()) for sizes in (first, every)]
    print(f"first load {sums[0]} bytes, all screens {sums[1]} bytes, first paint {paint:.0f} ms")
    assert sums[0] <= MOST_BYTES, first
