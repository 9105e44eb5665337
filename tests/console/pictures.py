"""The pictures of docs/console, of the demo that `cargo dev --memory` makes."""

from io import BytesIO
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "console"
# The page has few colours: more make the files three times as large, and nothing easier to read.
COLOURS = 64
DESK, PHONE = {"width": 1120, "height": 760}, {"width": 390, "height": 760}


def taken(console, _given):
    people = console.page.request.get(f"{console.api}/api/console/people.json").json()
    staff = next(one["token"] for one in people if one["name"] == "staff")
    events = ["order.confirmed", "order.shipped"]
    subscription = {"protocol": "email", "endpoint": "warehouse@example.com", "event_types": events, "store": None}
    path = "/api/notifications/subscriptions/"
    if console.call("GET", path, staff)["count"] == 0:
        console.call("POST", path, staff, subscription)
    order = console.call("GET", "/api/orders/?status=shipped&payment_status=paid&page_size=1", staff)["results"][0]["id"]

    pictures = {}

    def take(name, route, size=DESK, scheme="light"):
        console.page.set_viewport_size(size)
        console.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        console.open(route, staff)
        console.settled()
        if route == "/today":
            console.page.locator("canvas").nth(1).wait_for()
        picture = Image.open(BytesIO(console.page.screenshot())).convert("RGB")
        pictures[name] = picture.quantize(COLOURS, dither=Image.Dither.NONE)

    for name in ["today", "orders", "payments", "catalogue", "subscriptions", "system"]:
        take(name, f"/{name}")
    take("order", f"/orders/{order}")
    take("dark", f"/orders/{order}", scheme="dark")
    take("phone", "/orders", size=PHONE)
    # At the end: `cargo dev` starts its functions anew when a file of the checkout changes.
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        picture.save(FOLDER / f"{name}.png", optimize=True)
