// A gateway of 2026.2.3 to 2026.2.12: a lock file beside the path as it is given, stale by its own time alone.

import { randomUUID } from "node:crypto";
import { open, stat, unlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { LOCK_TIMEOUT_MS, LockTimeout, STALE_MS, figures, replace, run } from "./peer.mjs";

const POLL_MS = 25;

async function tryOnce(lock) {
  try {
    const handle = await open(lock, "wx");
    await handle.writeFile(JSON.stringify({ pid: process.pid, startedAt: Date.now() }), "utf8");
    await handle.close();
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
}

/** Who holds the lock is not asked: after 30 s it is gone. */
async function stealIfStale(lock) {
  try {
    if (Date.now() - (await stat(lock)).mtimeMs <= STALE_MS) return false;
    await unlink(lock);
    figures.steals += 1;
    return true;
  } catch {
    return false;
  }
}

async function acquire(store) {
  const lock = `${store}.lock`;
  const begin = Date.now();
  while (!(await tryOnce(lock))) {
    if (Date.now() - begin > LOCK_TIMEOUT_MS) throw new LockTimeout(`timeout acquiring session store lock: ${lock}`);
    if (await stealIfStale(lock)) continue;
    figures.waits += 1;
    await sleep(POLL_MS);
  }
  // Whoever's lock it is by now.
  return () => unlink(lock).catch(() => {});
}

const save = (store, rows) =>
  replace(store, `${store}.${process.pid}.${randomUUID()}.tmp`, rows, { chmodFirst: false });

await run({ acquire, save, queue: (task) => task() });
