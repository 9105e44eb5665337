// Orders: filters, bulk updates, CSV, packing slips.
import { call } from "./api.js";
import { Job, begun } from "./jobs.js";
import { List, saveCsv, storeFilter } from "./lists.js";
import { Dialog, Send, Trouble, badge, field, money, number, report, time, word } from "./parts.js";
import { isStaff } from "./session.js";
import { t } from "./texts.js";

const choices = (values) => values.map((value) => [value, word(value)]);
export const STATUSES = [
  "pending",
  "confirmed",
  "processing",
  "shipped",
  "out_for_delivery",
  "delivered",
  "cancelled",
  "refunded",
];
export const PAYMENT_STATUSES = [
  "pending",
  "authorized",
  "paid",
  "failed",
  "partially_refunded",
  "refunded",
  "cancelled",
];
export const METHODS = [
  "credit_card",
  "debit_card",
  "paypal",
  "bank_transfer",
  "cash_on_delivery",
  "digital_wallet",
  "cryptocurrency",
];
const SHIPPING = ["standard", "express", "overnight", "pickup", "international"];
const COLUMNS = [
  "order_number",
  "created_at",
  "status",
  "payment_status",
  "payment_method",
  "shipping_method",
  "total_amount",
  "currency",
  "item_count",
  "user_username",
  "store_name",
  "tracking_number",
  "id",
];
/** The most orders that one bulk update takes. */
const MOST = 10_000;
/** The most packing slips of one print. */
const SLIPS = 100;
const filters = () => [
  { name: "status", label: t.status, options: choices(STATUSES) },
  { name: "payment_status", label: t.paymentStatus, options: choices(PAYMENT_STATUSES) },
  { name: "payment_method", label: t.method, options: choices(METHODS) },
  { name: "shipping_method", label: t.shipping, options: choices(SHIPPING) },
  { name: "from", label: t.from, type: "date" },
  { name: "until", label: t.until, type: "date" },
  { name: "total_amount__gte", label: t.atLeast, type: "number" },
  { name: "total_amount__lte", label: t.atMost, type: "number" },
  { name: "currency", label: t.currency },
  storeFilter(),
  ...(isStaff() ? [{ name: "user", label: t.userId }] : []),
  {
    name: "ordering",
    label: t.order,
    options: ["created_at", "-total_amount", "total_amount", "-updated_at", "status"].map((value) => [
      value,
      t.orderings[value],
    ]),
  },
];

const views = () => [
  [t.all, {}],
  [t.today.toConfirm, { status: "pending" }],
  [t.today.toShip, { status__in: "confirmed,processing" }],
  [t.onTheWay, { status__in: "shipped,out_for_delivery" }],
  [t.unpaid, { status: "pending", payment_status: "pending" }],
  [t.declined, { payment_status: "failed" }],
];

export const Orders = () => {
  const chosen = new Set();
  let isOpen = false,
    job = null,
    filtered = null;
  /** Chooses what is listed, on all pages. */
  const choose = async (list) => {
    filtered = "…";
    try {
      for await (const order of list.everything()) {
        chosen.add(order.id);
        if (chosen.size >= MOST) break;
      }
    } catch (problem) {
      report(problem);
    }
    filtered = null;
    m.redraw();
  };
  const bulk = (list) =>
    m(
      Dialog,
      { title: t.bulk.title(number(chosen.size)), onclose: () => (isOpen = false) },
      m(
        Send,
        {
          label: t.bulk.start,
          request: ({ status }) => ({
            method: "POST",
            path: "/api/orders/bulk_update_status/",
            body: { order_ids: [...chosen], status },
          }),
          onclose: () => (isOpen = false),
          done: (answer, { body }) => {
            job = begun(answer, body.status, body.order_ids, list.reload);
            isOpen = false;
            chosen.clear();
            list.reload();
          },
        },
        field(t.status, "status", { value: "confirmed" }, choices(STATUSES.slice(1))),
      ),
    );
  const tools = (list) => [
    m("span.fine", t.chosen(number(chosen.size))),
    m("button.quiet", { disabled: !chosen.size, onclick: () => chosen.clear() }, t.clear),
    m(
      "button.secondary",
      { disabled: filtered || !list.data?.count, onclick: () => choose(list) },
      filtered ?? t.chooseAll,
    ),
    m("button", { disabled: !chosen.size, onclick: () => (isOpen = true) }, t.bulk.open),
    m(
      "button.secondary",
      {
        disabled: !chosen.size || chosen.size > SLIPS,
        onclick: () => m.route.set("/slips", { ids: [...chosen].join(",") }),
      },
      t.slips,
    ),
    m("button.secondary", { onclick: () => saveCsv(list, "orders.csv", COLUMNS) }, t.csv),
    isOpen && bulk(list),
  ];
  return {
    view: () => [
      job && m(Job, { job }),
      m(List, {
        screen: "/orders",
        base: "/api/orders/",
        title: t.nav.orders,
        filters: filters(),
        views: views(),
        chosen,
        tools,
        columns: [
          [
            t.number,
            (order) => m(m.route.Link, { href: "/orders/" + order.id, "data-row": true }, order.order_number),
            "key",
          ],
          [t.status, (order) => badge(order.status)],
          [t.payment, (order) => badge(order.payment_status), "wide"],
          [t.total, (order) => money(order.total_amount, order.currency), "right"],
          [t.items, (order) => order.item_count, "right wide"],
          [t.customer, (order) => order.user_username, "wide"],
          [t.store, (order) => order.store_name, "wide"],
          [t.placed, (order) => time(order.created_at), "wide when"],
        ],
      }),
    ],
  };
};

/** Packing slips: a page an order, without prices. */
export const Slips = () => {
  let orders = [],
    problem = null;
  const ids = m.route.param("ids")?.split(",").slice(0, SLIPS) ?? [];
  const load = async () => {
    problem = null;
    try {
      orders = [];
      for (const id of ids) orders.push((await call("GET", `/api/orders/${id}/`)).data);
    } catch (failed) {
      problem = failed;
    }
    m.redraw();
  };
  load();
  return {
    view: () => [
      m("header.bar.screen", [
        m("h2", t.slips),
        m("span.fill"),
        m("button", { disabled: orders.length < ids.length, onclick: () => print() }, t.print),
      ]),
      problem && m("div.bad", { role: "alert" }, m(Trouble, { problem }), m("button", { onclick: load }, t.retry)),
      orders.map((order) => {
        const to = order.shipping_address_details;
        return m("section.slip", { key: order.id }, [
          m("h3", `${order.store_name} · ${order.order_number}`),
          m(
            "address",
            [to.full_name, to.address_line1, to.address_line2, `${to.postal_code} ${to.city}`, to.state, to.country]
              .filter(Boolean)
              .map((line) => m("div", line)),
          ),
          m("p", `${order.shipping_method_display}${order.tracking_number ? " · " + order.tracking_number : ""}`),
          m("table", [
            m(
              "thead",
              m("tr", [
                m("th", { scope: "col" }, t.quantity),
                m("th", { scope: "col" }, t.product),
                m("th", { scope: "col" }, t.sku),
              ]),
            ),
            m(
              "tbody",
              order.items.map((item) =>
                m("tr", [
                  m("td", item.quantity),
                  m("td", [
                    item.product_name,
                    item.variant_name && ` · ${item.variant_name}`,
                    item.notes && m("div.fine", item.notes),
                  ]),
                  m("td", item.variant_sku ?? item.product_details.sku),
                ]),
              ),
            ),
          ]),
          order.special_instructions && m("p", order.special_instructions),
        ]);
      }),
    ],
  };
};
