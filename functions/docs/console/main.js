// The console: its screens, what is around them, and its keys.
import { Dialog, Notices, link } from "./parts.js";
import { SignIn, handsOn, isInterrupted, isStaff, prepare, session, signOut } from "./session.js";
import { t } from "./texts.js";

/** The screens that the head leads to, with who they are for. */
const SCREENS = [
  ["/today", t.nav.today],
  ["/orders", t.nav.orders],
  ["/payments", t.nav.payments],
  ["/catalogue", t.nav.catalogue],
  ["/subscriptions", t.nav.subscriptions],
  ["/system", t.nav.system, isStaff],
];

let isHelpOpen = false;

const head = () => {
  const here = m.route.get();
  const at = SCREENS.find(([href]) => here.startsWith(href));
  document.title = [at?.[1], t.title].filter(Boolean).join(" · ");
  return m("header.top", [
    m(
      "a.skip",
      { href: "#main", onclick: (event) => (event.preventDefault(), document.getElementById("main").focus()) },
      t.skip,
    ),
    m("h1", t.title),
    session.token &&
      session.role !== "customer" &&
      m(
        "nav",
        { "aria-label": t.screens },
        SCREENS.filter(([, , may]) => !may || may()).map(([href, label]) =>
          m(m.route.Link, { href, "aria-current": here.startsWith(href) ? "page" : undefined }, label),
        ),
      ),
    m("span.fill"),
    m("button.quiet", { "aria-label": t.theme, title: t.theme, onclick: turnTheme }, "◐"),
    session.token &&
      m("button.quiet", { "aria-label": t.help, title: t.help, onclick: () => (isHelpOpen = true) }, "?"),
    session.token && [
      m("span.who", `${session.name} · ${t.roles[session.role]}`),
      m("button.quiet", { onclick: signOut }, t.signOut),
    ],
  ]);
};

function turnTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
}

const forbidden = () =>
  m("section.forbidden", [
    m("h2", t.forbidden.title),
    m("p", t.forbidden.text),
    m("button", { onclick: signOut }, t.signOut),
  ]);

/** A screen within its frame: nothing of it is made for those who may not see it. */
const framed = (may, screen) => {
  const isOpen = session.token || isInterrupted();
  const isFor = session.role !== "customer" && (!may || may());
  return [
    head(),
    m("main#main", { tabindex: -1 }, !isOpen ? m(SignIn) : isFor ? screen : forbidden()),
    m(Notices),
    isHelpOpen &&
      m(
        Dialog,
        { title: t.help, onclose: () => (isHelpOpen = false) },
        m(
          "dl.keys",
          t.keys.map(([key, what]) => [m("dt", m("kbd", key)), m("dd", what)]),
        ),
      ),
    isInterrupted() && m(Dialog, { title: t.signIn.again, mustStay: true }, m(SignIn)),
  ];
};

const screen = (file, name, may) => ({
  onmatch: async () => (await import(file))[name],
  render: (vnode) => framed(may, vnode),
});

/** Moves to the next row, or the one before. */
function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(at < 0 && by < 0 ? rows.length - 1 : at + by, 0), rows.length - 1)]?.focus();
}

const KEYS = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  j: () => step(1),
  k: () => step(-1),
  "?": () => ((isHelpOpen = true), m.redraw()),
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox], [type=range]), textarea, select, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !session.token) return;
  const does = KEYS[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

if (!handsOn()) {
  await prepare(new URLSearchParams(location.hash.split("?")[1]).get("as"));
  m.route(document.getElementById("app"), "/today", {
    "/today": screen("./today.js", "Today"),
    "/orders": screen("./orders.js", "Orders"),
    "/orders/:id": {
      ...screen("./order.js", "Order"),
      render: (vnode) => framed(null, m(vnode.tag, { key: vnode.attrs.id, ...vnode.attrs })),
    },
    "/slips": screen("./orders.js", "Slips"),
    "/payments": screen("./payments.js", "Payments"),
    "/catalogue": screen("./catalogue.js", "Products"),
    "/low": screen("./catalogue.js", "Low"),
    "/stores": screen("./catalogue.js", "Stores"),
    "/stores/:id": screen("./catalogue.js", "Store"),
    "/subscriptions": screen("./subscriptions.js", "Subscriptions"),
    "/system": screen("./system.js", "System", isStaff),
  });
}
