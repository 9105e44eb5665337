// Requests to the API, as any client makes them.
import { again, session } from "./session.js";

/** Requests on their way, for those that take long to be shown. */
export const pending = new Set();
/** After how long a request counts as slow, in milliseconds. */
const SLOW_MS = 3000;
/** What the last requests cost, where the deployment tells (DEBUG_CAPACITY). */
export const costs = [];

/** An answer that is no success, or none at all. */
export class Problem extends Error {
  constructor(request, status, body) {
    super(body?.error ?? "");
    const details = body?.details;
    Object.assign(this, { ...request, status, code: body?.code });
    this.fields = details && typeof details === "object" ? details : {};
  }
  /** Somebody else was faster. */
  get isLostRace() {
    return this.status === 412 || (this.status === 409 && this.code === "conflict");
  }
}

const keys = new Map();

/** The idempotency key of a change: the same until the change has an answer. */
function keyOf(change) {
  if (!keys.has(change)) keys.set(change, crypto.randomUUID());
  return keys.get(change);
}

/** Sends a request; the answer's body, with its tag. Fails with a Problem. */
export async function call(method, path, { body, tag } = {}) {
  const change = method === "GET" || method === "DELETE" ? null : [method, path, tag, JSON.stringify(body)].join(" ");
  for (;;) {
    const request = { method, path, body, tag, id: crypto.randomUUID() };
    const headers = { Authorization: `Bearer ${session.token}`, "X-Request-Id": request.id };
    if (body) headers["Content-Type"] = "application/json";
    if (tag) headers["If-Match"] = tag;
    if (change) headers["Idempotency-Key"] = keyOf(change);
    const { status, data, got } = await sent(request, headers);
    if (status === 401) {
      await again();
      continue;
    }
    if (change && status && status < 500) keys.delete(change);
    if (status < 200 || status > 299) throw new Problem(request, status, data);
    return { data, status, tag: got.get("etag"), id: request.id };
  }
}

async function sent(request, headers) {
  const { method, path, body, id } = request;
  const slow = setTimeout(() => {
    request.isSlow = true;
    m.redraw();
  }, SLOW_MS);
  pending.add(request);
  try {
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
    request.id = answer.headers.get("x-request-id") ?? id;
    const cost = answer.headers.get("x-consumed-capacity");
    if (cost) costs.unshift({ method, path, cost, id: request.id }) > 20 && costs.pop();
    return { status: answer.status, data: await answer.json().catch(() => null), got: answer.headers };
  } catch {
    return { status: 0 };
  } finally {
    clearTimeout(slow);
    pending.delete(request);
  }
}

/** What is shown of a path. It stays while the next answer is on its way. */
export class Resource {
  constructor(path) {
    this.load(path);
  }
  async load(path = this.path) {
    Object.assign(this, { path, isLoading: true });
    const turn = (this.turn = {});
    const got = await call("GET", path).catch((problem) => ({ problem }));
    if (turn !== this.turn) return;
    if (!got.problem) Object.assign(this, got);
    Object.assign(this, { problem: got.problem, isLoading: false });
    m.redraw();
  }
}

/** Every entry of a list, page by page. */
export async function* all(path) {
  while (path) {
    const { data } = await call("GET", path);
    yield* data.results;
    path = data.next && local(data.next);
  }
}

/** How many entries a path lists. */
export const count = async (path) =>
  (await call("GET", path + (path.includes("?") ? "&" : "?") + "page_size=1")).data.count;

/** The path of a link that the API gave. */
export const local = (link) => {
  const url = new URL(link);
  return url.pathname + url.search;
};

/** A query of what is not empty. */
export const query = (values) => {
  const filled = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return filled.length ? "?" + new URLSearchParams(filled) : "";
};

const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

/** The same request on a command line. */
export function curl({ method, path, body, tag }) {
  const parts = ["curl", `-H "Authorization: Bearer $TOKEN"`];
  if (method !== "GET") parts.push("-X", method);
  if (tag) parts.push("-H", quoted(`If-Match: ${tag}`));
  if (method !== "GET" && method !== "DELETE") parts.push(`-H "Idempotency-Key: $(uuidgen)"`);
  if (body) parts.push("-H 'Content-Type: application/json'", "-d", quoted(JSON.stringify(body)));
  return [...parts, quoted(location.origin + path)].join(" ");
}
