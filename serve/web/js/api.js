/** The service's routes. Whatever goes wrong is a `ServiceFault`. */

import { askForKey, storedKey } from "./key.js";

export const ALL_TASKS = ["labels", "diseases", "citations", "topics", "summary"];

const DEFAULT_RETRY_AFTER_S = 5;

/** What the service, or the way to it, said instead of an answer. `status` is 0 where there was no answer at all. */
export class ServiceFault extends Error {
  constructor(message, { status = 0, code = "unreachable", requestId = null, retryAfterS = null } = {}) {
    super(message);
    Object.assign(this, { status, code, requestId, retryAfterS });
  }

  /** Refused for now, through no fault of the request: it may be sent again as it is. */
  get isRefusal() {
    return this.status === 429 || this.status === 503;
  }

  /** Nothing is known to be wrong with the request. */
  get isPassing() {
    return this.isRefusal || this.status === 0 || this.status >= 500;
  }
}

/** One paper, read for all tasks: `{result, timing}`; the timing is milliseconds by stage, `total` among them. */
export async function analyze(paper, signal) {
  const response = await post("v1/analyze", { papers: [paper], tasks: ALL_TASKS }, {}, signal);
  const { results } = await parsed(response);
  return { result: results[0], timing: serverTiming(response.headers.get("server-timing")) };
}

/** Many papers: yields each result as soon as it arrives. */
export async function* analyzeStream(papers, tasks, signal) {
  const response = await post("v1/analyze/stream", { papers, tasks }, { "x-priority": "bulk" }, signal);
  const lines = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await unlessBroken(lines.read());
      if (done) return;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      for (const line of parts) yield JSON.parse(line);
    }
  } finally {
    lines.cancel().catch(() => {});
  }
}

/** `GET /v1/status`. */
export async function readStatus(signal) {
  return parsed(await ask("v1/status", { signal }));
}

async function post(path, body, headers, signal) {
  const json = { "content-type": "application/json", ...headers };
  return ask(path, { method: "POST", headers: json, body: JSON.stringify(body), signal });
}

/** With the reader's key where the service asks for one; what the reader did not ask for asks no second time. */
async function ask(path, options) {
  for (;;) {
    const key = storedKey();
    const headers = { ...options.headers, ...(key && { authorization: `Bearer ${key}` }) };
    const response = await unlessBroken(fetch(path, { ...options, headers }));
    if (response.ok) return response;
    const fault = await faultOf(response);
    if (fault.status !== 401 || !(await askForKey(fault.message, options.method === "POST"))) throw fault;
  }
}

async function parsed(response) {
  return unlessBroken(response.json());
}

async function unlessBroken(promise) {
  try {
    return await promise;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceFault("The service cannot be reached. Is it running, and is the network up?");
  }
}

async function faultOf(response) {
  const { error } = await response.json().catch(() => ({ error: null }));
  const retryAfter = Number.parseFloat(response.headers.get("retry-after"));
  return new ServiceFault(error?.message ?? `The service answered with the status ${response.status}.`, {
    status: response.status,
    code: error?.code ?? "unknown",
    requestId: response.headers.get("x-request-id"),
    retryAfterS: Number.isFinite(retryAfter) ? Math.max(1, retryAfter) : DEFAULT_RETRY_AFTER_S,
  });
}

/** `queue;dur=1.2, total;dur=30` as `{queue: 1.2, total: 30}`. */
export function serverTiming(header) {
  const entries = [...(header ?? "").matchAll(/([\w-]+);dur=([\d.]+)/g)];
  return Object.fromEntries(entries.map(([, name, ms]) => [name, Number(ms)]));
}
