"""The job with orjson: sweep.py FOLDER_OF_ORJSON NOW STORE."""

import os
import sys

library, now, store = sys.argv[1:]
sys.path.insert(0, library)
import orjson  # noqa: E402

OLDEST = int(now) - 24 * 60 * 60 * 1000


def expired(key, row):
    is_run = "cron:" in key and ":run:" in key
    return is_run and isinstance(row, dict) and row.get("updatedAt", OLDEST) < OLDEST


with open(store, "rb") as file:
    rows = orjson.loads(file.read())
rows = {key: row for key, row in rows.items() if not expired(key, row)}
temp = store + ".tmp"
with open(temp, "wb") as file:
    file.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    file.flush()
    os.fsync(file.fileno())
os.rename(temp, store)
folder = os.open(os.path.dirname(store), os.O_RDONLY)
os.fsync(folder)
