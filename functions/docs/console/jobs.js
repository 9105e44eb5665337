// Bulk updates: how far each is.
import { call, local } from "./api.js";
import { link, number, report, word } from "./parts.js";
import { t } from "./texts.js";

/** How long a job is left alone between two looks, in milliseconds. */
const LOOK_MS = 1000;

/** Bulk updates begun on this page, newest first. */
export const jobs = [];

/** Follows a job until it has ended. */
async function follow(job) {
  job.progress = (await call("GET", job.path)).data;
  m.redraw();
  if (job.progress.status === "finished") job.ended();
  else setTimeout(() => watch(job), LOOK_MS);
}

const watch = (job) => follow(job).catch((problem) => report(problem, () => watch(job)));

/** What came of a bulk update that was answered at once, or how far its job is; `ended` hears of its end. */
export function begun({ data, status }, target, ids, ended) {
  const job = { target, ended, path: data.status_url && local(data.status_url) };
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
  jobs.unshift(job);
  return job;
}

/** How far a bulk update is. */
export const Job = {
  view: ({ attrs: { job } }) => {
    const { progress } = job;
    return m("div.job", { role: "status" }, [
      m("label", [
        `${t.bulk.to} ${word(job.target)}: `,
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
