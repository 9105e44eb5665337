// One order: what may be done, what it holds, and how it came to be so.
import { Resource, all, call } from "./api.js";
import {
  Changes,
  Curl,
  Dialog,
  Send,
  Trouble,
  act,
  badge,
  changed,
  changesSince,
  check,
  field,
  money,
  report,
  say,
  table,
  time,
  word,
} from "./parts.js";
import { owns } from "./lists.js";
import { Refund, confirmRefund, left, take } from "./payments.js";
import { t } from "./texts.js";

/** Methods by which people take the money, and hand it back. */
const BY_HAND = ["bank_transfer", "cash_on_delivery"];

/** What those who run an order may do next, by its status: as JSON, so that a test can read it. */
const NEXT = {
  "pending": ["confirm"],
  "confirmed": ["process", "ship"],
  "processing": ["ship"],
  "shipped": ["out_for_delivery", "deliver"],
  "out_for_delivery": ["deliver"]
};

/** What the reader may do to an order, which they may run. */
const allowed = (order, runs) => [
  ...((runs && NEXT[order.status]) || []),
  ...(order.can_cancel ? ["cancel"] : []),
  ...(runs && order.can_refund ? ["refund"] : []),
];

/** Actions that ask for something first. */
const ASKING = {
  ship: (order) => [
    field(t.tracking, "tracking_number", { value: order.tracking_number }),
    field(t.arrival, "estimated_delivery", { type: "datetime-local" }),
  ],
  cancel: () => [field(t.reason, "reason")],
  refund: () => [field(t.reason, "reason"), check(t.restock, "restock")],
};

/** The body of an action, of what was filled in. */
function bodyOf({ restock, estimated_delivery, ...rest }) {
  const body = Object.fromEntries(Object.entries(rest).filter(([, value]) => value));
  if (restock) body.restock = true;
  if (estimated_delivery) body.estimated_delivery = new Date(estimated_delivery).toISOString();
  return body;
}

const person = (address) =>
  address &&
  m(
    "address",
    [
      address.full_name,
      address.address_line1,
      address.address_line2,
      `${address.postal_code} ${address.city}`,
      address.state,
      address.country,
      address.phone_number,
    ]
      .filter(Boolean)
      .map((line) => m("div", line)),
  );

/** The money of an order, line by line. */
const amounts = (order) => {
  const row = (label, amount, sign = "") =>
    m("tr", [m("th", { scope: "row" }, label), m("td.right", sign + money(amount, order.currency))]);
  return m(
    "table.sums",
    m("tbody", [
      row(t.subtotal, order.subtotal),
      row(t.discount, order.discount_amount, +order.discount_amount ? "−" : ""),
      row(t.tax, order.tax_amount),
      row(t.shippingCost, order.shipping_cost),
      row(t.total, order.total_amount),
    ]),
  );
};

const lines = (order) =>
  table(
    [t.product, t.sku, t.quantity, t.price, t.total],
    order.items.map((item) => [
      [item.product_name, item.variant_name && m("span.fine", " " + item.variant_name)],
      item.variant_sku ?? item.product_details.sku,
      item.quantity,
      money(item.unit_price, order.currency),
      money(item.total_price, order.currency),
    ]),
    t.items,
  );

export const Order = ({ attrs: { id } }) => {
  const path = `/api/orders/${id}/`;
  const order = new Resource(path);
  let then = null,
    shown = null,
    asking = null,
    refunding = null,
    changes = [];
  const history = async () => {
    const found = [];
    try {
      for await (const change of all(`${path}history/?page_size=100`)) found.push(change);
      changes = found;
    } catch (problem) {
      report(problem, history);
    }
    m.redraw();
  };
  history();
  const done = ({ data, tag }) => {
    // A payment's answer is no order: read that again.
    if (data.order_number && data.version) Object.assign(order, { data, tag });
    else order.load();
    [asking, refunding, then, shown] = [null, null, null, null];
    history();
  };
  /** Shows what somebody else did meanwhile, and the order as it is now. */
  const lost = async (problem) => {
    const { version } = order.data;
    await order.load();
    problem.changes = await changesSince(id, version).catch(() => []);
    problem.order = order.data;
    problem.message = t.problems.lostRace;
    if (asking && !allowed(order.data, owns(order.data.store)).includes(asking)) {
      asking = null;
      report(problem);
    }
    history();
  };
  const request = (action, body) => ({ method: "PATCH", path: `${path}${action}_order/`, tag: order.tag, body });
  const look = (version) => {
    shown = version;
    if (version === order.data.version) then = null;
    else if (then) then.load(`${path}?as_of=${version}`);
    else then = new Resource(`${path}?as_of=${version}`);
  };
  const title = (seen) =>
    m("header.bar", [
      m("h2", seen.order_number),
      badge(seen.status),
      badge(seen.payment_status),
      m("strong", money(seen.total_amount, seen.currency)),
      m("span.fill"),
      m(Curl, { request: { method: "GET", path: then?.path ?? path } }),
      m("button.secondary", { onclick: () => m.route.set("/slips", { ids: id }) }, t.slip),
    ]);
  const actions = (seen) =>
    m(
      "div.row.actions",
      { role: "group", "aria-label": t.actions },
      allowed(seen, owns(seen.store)).map((action) =>
        m(
          "button",
          {
            key: action,
            "data-action": action,
            class: ["cancel", "refund"].includes(action) ? "danger" : "",
            // The second click of two would meet the action that has come into this one's place.
            onclick: ({ detail }) =>
              detail < 2 && (ASKING[action] ? (asking = action) : act(request(action), done, lost)),
          },
          t.doing[action],
        ),
      ),
    );
  const slider = (now) => {
    const version = shown ?? now.version;
    const change = changes.find((one) => one.version === version);
    return m("section.slider", [
      m("label", [
        t.version(version, now.version),
        m("input", {
          type: "range",
          min: 1,
          max: now.version,
          value: version,
          disabled: now.version < 2,
          oninput: (event) => look(+event.target.value),
        }),
      ]),
      m(
        "div.said",
        { "aria-live": "polite", tabindex: 0 },
        change ? m(Changes, { changes: [change], order: now }) : "\u00a0",
      ),
    ]);
  };
  /** Whether the caller runs the order, and does not only see it because it is their own. */
  const runs = () => !then && owns(order.data.store);
  const payment = (one) =>
    m("article", { key: one.id }, [
      m("header.bar", [
        badge(one.status),
        m("strong", money(one.amount, one.currency)),
        one.payment_method_display,
        m("span.fill"),
        runs() && one.status === "pending" && m("button", { onclick: () => act(take(one), done, lost) }, t.take),
        runs() && left(one) > 0 && m("button.danger", { onclick: () => (refunding = one) }, t.refund),
      ]),
      one.attention && m("p.bad", one.attention),
      one.error_message && m("p", one.error_message),
      one.dispute &&
        m(
          "p.bad",
          `${t.dispute}: ${one.dispute.reason} (${word(one.dispute.status)}) ${money(one.dispute.amount, one.currency)}`,
        ),
      m("p.fine", [m("code", one.transaction_id || one.id), " ", time(one.processed_at ?? one.created_at)]),
      one.refunds.length > 0 &&
        m(
          "ul",
          one.refunds.map((back) =>
            m("li", [
              `${t.refund} ${money(back.amount, one.currency)} `,
              badge(back.status),
              " ",
              back.reason,
              " ",
              runs() &&
                back.status === "pending" &&
                BY_HAND.includes(one.payment_method) &&
                m("button.quiet", { onclick: () => act(confirmRefund(one, back), done, lost) }, t.handedOver),
            ]),
          ),
        ),
    ]);
  const notes = (seen) =>
    m(
      Send,
      {
        label: t.save,
        done: (answer) => (done(answer), say(t.saved)),
        lost,
        request: (_, form) => ({ method: "PATCH", path, tag: order.tag, body: changed(form) }),
      },
      [
        field(t.notes, "notes", { rows: 3, value: seen.notes }),
        field(t.instructions, "special_instructions", { rows: 2, value: seen.special_instructions }),
        field(t.tracking, "tracking_number", { value: seen.tracking_number }),
      ],
    );
  return {
    view: () => {
      const now = order.data;
      if (!now)
        return order.problem
          ? m("div.bad", { role: "alert" }, [
              m(Trouble, { problem: order.problem }),
              m("button", { onclick: () => order.load() }, t.retry),
            ])
          : m("section.blank", { "aria-busy": "true" });
      const seen = (then && then.data) || now;
      return m("section", { "aria-busy": String(Boolean(order.isLoading || then?.isLoading)) }, [
        title(seen),
        then
          ? m("p.past", [t.past(shown), " ", m("button.quiet", { onclick: () => look(now.version) }, t.toNow)])
          : actions(now),
        slider(now),
        m("div.halves", [
          m("div", [
            m("h3", t.items),
            lines(seen),
            amounts(seen),
            m("h3", t.payments),
            seen.payments.length ? seen.payments.map(payment) : m("p", t.none),
          ]),
          m("div", [
            m("h3", t.customer),
            m("p", [seen.user_username, " ", m("span.fine", seen.user_email)]),
            m("h3", t.shippingAddress),
            person(seen.shipping_address_details),
            seen.billing_address_details && [m("h3", t.billingAddress), person(seen.billing_address_details)],
            m("p.fine", [
              seen.shipping_method_display,
              seen.estimated_delivery && [" · ", t.arrival, " ", time(seen.estimated_delivery)],
            ]),
            m("h3", t.edit),
            then ? m("p", seen.notes || t.nothing) : notes(now),
            seen.rating && m("p", `${t.rating} ${"★".repeat(seen.rating.rating)} ${seen.rating.comment}`),
          ]),
        ]),
        m("details", { open: true }, [m("summary", t.history), m(Changes, { changes, order: now })]),
        asking &&
          m(
            Dialog,
            { title: t.doing[asking], onclose: () => (asking = null) },
            m(
              Send,
              {
                label: t.doing[asking],
                danger: asking !== "ship",
                done,
                lost,
                onclose: () => (asking = null),
                request: (values) => request(asking, bodyOf(values)),
              },
              ASKING[asking](now),
            ),
          ),
        refunding && m(Refund, { payment: refunding, onclose: () => (refunding = null), done, lost }),
      ]);
    },
  };
};
