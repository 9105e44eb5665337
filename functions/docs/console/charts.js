// Time series, drawn when they are first needed.
import { t } from "./texts.js";

const SCRIPT = "/api/console/uplot-1.6.32.iife.min.js";
const STYLE = "/api/console/uplot-1.6.32.min.css";
let loaded = null;

const load = () =>
  (loaded ??= new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: STYLE }));
    document.head.append(
      Object.assign(document.createElement("script"), { src: SCRIPT, onload: done, onerror: failed }),
    );
  }));

const HEIGHT = 180;

/** Bars over days or months. `points` are `[label, value]`, oldest first; `show` writes a value. */
export const Bars = {
  oncreate({ state, dom, attrs }) {
    state.attrs = attrs;
    state.draw = () => load().then(() => draw(dom, state));
    state.watch = new ResizeObserver(state.draw);
    state.watch.observe(dom.querySelector(".plot"));
    state.dark = matchMedia("(prefers-color-scheme: dark)");
    state.dark.addEventListener("change", state.draw);
  },
  onupdate({ state, attrs }) {
    state.attrs = attrs;
    state.draw();
  },
  onremove({ state }) {
    state.watch.disconnect();
    state.dark.removeEventListener("change", state.draw);
    state.plot?.destroy();
  },
  view: ({ attrs: { title, points, show } }) =>
    m("figure.chart", [
      m("figcaption", title),
      m("div.plot", { role: "img", "aria-label": title }),
      m("details", [
        m("summary", t.asTable),
        m("table", [
          m("thead", m("tr", [m("th", { scope: "col" }, t.when), m("th", { scope: "col" }, title)])),
          m(
            "tbody",
            points.map(([label, value]) => m("tr", [m("td", label), m("td.right", show(value))])),
          ),
        ]),
      ]),
    ]),
};

function draw(dom, state) {
  const { points, show } = state.attrs;
  const box = dom.querySelector(".plot");
  const styles = getComputedStyle(dom);
  const [bar, line] = ["--pico-primary-background", "--pico-muted-border-color"].map((name) =>
    styles.getPropertyValue(name),
  );
  const ink = styles.color;
  const drawn = JSON.stringify([points, box.clientWidth, ink, bar]);
  if (!box.clientWidth || drawn === state.drawn) return;
  state.drawn = drawn;
  state.plot?.destroy();
  const labels = points.map(([label]) => label);
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const options = {
    width: box.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-0.6, labels.length - 0.4] },
      y: { range: (_, low, high) => [0, high * 1.1 || 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_, at) => at.map((index) => labels[index]?.slice(labels[index].length > 7 ? 5 : 2) ?? ""),
        incrs: [1, 2, 5, 10],
      },
      { ...axis, size: 64, values: (_, at) => at.map(show) },
    ],
    series: [{}, { fill: bar, stroke: bar, paths: uPlot.paths.bars({ size: [0.7, 40] }), points: { show: false } }],
  };
  state.plot = new uPlot(options, [labels.map((_, index) => index), points.map(([, value]) => value)], box);
}
