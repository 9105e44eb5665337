// Who outside hears of what.
import { List, ownStores, storeFilter } from "./lists.js";
import { Dialog, Send, act, badge, check, field, say, time, word } from "./parts.js";
import { t } from "./texts.js";

const EVENTS = [
  "order.created",
  "order.confirmed",
  "order.processing",
  "order.shipped",
  "order.out_for_delivery",
  "order.delivered",
  "order.cancelled",
  "order.refunded",
  "order.deleted",
  "payment.paid",
  "payment.failed",
  "payment.refunded",
  "payment.refund_failed",
  "payment.disputed",
];
const PROTOCOLS = ["email", "https", "sqs", "sms"];
const PATH = "/api/notifications/subscriptions/";

export const Subscriptions = () => {
  let isAdding = false,
    removing = null;
  const tools = (list) => [
    m("button", { onclick: () => (isAdding = true) }, t.add),
    isAdding &&
      m(
        Dialog,
        { title: t.addSubscription, onclose: () => (isAdding = false) },
        m(
          Send,
          {
            label: t.add,
            lists: ["event_types"],
            onclose: () => (isAdding = false),
            request: ({ store, ...rest }) => ({ method: "POST", path: PATH, body: { ...rest, store: store || null } }),
            done: () => ((isAdding = false), say(t.added), list.reload()),
          },
          [
            field(
              t.protocol,
              "protocol",
              { value: "email" },
              PROTOCOLS.map((one) => [one, t.protocols[one]]),
            ),
            field(t.endpoint, "endpoint", { required: true }),
            field(t.store, "store", {}, storeFilter().options && [["", t.all], ...storeFilter().options]),
            m("fieldset", [
              m("legend", t.events),
              m(
                "div.checks",
                EVENTS.map((one) => check(one, "event_types", { value: one })),
              ),
            ]),
          ],
        ),
      ),
    removing &&
      m(Dialog, { title: t.remove, onclose: () => (removing = null) }, [
        m("p", removing.endpoint),
        m("div.row", [
          m(
            "button.danger",
            {
              onclick: () => {
                const { id } = removing;
                removing = null;
                act({ method: "DELETE", path: PATH + id + "/" }, () => list.reload());
              },
            },
            t.remove,
          ),
          m("button.secondary", { onclick: () => (removing = null) }, t.close),
        ]),
      ]),
  ];
  return {
    view: () =>
      m(List, {
        screen: "/subscriptions",
        base: PATH,
        title: t.nav.subscriptions,
        tools,
        columns: [
          [t.endpoint, (one) => m("span.long", one.endpoint)],
          [t.protocol, (one) => word(one.protocol)],
          [t.status, (one) => badge(one.status)],
          [t.events, (one) => (one.event_types.length ? one.event_types.join(", ") : t.usual), "wide"],
          [t.store, (one) => ownStores()?.find(({ id }) => id === one.store)?.name ?? one.store ?? t.all, "wide"],
          [t.made, (one) => time(one.created_at), "wide when"],
          [t.actions, (one) => m("button.quiet", { "data-row": true, onclick: () => (removing = one) }, t.remove)],
        ],
      }),
  };
};
