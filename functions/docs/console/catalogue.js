// The catalogue: products with their shelves, stores with their settings.
import { Resource, all, query } from "./api.js";
import { List, ownStores, storeFilter } from "./lists.js";
import { Dialog, Send, badge, changed, field, link, money, number, report, table, time, word } from "./parts.js";
import { isStaff } from "./session.js";
import { t } from "./texts.js";

/** At how many pieces a shelf counts as low. */
const LOW = 5;
const SHIPPING = ["standard", "express", "overnight", "pickup", "international"];

/** The shelves of a product: its variants, or itself. */
const shelves = (product) =>
  product.variants.length
    ? product.variants.map((variant) => ({
        product,
        variant,
        name: variant.name,
        sku: variant.sku,
        stock: variant.stock,
      }))
    : [{ product, variant: null, name: "", sku: product.sku, stock: product.stock }];

const stock = (count) => m("span", { class: count <= LOW ? "low" : "" }, number(count));

/** Asks how many pieces come or go, and why. */
const Adjust = {
  view: ({ attrs: { shelf, onclose, done } }) => {
    const name = [shelf.product.name, shelf.name].filter(Boolean).join(" · ");
    return m(
      Dialog,
      { title: `${t.adjust} · ${name}`, onclose },
      m(
        Send,
        {
          label: t.adjust,
          onclose,
          done,
          request: ({ how, pieces, reason }) => ({
            method: "POST",
            path: `/api/products/${shelf.product.id}/adjust_stock/`,
            body: { variant: shelf.variant?.id, [how]: +pieces, reason },
          }),
        },
        [
          m("p", t.onShelf(number(shelf.stock))),
          field(t.how, "how", { value: "delta" }, [
            ["delta", t.byDelta],
            ["stock", t.counted],
          ]),
          field(t.pieces, "pieces", { type: "number", step: 1, required: true }),
          field(t.reason, "reason", { required: true }),
        ],
      ),
    );
  },
};

const tabs = () =>
  m(
    "nav.views",
    { "aria-label": t.nav.catalogue },
    [
      ["/catalogue", t.products],
      ["/low", t.lowFirst],
      ["/stores", t.stores],
    ].map(([href, label]) =>
      link(href, m("span", { class: m.route.get().split("?")[0] === href ? "here" : "" }, label)),
    ),
  );

/** What vendors are shown: a store of theirs, for the API lists what others sell, too. */
const shown = () => isStaff() || ownStores()?.length > 0;

export const Products = () => {
  let adjusting = null;
  return {
    view: () => [
      tabs(),
      shown()
        ? m(List, {
            screen: "/catalogue",
            base: "/api/products/",
            title: t.products,
            fixed: isStaff() ? {} : { store: ownStores()[0].id },
            filters: [
              {
                name: "status",
                label: t.status,
                options: ["draft", "active", "archived"].map((one) => [one, word(one)]),
              },
              storeFilter({ isChosen: !isStaff() }),
              {
                name: "ordering",
                label: t.order,
                options: ["name", "-name", "created_at"].map((one) => [one, t.orderings[one]]),
              },
            ],
            tools: (list) =>
              adjusting &&
              m(Adjust, {
                shelf: adjusting,
                onclose: () => (adjusting = null),
                done: () => ((adjusting = null), list.reload()),
              }),
            columns: [
              [t.product, (one) => [m("strong", one.name), m("div.fine", one.sku)]],
              [t.status, (one) => badge(one.status)],
              [t.price, (one) => one.current_price, "right wide"],
              [
                t.shelves,
                (one) =>
                  m(
                    "ul.shelves",
                    shelves(one).map((shelf) =>
                      m("li", [
                        shelf.name,
                        " ",
                        stock(shelf.stock),
                        " ",
                        m(
                          "button.quiet",
                          {
                            "data-row": true,
                            "aria-label": `${t.adjust} ${one.name} ${shelf.name}`,
                            onclick: () => (adjusting = shelf),
                          },
                          t.adjust,
                        ),
                      ]),
                    ),
                  ),
              ],
            ],
          })
        : m("section", { "aria-busy": String(Boolean(!ownStores())) }, [
            m("h2", t.products),
            ownStores() && m("p", t.none),
          ]),
    ],
  };
};

/** All shelves, the emptiest first: the API lists products by name or age, so they are read whole. */
export const Low = () => {
  let rows = [],
    isLoading = false,
    adjusting = null;
  const load = async () => {
    isLoading = true;
    const found = [];
    try {
      for await (const store of isStaff() ? [null] : all("/api/stores/?owned=true")) {
        const path = "/api/products/" + query({ status: "active", page_size: 100, store: store?.id });
        for await (const product of all(path)) found.push(...shelves(product));
      }
      rows = found.sort((a, b) => a.stock - b.stock);
    } catch (problem) {
      report(problem, load);
    }
    isLoading = false;
    m.redraw();
  };
  load();
  return {
    view: () => [
      tabs(),
      m("section", { "aria-busy": String(Boolean(isLoading)) }, [
        m("header.bar", m("h2", t.lowFirst)),
        table(
          [t.product, t.variant, t.sku, t.stock, t.actions],
          rows
            .slice(0, 100)
            .map((shelf) => [
              shelf.product.name,
              shelf.name,
              shelf.sku,
              stock(shelf.stock),
              m(
                "button.quiet",
                { "aria-label": `${t.adjust} ${shelf.product.name} ${shelf.name}`, onclick: () => (adjusting = shelf) },
                t.adjust,
              ),
            ]),
          t.lowFirst,
        ),
        adjusting &&
          m(Adjust, { shelf: adjusting, onclose: () => (adjusting = null), done: () => ((adjusting = null), load()) }),
      ]),
    ],
  };
};

export const Stores = () => ({
  view: () => [
    tabs(),
    m(List, {
      screen: "/stores",
      base: "/api/stores/",
      title: t.stores,
      fixed: isStaff() ? {} : { owned: "true" },
      filters: [{ name: "status", label: t.status, options: ["active", "inactive"].map((one) => [one, word(one)]) }],
      columns: [
        [t.store, (one) => m(m.route.Link, { href: "/stores/" + one.id, "data-row": true }, one.name)],
        [t.status, (one) => badge(one.status)],
        [t.currency, (one) => one.currency],
        [t.taxRate, (one) => one.tax_rate, "right wide"],
        [t.made, (one) => time(one.created_at), "wide when"],
      ],
    }),
  ],
});

/** The settings of a store. */
export const Store = ({ attrs: { id } }) => {
  const path = `/api/stores/${id}/`;
  const store = new Resource(path);
  return {
    view: () => {
      const now = store.data;
      if (!now) return m("section.blank", { "aria-busy": "true" });
      const minutes = (name) => field(t[name], name, { type: "number", min: 1, step: 1, value: now[name] ?? "" });
      return m("section.narrow", { "aria-busy": String(Boolean(store.isLoading)) }, [
        m("header.bar", [
          m("h2", now.name),
          badge(now.status),
          m("span.fill"),
          link(`/orders?store=${id}`, t.nav.orders),
          link(`/catalogue?store=${id}`, t.products),
        ]),
        m(
          Send,
          {
            label: t.save,
            done: ({ data, tag }) => Object.assign(store, { data, tag }),
            lost: () => store.load(),
            request: (_, form) => {
              const body = {};
              for (const [name, value] of Object.entries(changed(form))) {
                if (name.startsWith("shipping_"))
                  (body.shipping_costs ??= { ...now.shipping_costs })[name.slice(9)] = value;
                else body[name] = name.startsWith("expire_") ? (value ? +value : null) : value;
              }
              return { method: "PATCH", path, tag: store.tag, body };
            },
          },
          [
            field(t.name, "name", { value: now.name, required: true }),
            field(t.description, "description", { rows: 2, value: now.description }),
            field(
              t.status,
              "status",
              { value: now.status },
              ["active", "inactive"].map((one) => [one, word(one)]),
            ),
            field(t.taxRate, "tax_rate", { value: now.tax_rate, inputmode: "decimal" }),
            m("fieldset", [
              m("legend", `${t.shippingCost} (${now.currency})`),
              m(
                "div.filters",
                SHIPPING.map((one) =>
                  field(word(one), "shipping_" + one, { value: now.shipping_costs[one] ?? "", inputmode: "decimal" }),
                ),
              ),
            ]),
            minutes("expire_unpaid_minutes"),
            minutes("expire_unpaid_manual_minutes"),
          ],
        ),
      ]);
    },
  };
};
