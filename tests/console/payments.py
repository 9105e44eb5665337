"""Payments and stock, by clicks."""

from playwright.sync_api import expect


def refund(console, given):
    """A part, then the rest: the dialog knows what is left."""
    page = console.page
    console.open(f"/payments?search={given['number']}", given["vendor"])
    console.settled()
    console.button("Refund").click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("$75.98 of $75.98 can go back.")
    amount = dialog.get_by_label("Amount")
    expect(amount).to_have_value("75.98")
    amount.fill("30.00")
    dialog.get_by_label("Reason").fill("Scratched")
    dialog.get_by_role("button", name="Refund", exact=True).click()
    expect(page.locator("tbody mark")).to_have_class("is-partially_refunded")
    page.get_by_role("link", name=given["number"]).click()
    console.settled()
    console.button("Refund").click()
    expect(dialog).to_contain_text("$45.98 of $75.98 can go back.")
    dialog.get_by_role("button", name="Refund", exact=True).click()
    expect(page.locator("article mark").first).to_have_class("is-refunded")
    payment = console.call("GET", f"/api/payments/{given['payment']}/", given["vendor"])
    assert [back["amount"] for back in payment["refunds"]] == ["30.00", "45.98"], payment


def shelves(console, given):
    """Pieces come and go with a reason; a store's tax changes."""
    page = console.page
    console.open("/catalogue", given["vendor"])
    console.settled()
    page.get_by_role("button", name="Adjust Mug Blue").click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("10 on the shelf")
    dialog.get_by_label("Pieces").fill("-7")
    dialog.get_by_label("Reason").fill("Broken in the shop")
    dialog.get_by_role("button", name="Adjust", exact=True).click()
    expect(page.locator(".low")).to_have_text("3")
    page.get_by_role("link", name="Low first").click()
    expect(page.locator("tbody tr").first).to_contain_text("Mug")
    console.open(f"/stores/{given['store']}", given["vendor"])
    console.settled()
    page.get_by_label("Tax rate").fill("0.2")
    console.button("Save").click()
    expect(page.get_by_label("Tax rate")).to_have_value("0.2000")


def subscriptions(console, given):
    """Somebody is to hear of what was shipped, and then no more."""
    page = console.page
    console.open("/subscriptions", given["vendor"])
    console.settled()
    console.button("Add").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Endpoint").fill("shop@example.com")
    dialog.locator("[name=store]").select_option(given["store"])
    dialog.get_by_label("order.shipped").check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    row = page.locator("tbody tr", has_text="shop@example.com")
    expect(row).to_contain_text("order.shipped")
    row.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(row).to_have_count(0)
