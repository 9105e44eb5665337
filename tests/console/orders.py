"""Orders, by clicks."""

import csv
import re
from pathlib import Path

from playwright.sync_api import expect


def badges(console):
    return console.page.locator("#main header.bar mark").first


def shows_actions(console, names):
    """Waits until these may be done: which they are follows from the order and from whose store it
    is, and both are read at the same time."""
    shown = console.page.locator("[data-action]")
    expect(shown).to_have_count(len(names))
    assert shown.evaluate_all("all => all.map((one) => one.dataset.action)") == names


def step(console, name, status, fill=None):
    """Does something to the order, and sees where it is then."""
    console.button(name).first.click()
    if fill is not None:
        dialog = console.page.locator("dialog[open]")
        for label, value in fill.items():
            dialog.get_by_label(label).fill(value)
        dialog.get_by_role("button", name=name, exact=True).click()
    expect(badges(console)).to_have_class(f"is-{status}")


def life(console, given):
    """From pending to refunded; each click is conditional, and done once."""
    order = given["order"]
    console.open(f"/orders/{order}", given["vendor"])
    console.settled()
    shows_actions(console, ["confirm", "cancel"])
    step(console, "Confirm", "confirmed")
    shows_actions(console, ["process", "ship", "cancel"])
    step(console, "Begin to pack", "processing")
    step(console, "Ship", "shipped", {"Tracking number": "TRACK-7"})
    expect(console.page.get_by_label("Tracking number")).to_have_value("TRACK-7")
    step(console, "Out for delivery", "out_for_delivery")
    step(console, "Delivered", "delivered")
    shows_actions(console, ["refund"])
    step(console, "Refund order", "refunded", {"Reason": "Broken"})
    shows_actions(console, [])
    for request in console.changes():
        headers = request.all_headers()
        assert re.match(r'(W/)?"\d+-', headers["if-match"]), headers
        assert len(headers["idempotency-key"]) == 36, headers
    # The line for a shell names the token, and does not hold it.
    console.context.grant_permissions(["clipboard-read", "clipboard-write"])
    console.button("curl").first.click()
    expect(console.page.get_by_text("Copied")).to_be_visible()
    line = console.page.evaluate("navigator.clipboard.readText()")
    assert line == f"""curl -H "Authorization: Bearer $TOKEN" '{console.api}/api/orders/{order}/'""", line
    # The slider: how it was when it was placed, and back.
    slider = console.page.get_by_role("slider")
    slider.fill("1")
    expect(badges(console)).to_have_class("is-pending")
    expect(console.page.locator(".slider .said")).to_contain_text("Create")
    shows_actions(console, [])  # What is past is not acted on.
    console.button("Back to now").click()
    expect(badges(console)).to_have_class("is-refunded")
    expect(console.page.locator("details .changes > li")).to_have_count(
        console.call("GET", f"/api/orders/{order}/", given["vendor"])["version"]
    )


def listed(console, given):
    """Filters and search stand in the address; keys move; what is found can be saved and printed."""
    page = console.page
    console.open("/orders", given["vendor"])
    console.settled()
    expect(page.locator(".count")).to_have_text("2 found")
    page.locator("[name=status]").select_option("confirmed")
    expect(page.locator(".count")).to_have_text("1 found")
    assert "status=confirmed" in page.url, page.url
    page.get_by_role("link", name="All", exact=True).click()
    expect(page.locator(".count")).to_have_text("2 found")
    page.locator("h2").click()
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type(given["number"])
    page.keyboard.press("Enter")
    expect(page.locator(".count")).to_have_text("1 found")
    assert f"search={given['number']}" in page.url, page.url
    page.locator("h2").click()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=given["number"])).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("Next row")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    with page.expect_download() as download:
        console.button("CSV").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert [row["order_number"] for row in rows] == [given["number"]], rows
    page.get_by_label(f"Choose {given['number']}").check()
    console.button("Packing slips").click()
    expect(page.locator(".slip")).to_contain_text("Ada Lovelace")
    expect(page.locator(".slip")).to_contain_text("Mug")
    assert "29.99" not in page.locator(".slip").inner_text(), "a packing slip has no prices"
    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()


def bulk(console, given):
    """More than a request may hold: all that is found, moved by a job that is watched to its end."""
    console.expected = ["status of 404"]
    page = console.page
    console.open("/orders?status=pending", given["vendor"])
    console.settled()
    console.button("Choose all found").click()
    expect(page.get_by_text(f"{given['orders']} chosen")).to_be_visible()
    console.button("Move…").click()
    page.locator("dialog [name=status]").select_option("confirmed")
    console.button("Move").click()
    done = f"{given['orders']} of {given['orders']} done, 0 failed"
    expect(page.locator(".job")).to_contain_text(done)
    console.button("Choose all found")
    page.get_by_role("link", name="To confirm").click()
    expect(page.locator(".count")).to_have_text("0 found")
    remembered(console, given, done)


def remembered(console, given, done):
    """A job outlives a reload, for who began it, as long as the API tells of it and for a day."""
    page, job = console.page, console.page.locator(".job")
    console.open("/today", given["vendor"])
    expect(job).to_contain_text(f"Moving to Confirmed: {done}")
    console.button("Sign out").click()
    console.sign_in(given["staff"])
    console.settled()
    expect(job).to_have_count(0)
    console.button("Sign out").click()
    console.sign_in(given["vendor"])
    expect(job).to_contain_text(done)

    def a_day_later(route):
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "finished_at": "2026-01-01T00:00:00Z"})

    forgets = "Object.values(sessionStorage).every((kept) => kept === '[]')"
    jobs = "**/api/orders/bulk_update_status/*/"
    for answer in [a_day_later, lambda route: route.fulfill(status=404, json={"error": "Not found"})]:
        kept = page.evaluate("Object.entries(sessionStorage)")
        page.route(jobs, answer)
        console.open("/today", given["vendor"])
        console.settled()
        page.wait_for_function(forgets)
        expect(job).to_have_count(0)
        expect(page.get_by_role("alert")).to_have_count(0)
        page.unroute(jobs)
        page.evaluate("(kept) => kept.forEach((one) => sessionStorage.setItem(...one))", kept)


def lost_race(console, given):
    """Somebody else confirms it first: the page tells who did what, and shows how it is now."""
    console.expected = ["status of 412"]
    page, path = console.page, f"/api/orders/{given['order']}/"
    console.open(f"/orders/{given['order']}", given["vendor"])
    console.settled()
    page.get_by_label("Notes").fill("Ring twice")
    console.call("PATCH", path + "confirm_order/", given["staff"])
    console.button("Confirm").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Somebody else was faster")
    expect(alert).to_contain_text("Confirm by")
    expect(alert.locator("del")).to_contain_text(["Pending"])
    expect(badges(console)).to_have_class("is-confirmed")
    expect(page.get_by_label("Notes")).to_have_value("Ring twice")
    console.button("Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    assert console.call("GET", path, given["staff"])["notes"] == "Ring twice"
