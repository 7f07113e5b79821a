import { analyzeStream, ServiceFault } from "./api.js";

const BATCH_PAPERS = 64;
const BATCH_CHARS = 1_000_000; // well below the largest body that the service takes
const BATCHES_AT_ONCE = 2;
const ATTEMPTS = 4;
const FIRST_BACKOFF_S = 1;

/**
 * Sends many papers in small batches, two at a time. A refusal is waited out as long as it lasts; what fails otherwise is
 * tried again a few times, and then each paper of it that has no result gets the reason.
 *
 * @param {{id: string, title?: string, abstract?: string}[]} papers
 * @param {object} options
 * @param {string[]} options.tasks
 * @param {AbortSignal} options.signal
 * @param {(place: number, result: object) => void} options.onResult once for each paper, by its place in `papers`
 * @param {(seconds: number) => void} options.onWait before the wait that a refusal asks for
 */
export async function readInBatches(papers, { tasks, signal, onResult, onWait }) {
  const queue = batchesOf(papers);
  const workers = Array.from({ length: BATCHES_AT_ONCE }, async () => {
    for (let batch = queue.shift(); batch && !signal.aborted; batch = queue.shift()) await readBatch(batch);
  });
  await Promise.all(workers);

  async function readBatch(batch) {
    const left = new Map(batch);
    for (let failures = 0; left.size;) {
      try {
        await readOnce(left);
      } catch (fault) {
        if (signal.aborted) return;
        if (!(fault instanceof ServiceFault)) throw fault;
        if (fault.isRefusal) {
          onWait(fault.retryAfterS);
          await pause(fault.retryAfterS, signal);
          continue;
        }
        failures += 1;
        if (!fault.isPassing || failures === ATTEMPTS) {
          giveUp(left, fault);
          return;
        }
        await pause(FIRST_BACKOFF_S * 2 ** (failures - 1), signal);
      }
    }
  }

  async function readOnce(left) {
    // Ids of a file may be there twice; places are not.
    const sent = [...left].map(([place, paper]) => ({ ...paper, id: String(place) }));
    for await (const result of analyzeStream(sent, tasks, signal)) {
      const place = Number(result.abstract_id);
      if (left.delete(place)) onResult(place, { ...result, abstract_id: papers[place].id });
    }
    if (left.size) throw new ServiceFault("The answer broke off before this paper.", { code: "broken_off" });
  }

  function giveUp(left, { message, code }) {
    for (const place of left.keys()) {
      onResult(place, { abstract_id: papers[place].id, error: { message, type: "client", param: null, code } });
    }
  }
}

function batchesOf(papers) {
  const batches = [[]];
  let chars = 0;
  papers.forEach(({ id, title, abstract }, place) => {
    const length = (title?.length ?? 0) + (abstract?.length ?? 0);
    const batch = batches.at(-1);
    if (batch.length === BATCH_PAPERS || (batch.length && chars + length > BATCH_CHARS)) {
      batches.push([]);
      chars = 0;
    }
    batches.at(-1).push([place, { id, title, abstract }]);
    chars += length;
  });
  return batches;
}

function pause(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
