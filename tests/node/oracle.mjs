// What JavaScript says about documents. Reads a batch of them, answers one line of JSON for each.
//
// The batch: for each document its text, our text without some keys, and those keys as a JSON array; each of the three
// as a 32-bit little-endian length and so many bytes.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

const batch = readFileSync(process.argv[2]);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
let at = 0;

function blob() {
  const end = at + 4 + batch.readUInt32LE(at);
  const bytes = batch.subarray(at + 4, end);
  at = end;
  return bytes;
}

const isPlainObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// The object that a text is; undefined when a store cannot be that text. One byte order mark is passed over.
function parse(bytes) {
  try {
    const value = JSON.parse(utf8.decode(bytes).replace(/^\ufeff/, ""));
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

// UTF-16 units in hexadecimal: every JavaScript string has such a text, half a surrogate pair too.
function hex(text) {
  return Array.from({ length: text.length }, (_, i) => text.charCodeAt(i).toString(16).padStart(4, "0")).join("");
}

function updatedAt(row) {
  if (!isPlainObject(row) || !Object.hasOwn(row, "updatedAt")) return "none";
  return typeof row.updatedAt === "number" ? String(row.updatedAt) : typeof row.updatedAt;
}

// Whether `output` is `store` without `doomed`, the order of keys included.
function isWithout(store, doomed, output) {
  for (const key of doomed) delete store[key];
  return (
    output !== undefined &&
    isDeepStrictEqual(Object.keys(output), Object.keys(store)) &&
    Object.keys(store).every((key) => isDeepStrictEqual(output[key], store[key])) &&
    isDeepStrictEqual(JSON.stringify(output), JSON.stringify(store))
  );
}

const answers = [];
while (at < batch.length) {
  const [input, output, doomed] = [blob(), blob(), blob()];
  const store = parse(input);
  const keys = store && Object.fromEntries(Object.keys(store).map((key) => [hex(key), updatedAt(store[key])]));
  const same = store && isWithout(store, JSON.parse(utf8.decode(doomed)), parse(output));
  answers.push(JSON.stringify({ accepted: store !== undefined, keys: keys ?? {}, same: same ?? false }));
}
process.stdout.write(answers.join("\n") + "\n");
