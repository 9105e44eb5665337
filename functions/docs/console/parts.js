// What screens are made of.
import { Problem, call, curl, local, pending } from "./api.js";
import { session, setting } from "./session.js";
import { t } from "./texts.js";

export const zone = { name: null };
export const zones = () =>
  [...new Set([setting.time_zone, Intl.DateTimeFormat().resolvedOptions().timeZone, "UTC"])].filter(Boolean);
export const timeZone = () => zone.name ?? setting.time_zone ?? "UTC";

export const money = (amount, currency) =>
  amount == null ? "" : new Intl.NumberFormat(t.language, { style: "currency", currency }).format(amount);
export const number = (count) => new Intl.NumberFormat(t.language).format(count);
export const time = (text) =>
  text &&
  m(
    "time",
    { datetime: text },
    new Intl.DateTimeFormat(t.language, {
      dateStyle: "medium",
      timeStyle: "short",
      timeZone: timeZone(),
    }).format(new Date(text)),
  );
export const duration = (seconds) => {
  const unit = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ].find(([, size]) => seconds >= size) ?? ["second", 1];
  return new Intl.NumberFormat(t.language, {
    style: "unit",
    unit: unit[0],
    unitDisplay: "long",
    maximumFractionDigits: 1,
  }).format(seconds / unit[1]);
};
/** A word of the API for people. */
export const word = (text) =>
  t.words[text] ??
  String(text ?? "")
    .replaceAll("_", " ")
    .replace(/^./, (c) => c.toUpperCase());
export const badge = (status) => m("mark", { class: "is-" + status }, word(status));
/** A value of a field, in a few words. */
export const brief = (value) =>
  value == null || value === ""
    ? t.nothing
    : typeof value === "object"
      ? Object.entries(value)
          .filter(([name]) => !isDull(name))
          .map(([name, one]) => [word(name), " ", brief(one), " "])
      : /^\d{4}-\d\d-\d\dT/.test(value)
        ? time(value)
        : word(value);
const isDull = (name) => /(^|[._])(id|updated_at|created_at)$/.test(name);
/** The name of a field of an order's log: what belongs to a payment or a line is named by its id. */
const named = (field) =>
  word(
    field
      .replace(/\.?[0-9a-f]{8}-[0-9a-f-]{27}\.?/, " ")
      .replace(/s (?=\w)/, " ")
      .trim(),
  );

const link = (href, ...rest) => m(m.route.Link, { href }, rest);
export { link };

/** Copies a request as a line of a shell: a given one, or the one that a form would `make`. */
export const Curl = {
  view: ({ attrs: { request, make } }) =>
    m(
      "button.quiet",
      {
        type: "button",
        title: t.copy,
        onclick: async (event) => {
          await navigator.clipboard.writeText(curl(request ?? make(event.target.form)));
          say(t.copied);
        },
      },
      t.curl,
    ),
};

// What went wrong, and what was done, in a corner: nothing moves because of it.
let notices = [];

export function say(text) {
  const notice = { text };
  notices.push(notice);
  setTimeout(() => {
    drop(notice);
    m.redraw();
  }, 4000);
  m.redraw();
}

/** Shows a problem until it is put away; `retry` does again what it was about. */
export function report(problem, retry) {
  notices = notices.filter((one) => one.problem?.path !== problem.path || one.problem?.method !== problem.method);
  notices.push({ problem, retry });
  m.redraw();
}

const drop = (notice) => (notices = notices.filter((one) => one !== notice));

/** A problem, with the id that operators find it by. */
export const Trouble = {
  view: ({ attrs: { problem } }) =>
    problem instanceof Problem
      ? [
          m("p", [m("strong", problem.status ? problem.message || t.problems.failed : t.problems.silent)]),
          Object.keys(problem.fields).length > 0 &&
            m(
              "ul",
              Object.entries(problem.fields).map(([field, told]) =>
                m("li", [
                  word(field),
                  ": ",
                  [told]
                    .flat()
                    .map((one) => (typeof one === "object" ? JSON.stringify(one) : one))
                    .join(" "),
                ]),
              ),
            ),
          problem.changes && m(Changes, { changes: problem.changes, order: problem.order }),
          m("p.fine", [
            `${problem.status || t.problems.none} · ${t.requestId} `,
            m("code", problem.id),
            " ",
            m(Curl, { request: problem }),
          ]),
        ]
      : m("p", String(problem)),
};

export const Notices = {
  view: () =>
    m("aside.notices", { "aria-label": t.notices }, [
      [...pending]
        .filter((one) => one.isSlow)
        .map((one) =>
          m(
            "div",
            { role: "status", key: one.id },
            m("p", [t.slow, " ", m("code", `${one.method} ${one.path.split("?")[0]}`)]),
            m("p.fine", [t.requestId, " ", m("code", one.id)]),
          ),
        ),
      notices.map((notice) =>
        m("div", { role: notice.problem ? "alert" : "status", class: notice.problem ? "bad" : "" }, [
          notice.problem ? m(Trouble, notice) : m("p", notice.text),
          notice.problem &&
            m("div.row", [
              notice.retry && m("button", { onclick: () => (drop(notice), notice.retry()) }, t.retry),
              m("button.secondary", { onclick: () => drop(notice) }, t.close),
            ]),
        ]),
      ),
    ]),
};

/** The log has ids: a name where the page knows it. */
const who = (id, order) =>
  id === session.id ? session.name : id === order?.user ? order.user_username : id.slice(0, 8);

/** Who did what to an order, and what changed. */
export const Changes = {
  view: ({ attrs: { changes, order } }) =>
    m(
      "ol.changes",
      changes.map((change) =>
        m("li", [
          m("strong", word(change.action)),
          ` ${t.by} ${who(change.by, order)} `,
          time(change.at),
          change.reason && ` “${change.reason}”`,
          m(
            "ul",
            Object.entries(change.changes)
              .filter(([field]) => !isDull(field))
              .map(([field, { from, to }]) =>
                m("li", [named(field), ": ", m("del", brief(from)), " → ", m("ins", brief(to))]),
              ),
          ),
        ]),
      ),
    ),
};

/** What others did to an order after a version. */
export async function changesSince(id, version) {
  const { data } = await call("GET", `/api/orders/${id}/history/?page=last&page_size=50`);
  return data.results.filter((change) => change.version > version);
}

/** A dialog that holds what is asked before something is sent. */
export const Dialog = {
  oncreate: ({ dom }) => dom.showModal(),
  view: ({ attrs: { title, onclose, mustStay }, children }) =>
    m(
      "dialog",
      {
        "aria-label": title,
        oncancel: (event) => (mustStay ? event.preventDefault() : onclose()),
      },
      m("article", [
        !mustStay &&
          m("header", [
            m("h2", title),
            m("button.quiet", { type: "button", "aria-label": t.close, onclick: onclose }, "×"),
          ]),
        children,
      ]),
    ),
};

/** A field of a form. What is typed stays, whatever comes in meanwhile. */
export const field = (label, name, { value = "", ...attrs } = {}, options) => {
  const follow = ({ dom }) => (dom.defaultValue = value);
  return m("label", [
    label,
    options
      ? m(
          "select",
          { name, ...attrs },
          options.map(([one, text]) => m("option", { value: one, selected: one === value }, text)),
        )
      : m(attrs.rows ? "textarea" : "input", {
          name,
          autocomplete: "off",
          ...attrs,
          oncreate: follow,
          onupdate: follow,
        }),
  ]);
};
export const check = (label, name, attrs = {}) =>
  m("label.check", [m("input", { type: "checkbox", name, ...attrs }), " ", label]);
/** What shows a value that changes elsewhere, unless somebody is typing there. */
export const kept = (value = "") => ({
  oncreate: ({ dom }) => (dom.value = value),
  onupdate: ({ dom }) => dom === document.activeElement || (dom.value = value),
});
/** The fields of a form that somebody has changed. */
export const changed = (form) =>
  Object.fromEntries(
    [...form.elements]
      .filter((one) => one.name && one.value !== (one.defaultValue ?? one.querySelector("[selected]")?.value))
      .map((one) => [one.name, one.value]),
  );

/** What a form holds, by name; lists for names that are asked for as such. */
export function values(form, lists = []) {
  const data = new FormData(form);
  const found = Object.fromEntries(data);
  for (const name of lists) found[name] = data.getAll(name);
  return found;
}

/**
 * A form that sends a request. `request(values, form)` makes it; `done(answer)` hears of success, and
 * `lost(problem)` of a race that was lost: what was typed stays either way.
 */
export const Send = () => {
  let isBusy = false,
    problem = null;
  const made = (attrs, form) => attrs.request(values(form, attrs.lists), form);
  const send = async (attrs, form) => {
    const wanted = made(attrs, form);
    [isBusy, problem] = [true, null];
    try {
      const answer = await call(wanted.method, wanted.path, wanted);
      form.reset();
      attrs.done(answer, wanted);
    } catch (failed) {
      problem = failed;
      if (failed.isLostRace && attrs.lost) await attrs.lost(failed);
    }
    isBusy = false;
    m.redraw();
  };
  return {
    view: ({ attrs, children }) =>
      m(
        "form",
        {
          "aria-busy": String(isBusy),
          onsubmit: (event) => {
            event.preventDefault();
            if (!isBusy) send(attrs, event.target);
          },
        },
        [
          children,
          problem && m("div.bad", { role: "alert" }, m(Trouble, { problem })),
          m("div.row", [
            m("button", { disabled: isBusy, class: attrs.danger ? "danger" : "" }, attrs.label),
            attrs.onclose && m("button.secondary", { type: "button", onclick: attrs.onclose }, t.close),
            m(Curl, { make: (form) => made(attrs, form) }),
          ]),
        ],
      ),
  };
};

/** A change by one click; what goes wrong is shown in the corner. */
export async function act(request, done, lost) {
  try {
    done(await call(request.method, request.path, request));
  } catch (problem) {
    if (problem.isLostRace && lost) await lost(problem);
    report(
      problem,
      problem.isLostRace || (problem.status >= 400 && problem.status < 500) ? null : () => act(request, done, lost),
    );
  }
  m.redraw();
}

/** A figure that is watched. */
export const tile = (label, value, href, note) =>
  m("article.tile", [
    m("p.fine", label),
    m("p.figure", value == null ? "…" : href ? link(href, value) : value),
    m("p.fine", note || "\u00a0"),
  ]);

/** A table of a few rows. */
export const table = (heads, rows, label) =>
  m(
    "div.scroll",
    { tabindex: 0, role: "region", "aria-label": label },
    m("table", [
      m(
        "thead",
        m(
          "tr",
          heads.map((head) => m("th", { scope: "col" }, head)),
        ),
      ),
      m(
        "tbody",
        rows.map((row) =>
          m(
            "tr",
            row.map((cell) => m("td", cell)),
          ),
        ),
      ),
    ]),
  );

export { local };
