// A list of the API: filters, search and page stand in the address, so that a view is a link.
import { Resource, all, local, query } from "./api.js";
import { Curl, Trouble, kept, link, number, report, timeZone } from "./parts.js";
import { isStaff, session } from "./session.js";
import { t } from "./texts.js";

const ROWS = 20;
const isWide = matchMedia("(min-width: 641px)");

/** The list's own parameters of the address. */
const asked = () => {
  const { as: _, ...rest } = m.route.param();
  return rest;
};

/** Goes to another view of the same screen. */
const show = (screen, values) => m.route.set(screen + query(values));

/** One instant of a day's beginning in the time zone that is shown. */
function midnight(day) {
  const utc = new Date(day + "T00:00:00Z");
  const shown = new Date(utc.toLocaleString("en-US", { timeZone: timeZone() }) + " UTC");
  return new Date(2 * utc - shown).toISOString();
}

const SENT = { from: ["created_at__gte", midnight], until: ["created_at__lt", (day) => midnight(nextDay(day))] };
const nextDay = (day) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);

let stores = null;

/** The stores that the caller runs: staff all, where these are not more than a page. */
export function ownStores() {
  if (stores?.whose !== session.id) {
    stores = new Resource("/api/stores/" + query({ page_size: 100, owned: isStaff() ? "" : "true" }));
    stores.whose = session.id;
  }
  return stores.data?.next ? [] : stores.data?.results;
}

/** Whether the reader runs a store: whoever has more stores than are read is left to the API. */
export const owns = (id) => isStaff() || Boolean(ownStores()?.some((store) => store.id === id) || stores.data?.next);

/** A choice of these stores, of none until they are known; where they are more, one is named by its id. */
export const storeFilter = (rest) => ({
  name: "store",
  label: t.store,
  ...rest,
  options: ownStores()?.length
    ? ownStores().map((store) => [store.id, store.name])
    : stores.isLoading
      ? []
      : undefined,
});

/** What the API is asked for a view. */
function pathOf({ base, fixed }) {
  const sent = Object.entries({ ...fixed, ...asked() }).map(([name, value]) => {
    const [other, change] = SENT[name] ?? [name, (same) => same];
    return [other, value && change(value)];
  });
  return base + query(Object.fromEntries(sent));
}

const filter = (screen, values, { name, label, options, type, isChosen }) => {
  const change = (event) => show(screen, { ...values, page: "", cursor: "", [name]: event.target.value });
  const value = values[name] ?? "";
  return m("label", [
    label,
    options
      ? m(
          "select",
          { name, onchange: change },
          [...(isChosen ? [] : [["", t.any]]), ...options].map(([one, text]) =>
            m("option", { value: one, selected: one === value }, text),
          ),
        )
      : m("input", { name, type, step: type === "number" ? "0.01" : undefined, onchange: change, ...kept(value) }),
  ]);
};

/**
 * A screen of a list. `screen` is its address, `base` the API's path, `fixed` is asked in any case unless
 * the address says otherwise, `columns` are
 * `[head, cell(row), class]`, `views` are `[label, values]`, `chosen` is a set of ids where rows can
 * be selected, `tools(list)` stands beside the count.
 */
export const List = ({ attrs }) => {
  let path = pathOf(attrs);
  const list = new Resource(path);
  list.reload = () => list.load();
  list.everything = () =>
    all(
      list.path.replace(/([?&])(page|cursor|page_size)=[^&]*/g, "$1") +
        (list.path.includes("?") ? "&" : "?") +
        "page_size=100",
    );
  const turn = (screen, link) => {
    const values = Object.fromEntries(new URLSearchParams(local(link).split("?")[1]));
    show(screen, { ...asked(), page: values.page, cursor: values.cursor });
  };
  return {
    view: ({ attrs }) => {
      const { screen, title, columns, filters = [], views = [], chosen, tools, lead } = attrs;
      const values = asked();
      const wanted = pathOf(attrs);
      if (wanted !== path) {
        path = wanted;
        list.load(wanted);
      }
      const { data, problem, isLoading } = list;
      const rows = data?.results ?? (problem ? [] : Array(ROWS).fill(null));
      return m("section", { "aria-busy": String(Boolean(isLoading)) }, [
        m("header.bar", [
          m("h2", title),
          lead,
          m("span.fill"),
          tools?.(list),
          m(Curl, { request: { method: "GET", path } }),
        ]),
        views.length > 0 &&
          m(
            "nav.views",
            { "aria-label": t.views },
            views.map(([label, to]) =>
              link(screen + query(to), m("span", { class: query(to) === query(values) ? "here" : "" }, label)),
            ),
          ),
        m(
          "form.finding",
          {
            role: "search",
            onsubmit: (event) => {
              event.preventDefault();
              show(screen, { ...values, page: "", cursor: "", search: event.target.elements.search?.value });
            },
          },
          [
            m("label", [
              t.search,
              m("input", {
                type: "search",
                name: "search",
                "data-search": true,
                placeholder: "/",
                ...kept(values.search),
                onchange: (event) => show(screen, { ...values, page: "", cursor: "", search: event.target.value }),
              }),
            ]),
            filters.length > 0 &&
              m("details", { open: isWide.matches }, [
                m("summary", t.filters),
                m(
                  "div.filters",
                  filters.map((one) => filter(screen, values, one)),
                ),
              ]),
          ],
        ),
        m("div.bar", [
          m("p.count", { "aria-live": "polite" }, data ? t.found(number(data.count)) : "\u00a0"),
          m("span.fill"),
          m("button.secondary", { disabled: !data?.previous, onclick: () => turn(screen, data.previous) }, t.previous),
          m("button.secondary", { disabled: !data?.next, onclick: () => turn(screen, data.next) }, t.next),
        ]),
        problem && !data
          ? m("div.bad", { role: "alert" }, [m(Trouble, { problem }), m("button", { onclick: list.reload }, t.retry)])
          : null,
        problem && data ? m("p.bad", { role: "alert" }, [problem.message, " ", m("code", problem.id)]) : null,
        m(
          "div.scroll.list",
          m("table", [
            m(
              "thead",
              m("tr", [
                chosen &&
                  m(
                    "th.mark",
                    { scope: "col" },
                    m("input", {
                      type: "checkbox",
                      "aria-label": t.selectPage,
                      checked: rows.length > 0 && rows.every((row) => row && chosen.has(row.id)),
                      onclick: (event) =>
                        rows.forEach(
                          (row) => row && (event.target.checked ? chosen.add(row.id) : chosen.delete(row.id)),
                        ),
                    }),
                  ),
                columns.map(([head, , kind]) => m("th", { scope: "col", class: kind }, head)),
              ]),
            ),
            m(
              "tbody",
              rows.map((row, index) =>
                m("tr", { key: row?.id ?? index, class: row ? "" : "empty" }, [
                  chosen &&
                    m(
                      "td",
                      row &&
                        m("input", {
                          type: "checkbox",
                          "aria-label": t.select(row.order_number ?? row.name),
                          checked: chosen.has(row.id),
                          onclick: () => (chosen.has(row.id) ? chosen.delete(row.id) : chosen.add(row.id)),
                        }),
                    ),
                  columns.map(([, cell, kind]) => m("td", { class: kind }, row ? cell(row) : "\u00a0")),
                ]),
              ),
            ),
          ]),
        ),
        data?.count === 0 && m("p.none", t.none),
      ]);
    },
  };
};

/** Saves what is listed as a file that a spreadsheet opens; no cell begins like a formula. */
export async function saveCsv(list, name, columns) {
  const cell = (value) => {
    const text = String(value ?? "");
    return `"${(/^[=+\-@\t\r]/.test(text) ? "'" : "") + text.replaceAll('"', '""')}"`;
  };
  const lines = [columns.map(cell).join(",")];
  try {
    for await (const row of list.everything()) lines.push(columns.map((column) => cell(row[column])).join(","));
  } catch (problem) {
    return report(problem, () => saveCsv(list, name, columns));
  }
  const href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href, download: name }).click();
  URL.revokeObjectURL(href);
}
