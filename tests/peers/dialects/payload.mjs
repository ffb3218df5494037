// What 2026.2.17 to 2026.4.30-beta.1 have in common: a lock file beside the real folder, with a payload that is written
// after the file was made, so that for an instant it is empty.

import { readFileSync } from "node:fs";
import { open, readFile, realpath, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LOCK_TIMEOUT_MS, LockTimeout, STALE_MS, figures } from "./peer.mjs";

/** A signal that cannot be sent, for whatever reason, means dead; so does a zombie. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** When the process started, in clock ticks: field 22. The program's name, field 2, may hold spaces and brackets. */
export function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  } catch {
    return null;
  }
}

/** The age that a payload states, NaN where it states none. */
export const ageOf = (payload) => Date.now() - Date.parse(payload?.createdAt);

export const isPid = (pid) => Number.isInteger(pid) && pid > 0;

export const isTooOld = (payload) => ageOf(payload) > STALE_MS;

/** What stands in a lock; null where it is empty, no JSON, or gone. */
async function read(lock) {
  try {
    return JSON.parse(await readFile(lock, "utf8"));
  } catch {
    return null;
  }
}

/** The lock's handle, which stays open while it is held; null where somebody else has it. */
async function tryOnce(lock, describe) {
  try {
    const handle = await open(lock, "wx");
    await handle.writeFile(JSON.stringify(describe(), null, 2), "utf8");
    return handle;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return null;
  }
}

async function release(handle, lock) {
  await handle.close();
  // Whoever's lock it is by now.
  await rm(lock, { force: true });
}

/** `describe()` is the payload, `isStale(payload, lock)` says whether somebody else's lock may be taken. */
export const acquireBy = ({ describe, isStale }) =>
  async function acquire(store) {
    const lock = join(await realpath(dirname(store)), `${basename(store)}.lock`);
    const begin = Date.now();
    for (let attempt = 1; Date.now() - begin < LOCK_TIMEOUT_MS; attempt += 1) {
      const handle = await tryOnce(lock, describe);
      if (handle) return () => release(handle, lock);
      if (await isStale(await read(lock), lock)) {
        figures.steals += 1;
        await rm(lock, { force: true });
        continue;
      }
      figures.waits += 1;
      await sleep(Math.min(1000, 50 * attempt));
    }
    throw new LockTimeout(`session file locked (timeout ${LOCK_TIMEOUT_MS}ms): ${lock}`);
  };
