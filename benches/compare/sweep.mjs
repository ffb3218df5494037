// The job as a gateway does it in JavaScript: node sweep.mjs NOW PATH, where PATH is a store, or a folder of many.
import fs from "node:fs";
import path from "node:path";

const [now, where] = process.argv.slice(2);
const oldest = Number(now) - 24 * 60 * 60 * 1000;

function stores() {
  if (fs.statSync(where).isFile()) return [where];
  const agents = path.join(where, "agents");
  return fs.readdirSync(agents).map((name) => path.join(agents, name, "sessions", "sessions.json"));
}

function durable(file, flags, work) {
  const fd = fs.openSync(file, flags);
  work?.(fd);
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

for (const store of stores()) {
  const rows = JSON.parse(fs.readFileSync(store, "utf8"));
  for (const [key, row] of Object.entries(rows)) {
    if (key.includes("cron:") && key.includes(":run:") && row?.updatedAt < oldest) delete rows[key];
  }
  const temp = `${store}.tmp`;
  durable(temp, "w", (fd) => fs.writeFileSync(fd, JSON.stringify(rows, null, 2)));
  fs.renameSync(temp, store);
  durable(path.dirname(store), "r");
}
