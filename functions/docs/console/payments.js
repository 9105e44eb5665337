// Payments: what is stuck, declined or disputed; what goes back.
import { call } from "./api.js";
import { METHODS } from "./orders.js";
import { List } from "./lists.js";
import { Dialog, Send, act, badge, field, link, money, report, table, time, word } from "./parts.js";
import { t } from "./texts.js";

const STATUSES = [
  "pending",
  "processing",
  "authorized",
  "paid",
  "failed",
  "cancelled",
  "partially_refunded",
  "refunded",
];
/** How many of the newest declined payments are looked at for their reasons. */
const DECLINED = 100;

const digits = (amount) => (amount.split(".")[1] ?? "").length;

/** What can still be paid back, in the smallest unit of its currency: amounts are no floats. */
export function left(payment) {
  if (!["paid", "partially_refunded"].includes(payment.status)) return 0;
  const units = (amount) => BigInt(amount.replace(".", ""));
  const under = payment.refunds.filter((refund) => refund.status === "pending");
  return under.reduce(
    (rest, refund) => rest - units(refund.amount),
    units(payment.amount) - units(payment.refunded_amount),
  );
}

/** The same as a decimal. */
function leftAmount(payment) {
  const places = digits(payment.amount);
  const text = String(left(payment)).padStart(places + 1, "0");
  return places ? `${text.slice(0, -places)}.${text.slice(-places)}` : text;
}

const path = (payment, action) => `/api/payments/${payment.id}/${action}/`;

/** Takes the money of a pending payment. */
export const take = (payment) => ({ method: "POST", path: path(payment, "process_payment"), body: {} });
/** Says that what was paid by hand has been handed back. */
export const confirmRefund = (payment, refund) => ({
  method: "POST",
  path: path(payment, `refunds/${refund.id}/confirm`),
  body: {},
});

/** Asks how much goes back, and why. */
export const Refund = {
  view: ({ attrs: { payment, onclose, done, lost } }) =>
    m(
      Dialog,
      { title: `${t.refund} · ${payment.order_number}`, onclose },
      m(
        Send,
        {
          label: t.refund,
          danger: true,
          onclose,
          done,
          lost,
          request: ({ amount, reason }) => ({
            method: "POST",
            path: path(payment, "refund_payment"),
            body: { amount, reason },
          }),
        },
        [
          m("p", t.left(money(leftAmount(payment), payment.currency), money(payment.amount, payment.currency))),
          field(t.amount, "amount", {
            type: "number",
            inputmode: "decimal",
            required: true,
            value: leftAmount(payment),
            max: leftAmount(payment),
            min: digits(payment.amount) ? "0.01" : "1",
            step: digits(payment.amount) ? String(1 / 10 ** digits(payment.amount)) : "1",
          }),
          field(t.reason, "reason"),
        ],
      ),
    ),
};

/** Why payments were declined, of the newest ones. */
const Declined = () => {
  let rows = null;
  const load = () =>
    call("GET", `/api/payments/?status=failed&page_size=${DECLINED}`).then(({ data }) => {
      const found = new Map();
      for (const one of data.results) {
        const code =
          one.gateway_response.decline_code ??
          one.gateway_response.code ??
          one.gateway_response.error ??
          (one.error_message || t.unknown);
        found.set(code, (found.get(code) ?? 0) + 1);
      }
      rows = [...found].sort((a, b) => b[1] - a[1]);
      m.redraw();
    }, report);
  return {
    view: () =>
      m("details.declined", { ontoggle: () => rows || load() }, [
        m("summary", t.declinedBy(DECLINED)),
        rows &&
          table(
            [t.code, t.count],
            rows.map(([code, count]) => [word(code), count]),
            t.declined,
          ),
      ]),
  };
};

export const Payments = () => {
  let refunding = null;
  return {
    view: () =>
      m(List, {
        screen: "/payments",
        base: "/api/payments/",
        title: t.nav.payments,
        views: [
          [t.all, {}],
          [t.stuck, { status: "processing" }],
          [t.declined, { status: "failed" }],
          [t.needsPerson, { attention: "true" }],
          [t.paid, { status: "paid" }],
        ],
        lead: m(Declined),
        filters: [
          { name: "status", label: t.status, options: STATUSES.map((one) => [one, word(one)]) },
          { name: "payment_method", label: t.method, options: METHODS.map((one) => [one, word(one)]) },
          { name: "currency", label: t.currency },
          {
            name: "ordering",
            label: t.order,
            options: ["created_at", "-amount", "amount"].map((one) => [one, t.orderings[one]]),
          },
        ],
        tools: (list) =>
          refunding &&
          m(Refund, {
            payment: refunding,
            onclose: () => (refunding = null),
            done: () => ((refunding = null), list.reload()),
            lost: () => list.reload(),
          }),
        columns: [
          [
            t.number,
            (one) => m(m.route.Link, { href: "/orders/" + one.order, "data-row": true }, one.order_number),
            "key",
          ],
          [t.status, (one) => [badge(one.status), one.dispute && badge("disputed")]],
          [t.amount, (one) => money(one.amount, one.currency), "right"],
          [t.refunded, (one) => (+one.refunded_amount ? money(one.refunded_amount, one.currency) : ""), "right wide"],
          [t.method, (one) => one.payment_method_display, "wide"],
          [t.what, (one) => one.attention || one.error_message, "wide"],
          [t.made, (one) => time(one.created_at), "wide when"],
          [t.actions, (one) => left(one) > 0 && m("button.quiet", { onclick: () => (refunding = one) }, t.refund)],
        ],
      }),
  };
};
