// Uses the store as a gateway does: OpenClaw's own read-modify-write, so many times.
//
//   node gateway.mjs OPENCLAW STORE NAME COUNT
//
// OPENCLAW is the folder that install.sh has made. Says `ready` and begins when stdin ends. The n-th update counts one more
// in the row `agent:main:telegram:direct:<NAME>-<n mod 20>` and adds a run that expired an hour ago, whose id ends in n.
// At the end one line of JSON tells the figures.

import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const COUNTERS = 20;
const HOUR = 3_600_000;

const [openclaw, store, name, count] = process.argv.slice(2);
const sdk = createRequire(join(openclaw, "package.json")).resolve("openclaw/plugin-sdk/session-store-runtime");
const { updateSessionStore } = await import(pathToFileURL(sdk));
const figures = { updates: 0, timeouts: 0 };

function change(rows, n) {
  const counter = `agent:main:telegram:direct:${name}-${n % COUNTERS}`;
  const counted = rows[counter]?.counted ?? 0;
  rows[counter] = { sessionId: `${name}-${n % COUNTERS}`, updatedAt: Date.now(), counted: counted + 1 };
  const id = `0f6a2b1c-1111-4222-8333-${String(n).padStart(12, "0")}`;
  rows[`agent:main:cron:${name}:run:${id}`] = { sessionId: id, updatedAt: Date.now() - 25 * HOUR };
}

async function update(n) {
  for (;;) {
    try {
      await updateSessionStore(store, (rows) => change(rows, n));
      figures.updates += 1;
      return;
    } catch (error) {
      // The caller is told that nothing was written; it would try again.
      if (!String(error.message).includes("session file locked")) throw error;
      figures.timeouts += 1;
    }
  }
}

console.log("ready");
for await (const _ of process.stdin);
for (let n = 0; n < Number(count); n += 1) {
  await update(n);
  // No gateway writes without a breath; without one it would keep all others from their lock.
  await sleep(Math.random() * 4);
}
console.log(JSON.stringify(figures));
