// Today: what waits for somebody, and how the shop does.
import { Resource, count, query } from "./api.js";
import { Bars } from "./charts.js";
import { Job, jobs } from "./jobs.js";
import {
  Curl,
  Trouble,
  duration,
  link,
  money,
  number,
  report,
  table,
  tile,
  timeZone,
  word,
  zone,
  zones,
} from "./parts.js";
import { isStaff, session } from "./session.js";
import { t } from "./texts.js";

/** Days and months that a chart shows. */
const [DAYS, MONTHS] = [30, 12];

/** The days up to today, as texts, oldest first. */
function days() {
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone: timeZone() }).format(new Date());
  return Array.from({ length: DAYS }, (_, back) =>
    new Date(Date.parse(today) - (DAYS - 1 - back) * 86_400_000).toISOString().slice(0, 10),
  );
}

/** The months up to this one. */
function months() {
  const [year, month] = days().at(-1).split("-").map(Number);
  return Array.from({ length: MONTHS }, (_, back) =>
    new Date(Date.UTC(year, month - MONTHS + back, 1)).toISOString().slice(0, 7),
  );
}

const series = (labels, values) => labels.map((label) => [label, Number(values?.[label] ?? 0)]);

export const Today = () => {
  const statsPath = (verify) => "/api/orders/order_stats/" + query({ tz: timeZone(), verify: verify && "true" });
  const stats = new Resource(statsPath());
  const payments = new Resource("/api/payments/payment_stats/");
  const system = isStaff() ? new Resource("/api/system/") : null;
  let attention = null;
  const look = () =>
    count("/api/payments/?attention=true").then(
      (found) => {
        attention = found;
        m.redraw();
      },
      (problem) => report(problem, look),
    );
  look();
  const load = (verify) => {
    stats.load(statsPath(verify));
    payments.load();
    system?.load();
    look();
  };
  return {
    view: () => {
      const { data, problem } = stats;
      if (problem && !data)
        return m("div.bad", { role: "alert" }, [
          m(Trouble, { problem }),
          m("button", { onclick: () => load() }, t.retry),
        ]);
      const shown = (value) => (data ? number(value(data)) : null);
      const currencies = Object.keys(data?.by_currency ?? {});
      const running = jobs().filter((job) => job.progress?.status !== "finished").length;
      const queued = system?.data?.queues.find((queue) => queue.name === "jobs");
      const transitions = Object.entries(data?.status_transition_times ?? {});
      return m("section", { "aria-busy": String(Boolean(stats.isLoading)) }, [
        m("header.bar", [
          m("h2", t.nav.today),
          data?.drift === 0 &&
            m("mark.is-ok", { title: t.today.provedOf(number(data.orders_verified)) }, t.today.proved),
          data?.drift > 0 && m("mark.is-failed", t.today.drifted(data.drift)),
          m("span.fill"),
          m("label.inline", [
            t.zone,
            m(
              "select",
              {
                onchange: (event) => {
                  zone.name = event.target.value;
                  load();
                },
              },
              zones().map((name) => m("option", { value: name, selected: name === timeZone() }, name)),
            ),
          ]),
          m("button.secondary", { onclick: () => load() }, t.again),
          session.role === "admin" && m("button.secondary", { onclick: () => load(true) }, t.prove),
          m(Curl, { request: { method: "GET", path: stats.path } }),
        ]),
        m("div.tiles", [
          tile(
            t.today.toConfirm,
            shown((all) => all.pending_orders),
            "/orders?status=pending",
          ),
          tile(
            t.today.toShip,
            shown((all) => all.confirmed_orders + all.processing_orders),
            "/orders?status__in=confirmed%2Cprocessing",
          ),
          tile(t.today.failed, payments.data && number(payments.data.failed_payments), "/payments?status=failed"),
          tile(t.needsPerson, attention === null ? null : number(attention), "/payments?attention=true"),
          tile(
            t.today.jobs,
            number(running + (queued?.in_flight ?? 0)),
            null,
            queued && t.today.queued(number(queued.waiting ?? 0)),
          ),
          tile(
            t.today.success,
            payments.data &&
              new Intl.NumberFormat(t.language, { style: "percent", maximumFractionDigits: 1 }).format(
                payments.data.success_rate,
              ),
          ),
        ]),
        jobs().map((job) => m(Job, { job })),
        m("div.halves", [
          m(Bars, { title: t.today.perDay, points: series(days(), data?.orders_by_day), show: number }),
          (currencies.length ? currencies : [null]).map((currency) =>
            m(Bars, {
              title: t.today.perMonth(currency ?? ""),
              show: (value) =>
                currency
                  ? new Intl.NumberFormat(t.language, { style: "currency", currency, notation: "compact" }).format(
                      value,
                    )
                  : number(value),
              points: series(months(), data?.by_currency?.[currency]?.revenue_by_month),
            }),
          ),
        ]),
        m("div.halves", [
          m("div", [
            m("h3", t.today.times),
            table(
              [t.today.step, t.today.average, t.count],
              transitions.map(([step, { average_seconds, count }]) => [
                step.split("→").map(word).join(" → "),
                duration(average_seconds),
                number(count),
              ]),
              t.today.times,
            ),
          ]),
          m("div", [
            m("h3", t.today.revenue),
            table(
              [t.currency, t.today.revenue, t.today.mean, t.nav.orders],
              currencies.map((currency) => {
                const sums = data.by_currency[currency];
                return [
                  currency,
                  money(sums.total_revenue, currency),
                  money(sums.average_order_value, currency),
                  number(sums.total_orders),
                ];
              }),
              t.today.revenue,
            ),
            m("h3", t.today.newest),
            table(
              [t.number, t.status, t.total],
              (data?.recent_orders ?? [])
                .slice(0, 6)
                .map((order) => [
                  link("/orders/" + order.id, order.order_number),
                  word(order.status),
                  order.total_amount,
                ]),
              t.today.newest,
            ),
          ]),
        ]),
      ]);
    },
  };
};
