// Bulk updates: how far each is. Where to ask is kept with the tab, so that a reload loses none.
import { call, local } from "./api.js";
import { link, number, report, word } from "./parts.js";
import { session } from "./session.js";
import { t } from "./texts.js";

/** How long a job is left alone between two looks, in milliseconds. */
const LOOK_MS = 1000;
/** How long a job is shown after its end, in milliseconds. */
const SHOWN_MS = 86_400_000;
/** The most jobs that are shown. */
const MOST = 20;

let [known, whose] = [[], null];

/** Bulk updates that the reader has begun in this tab, newest first. */
export function jobs() {
  if (whose !== session.id) {
    whose = session.id;
    known = kept().map((path) => ({ path, ended() {} }));
    known.forEach(watch);
  }
  return known;
}

/** Changes what is shown, and what the tab keeps of it. */
function show(shown) {
  known = shown.slice(0, MOST);
  const paths = known.flatMap((job) => job.path ?? []);
  try {
    sessionStorage.setItem(key(), JSON.stringify(paths));
  } catch {
    // A browser may keep nothing for pages: then the list goes with this one.
  }
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(key())) ?? [];
  } catch {
    return [];
  }
}

const key = () => "jobs of " + whose;
const drop = (job) => known.includes(job) && show(known.filter((one) => one !== job));

/** Follows a job until it has ended, or somebody else has signed in. */
async function follow(job) {
  if (whose !== session.id) [known, whose] = [[], null];
  if (!known.includes(job)) return;
  job.progress = (await call("GET", job.path)).data;
  if (job.progress.status !== "finished") setTimeout(() => watch(job), LOOK_MS);
  else if (Date.now() - Date.parse(job.progress.finished_at) > SHOWN_MS) drop(job);
  else job.ended();
  m.redraw();
}

const watch = (job) =>
  follow(job).catch((problem) => {
    if (problem.status !== 404) return report(problem, () => watch(job));
    drop(job);
    m.redraw();
  });

/** What came of a bulk update that was answered at once, or how far its job is; `ended` hears of its end. */
export function begun({ data, status }, target, ids, ended) {
  const job = { target, ended, path: data.status_url && local(data.status_url) };
  show([job, ...jobs()]);
  if (status === 200) {
    const failed = data.failed ?? [];
    job.progress = {
      status: "finished",
      total: ids.length,
      done: ids.length,
      updated_count: data.updated_count,
      failed,
      failed_count: failed.length,
    };
  } else {
    watch(job);
  }
  return job;
}

/** How far a bulk update is. */
export const Job = {
  view: ({ attrs: { job } }) => {
    const { progress } = job;
    return m("div.job", { role: "status" }, [
      m("label", [
        `${t.bulk.to} ${word(job.target ?? progress?.target)}: `,
        progress ? t.bulk.progress(number(progress.done), number(progress.total), number(progress.failed_count)) : "…",
        m("progress", { max: progress?.total ?? 1, value: progress?.done ?? 0 }),
      ]),
      progress?.failed_count > 0 &&
        m("details", [
          m("summary", t.bulk.failed),
          m(
            "ul",
            progress.failed.map((one) => m("li", [link("/orders/" + one.id, one.id.slice(0, 13)), ": ", one.error])),
          ),
        ]),
    ]);
  },
};
