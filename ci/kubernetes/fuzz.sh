#!/bin/sh
# What a pod of fuzz.yaml runs: one shard of the fuzzer, with a relay of its own as its child,
# fuzz.sh FOLDER with the folder that all pods share. RUN names the run; the other variables
# are those of settings.yaml. The log begins with the command.
set -eu
seed=$(printf '%s' "$RUN" | cksum | cut -d ' ' -f 1)
set -- fuzz relay --model --exec "$RELAY" --duration "$DURATION" --seed "$seed" \
  --shard "$((JOB_COMPLETION_INDEX + 1))/$SHARDS" --corpus "$1/corpus" --findings "$1/findings"
printf 'smpcheck'
printf " '%s'" "$@"
echo
exec smpcheck "$@"
