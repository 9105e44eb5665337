// How the service does, for staff.
import { Resource, costs } from "./api.js";
import { Curl, Trouble, badge, number, table, tile, time } from "./parts.js";
import { t } from "./texts.js";

export const System = () => {
  const health = new Resource("/api/health/");
  const system = new Resource("/api/system/");
  const load = (path = "/api/system/") => (health.load(), system.load(path));
  return {
    view: () => {
      const { data, problem } = system;
      if (problem && !data)
        return m("div.bad", { role: "alert" }, [
          m(Trouble, { problem }),
          m("button", { onclick: () => load() }, t.retry),
        ]);
      const behind = data?.consumers.reduce((sum, one) => sum + one.orders_behind, 0);
      const waiting = data?.queues.reduce((sum, one) => sum + (one.waiting ?? 0), 0);
      const { drift, redrivable } = data ?? {};
      return m("section", { "aria-busy": String(Boolean(system.isLoading)) }, [
        m("header.bar", [
          m("h2", t.nav.system),
          health.data && [
            badge(health.data.status),
            m("span.fine", `${health.data.version} ${health.data.commit?.slice(0, 8) ?? ""} · ${health.data.gateway}`),
          ],
          m("span.fill"),
          m("button.secondary", { onclick: () => load() }, t.again),
          m("button.secondary", { onclick: () => load("/api/system/?verify=true") }, t.prove),
          m(Curl, { request: { method: "GET", path: system.path } }),
        ]),
        m("div.tiles", [
          tile(t.system.behind, data && number(behind), null, t.system.ofNewest),
          tile(t.system.waiting, data && number(waiting)),
          tile(
            t.system.redrivable,
            data && (redrivable == null ? t.unknown : number(redrivable)),
            null,
            redrivable ? "orderctl redrive" : "",
          ),
          tile(
            t.system.drift,
            data && (drift ? number(drift.counters) : t.system.notAsked),
            null,
            drift && t.system.verified(number(drift.orders_verified)),
          ),
        ]),
        problem && m("div.bad", { role: "alert" }, m(Trouble, { problem })),
        m("div.halves", [
          m("div", [
            m("h3", t.system.parts),
            table(
              [t.name, t.status],
              (data?.parts ?? []).map((one) => [one.name, badge(one.reach)]),
              t.system.parts,
            ),
            m("h3", t.system.consumers),
            table(
              [t.name, t.system.behind, t.system.since],
              (data?.consumers ?? []).map((one) => [
                one.name,
                number(one.orders_behind),
                one.behind_since ? time(one.behind_since) : t.nothing,
              ]),
              t.system.consumers,
            ),
          ]),
          m("div", [
            m("h3", t.system.queues),
            table(
              [t.name, t.system.waiting, t.system.inFlight, t.system.delayed],
              (data?.queues ?? []).map((one) =>
                [one.name, one.waiting, one.in_flight, one.delayed].map((cell) => cell ?? t.unknown),
              ),
              t.system.queues,
            ),
          ]),
        ]),
        m("h3", t.system.costs),
        costs.length
          ? table(
              [t.system.request, t.system.cost, t.requestId],
              costs.map((one) => [m("code.long", `${one.method} ${one.path}`), one.cost, m("code", one.id)]),
              t.system.costs,
            )
          : m("p", t.system.noCosts),
      ]);
    },
  };
};
