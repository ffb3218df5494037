// A gateway of 2026.3.2 to 2026.4.25: the start of its process stands in the lock, so that another process with the same
// number is no holder; a payload it cannot read is stale only when the file is older than 30 s.

import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { STALE_MS, inLine, replace, run } from "./peer.mjs";
import { acquireBy, ageOf, isAlive, isPid, isTooOld, startTime } from "./payload.mjs";

const describe = () => ({
  pid: process.pid,
  createdAt: new Date().toISOString(),
  starttime: startTime(process.pid),
});

function isRecycled({ pid, starttime }) {
  const now = startTime(pid);
  return Number.isInteger(starttime) && now !== null && now !== starttime;
}

async function isOldFile(lock) {
  try {
    return Date.now() - (await stat(lock)).mtimeMs > STALE_MS;
  } catch (error) {
    // It went while it was looked at: nothing to take.
    return error.code !== "ENOENT";
  }
}

async function isStale(payload, lock) {
  const named = isPid(payload?.pid);
  if (named && (!isAlive(payload.pid) || isRecycled(payload))) return true;
  if (isTooOld(payload)) return true;
  return !named || Number.isNaN(ageOf(payload)) ? isOldFile(lock) : false;
}

const save = (store, rows) => replace(store, `${store}.${randomUUID()}.tmp`, rows, { chmodFirst: true });

await run({ acquire: acquireBy({ describe, isStale }), save, queue: inLine() });
