// A gateway of 2026.2.17 to 2026.2.21: whatever payload it cannot read it takes for stale, at once. So it robs whoever
// has just made the file, and when a lock goes while it looks, whoever has made the next one.

import { randomUUID } from "node:crypto";
import { inLine, replace, run } from "./peer.mjs";
import { acquireBy, ageOf, isAlive, isPid, isTooOld } from "./payload.mjs";

const describe = () => ({ pid: process.pid, createdAt: new Date().toISOString() });

const isStale = (payload) =>
  !isPid(payload?.pid) || !isAlive(payload.pid) || Number.isNaN(ageOf(payload)) || isTooOld(payload);

const save = (store, rows) =>
  replace(store, `${store}.${process.pid}.${randomUUID()}.tmp`, rows, { chmodFirst: false });

await run({ acquire: acquireBy({ describe, isStale }), save, queue: inLine() });
