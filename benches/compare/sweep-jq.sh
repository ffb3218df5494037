#!/bin/sh
# The job with jq, which makes nothing durable itself: sweep-jq.sh JQ NOW STORE
set -eu
temp="$3.tmp"
# shellcheck disable=SC2016 # these dollars are for jq
"$1" --indent 2 --argjson oldest "$(($2 - 86400000))" '
    with_entries(select((
        (.key | contains("cron:") and contains(":run:"))
        and (.value.updatedAt | type == "number" and . < $oldest)
    ) | not))' "$3" >"$temp"
sync "$temp"
mv "$temp" "$3"
sync "$(dirname "$3")"
