#!/bin/sh
# Tests a relay in a pipeline: builds smpcheck, runs it, leaves its reports in a folder.
#
#   ci/smpcheck.sh relay [FLAGS] [smp://FINGERPRINT@HOST[:PORT]]
#   ci/smpcheck.sh merge FILE...        the JSON reports of all shards
#
# Environment, all optional:
#
#   SMPCHECK             the program; nothing is built if it is set
#   SMPCHECK_REPOSITORY  a Git repository of smpcheck to build from, and
#   SMPCHECK_REF         the tag, branch or commit in it; without a repository the
#                        checkout that this script is in is built
#   SMPCHECK_FLAGS       further flags for relay, one a line, such as --profile=core
#   SMPCHECK_SEED        the value of --seed, for relay
#   SMPCHECK_SHARD       the value of --shard, for relay; exit code 1 becomes 0 then,
#                        since merge judges the whole run
#   SMPCHECK_REPORTS     the folder of the reports (default smpcheck-reports)
#   SMPCHECK_NAME        the name of the reports (default smpcheck, smpcheck-I of a shard)
#   SMPCHECK_FORMATS     their formats (default text json junit html)
#
# The exit code is that of smpcheck: 0 as expected, 1 a failure, 2 bad usage, 3 the relay
# cannot be reached or smpcheck cannot be built.
set -eu

fail() {
  code=$1
  shift
  printf 'smpcheck.sh: %s\n' "$*" >&2
  exit "$code"
}

command=${1:-}
case $command in
  relay | merge) shift ;;
  *) fail 2 "unknown command \"$command\", expected relay or merge" ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build prints the path of the program.
build() {
  if [ -n "${SMPCHECK:-}" ]; then
    printf '%s\n' "$SMPCHECK"
    return
  fi
  source=$(dirname "$0")/..
  if [ -n "${SMPCHECK_REPOSITORY:-}" ]; then
    source=$work/source
    git init -q "$source" >&2 &&
      git -C "$source" fetch -q --depth 1 "$SMPCHECK_REPOSITORY" "${SMPCHECK_REF:-HEAD}" >&2 &&
      git -C "$source" checkout -q FETCH_HEAD >&2 || return
  fi
  (cd "$source" && go build -trimpath -o "$work/smpcheck" ./cmd/smpcheck) >&2 || return
  printf '%s\n' "$work/smpcheck"
}

# The name of a report's file ends as its format is usually named.
ending() {
  case $1 in
    text) echo txt ;;
    junit) echo xml ;;
    *) echo "$1" ;;
  esac
}

program=$(build) || fail 3 "smpcheck cannot be built"
reports=${SMPCHECK_REPORTS:-smpcheck-reports}
shard=
[ "$command" = merge ] || shard=${SMPCHECK_SHARD:-}
name=${SMPCHECK_NAME:-smpcheck${shard:+-${shard%%/*}}}
mkdir -p "$reports" || fail 2 "the folder $reports cannot be made"

if [ "$command" = relay ]; then
  while IFS= read -r flag; do
    [ -z "$flag" ] || set -- "$@" "$flag"
  done <<EOF
${SMPCHECK_FLAGS:-}
EOF
  [ -z "$shard" ] || set -- "$@" --shard "$shard"
  [ -z "${SMPCHECK_SEED:-}" ] || set -- "$@" --seed "$SMPCHECK_SEED"
fi
for format in ${SMPCHECK_FORMATS:-text json junit html}; do
  set -- "$@" --report "$format=$reports/$name.$(ending "$format")"
done

code=0
"$program" "$command" "$@" || code=$?
if [ -n "$shard" ] && [ "$code" -eq 1 ]; then
  echo "smpcheck.sh: shard $shard does not pass by itself; smpcheck.sh merge judges the whole run" >&2
  code=0
fi
exit "$code"
