#!/bin/sh
# Bounds a corpus that many fuzzers write: prune.sh FOLDER, with the most files in MAX_FILES.
# What a fuzzer that was killed had begun to write, its name beginning with a dot, goes after a
# day. Of the programs the largest go first: the smaller of two that show the same is worth
# more, and what only a large one shows is found again. Findings are never touched.
set -eu
folder=$1
cd "$folder"
find . -type f -name '.*' -mtime +0 -exec rm -f {} +
count=$(find . -type f ! -name '.*' | wc -l)
if [ "$count" -gt "$MAX_FILES" ]; then
  find . -type f ! -name '.*' -exec wc -c {} + | grep -v ' total$' | sort -k 1,1nr -k 2 |
    head -n "$((count - MAX_FILES))" | while read -r _ file; do rm -f "$file"; done
fi
echo "$count programs were there, $(find . -type f ! -name '.*' | wc -l) are left"
