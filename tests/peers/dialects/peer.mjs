// What all peers do: so many read-modify-writes of a store, each under the lock of a dialect.
//
//   node <dialect>.mjs STORE NAME COUNT [WRITERS]
//
// Says `ready` and begins when stdin ends, so that a test can let many begin at one moment. WRITERS (1) of them work side by side in this one
// process, as the callers of one gateway do, and make COUNT updates each. An update adds the row
// `agent:main:telegram:direct:<NAME>-<writer>-<n>`. At the end one line of JSON tells the figures.

import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export const LOCK_TIMEOUT_MS = 10_000;
export const STALE_MS = 30_000;

/** What happened beside the updates. */
export const figures = { updates: 0, waits: 0, timeouts: 0, steals: 0 };

/** What a gateway throws when somebody else holds the lock for too long. */
export class LockTimeout extends Error {}

/** Gateways take a store that they cannot read for an empty one, and write that back: damage becomes loss. */
async function load(store) {
  try {
    return JSON.parse(await readFile(store, "utf8"));
  } catch {
    return {};
  }
}

/** A temporary file beside the store, then a rename. */
export async function replace(store, temp, rows, { chmodFirst }) {
  await writeFile(temp, JSON.stringify(rows, null, 2), { mode: 0o600, encoding: "utf8" });
  try {
    if (chmodFirst) await chmod(temp, 0o600);
    await rename(temp, store);
    await chmod(store, 0o600);
  } finally {
    await rm(temp, { force: true });
  }
}

/** From 2.17 on the callers of one process stand in a line before any of them goes for the lock file. */
export function inLine() {
  let last = Promise.resolve();
  return (task) => {
    const mine = last.then(task);
    last = mine.catch(() => {});
    return mine;
  };
}

async function update({ acquire, save }, store, key) {
  const release = await acquire(store);
  try {
    const rows = await load(store);
    rows[key] = { sessionId: key.slice(-8), updatedAt: Date.now() };
    await save(store, rows);
  } finally {
    await release();
  }
}

async function untilDone(dialect, store, key) {
  for (;;) {
    try {
      await dialect.queue(() => update(dialect, store, key));
      figures.updates += 1;
      return;
    } catch (error) {
      // The caller of a gateway is told that nothing was written; it would try again.
      if (!(error instanceof LockTimeout)) throw error;
      figures.timeouts += 1;
    }
  }
}

async function writer(dialect, store, name, count) {
  for (let n = 0; n < count; n += 1) {
    await untilDone(dialect, store, `agent:main:telegram:direct:${name}-${n}`);
    // No gateway writes without a breath; without one a peer would keep all others from their lock.
    await sleep(Math.random() * 4);
  }
}

/** `dialect`: `acquire(store)` gives a function that releases, `save(store, rows)` writes, `queue(task)` runs a task. */
export async function run(dialect) {
  const [store, name, count, writers = "1"] = process.argv.slice(2);
  console.log("ready");
  for await (const _ of process.stdin);
  const all = Array.from({ length: Number(writers) }, (_, w) => writer(dialect, store, `${name}-${w}`, Number(count)));
  await Promise.all(all);
  console.log(JSON.stringify(figures));
}
