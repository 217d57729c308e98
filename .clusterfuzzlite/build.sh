#!/bin/bash -eu
# Builds every native fuzz target for libFuzzer, and its seeds, as ClusterFuzzLite and OSS-Fuzz
# want them: $OUT/TARGET and $OUT/TARGET_seed_corpus.zip. Arguments, if any, are the packages
# whose targets are built, such as ./reference/smp.
#
# compile_native_go_fuzzer of the image cannot build these targets: it replaces the package
# testing by another, which has no testing.TB, and leaves out external test packages and other
# test files. fuzz/libfuzzer/prepare says how it is done instead.
#
# The environment is that of the image: SRC, OUT, WORK, CC, CXX, CFLAGS, CXXFLAGS,
# LIB_FUZZING_ENGINE, SANITIZER. With SANITIZER=coverage a target is a script for the runner of
# coverage reports, which runs the test of Go on a corpus.
set -o pipefail

cd "$SRC/smpcheck"
here=$PWD
module=$(go list -m)
# The checkout may belong to another user, of whom Git would not tell Go anything.
flags=(-buildvcs=false)

programs=$WORK/programs
rm -rf "$programs"
mkdir -p "$programs"
go run "${flags[@]}" ./fuzz/libfuzzer/prepare "$programs" "$@" >"$WORK/targets"

# tool PROGRAM FILE: what exports seeds and converts inputs.
tool() {
  CGO_ENABLED=0 go build "${flags[@]}" -overlay "$programs/$1/overlay.json" -o "$2" "$programs/$1/main.go"
}

# archive PROGRAM: all targets of a package, instrumented but for what runs them and what
# reads seeds, which would take most of the time until the first input. Stack traces of Go do
# not need the tables for debuggers (-w), which would be a third of each target.
instrument=(-tags libfuzzer -gcflags all=-d=libfuzzer)
for uninstrumented in testing compress/flate compress/gzip hash/crc32 "$module/vectors" "$module/fuzz/libfuzzer"; do
  instrument+=(-gcflags "$uninstrumented=-d=libfuzzer=0")
done
archive() {
  CGO_ENABLED=1 go build "${flags[@]}" "${instrument[@]}" -overlay "$programs/$1/overlay.json" \
    -buildmode c-archive -trimpath -ldflags=-w -o "$WORK/$1.a" "$programs/$1"/*.go
}

# libfuzzer TARGET PROGRAM FUNCTION. The flags are lists of words.
libfuzzer() {
  # shellcheck disable=SC2086
  $CC $CFLAGS -DTARGET="\"$3\"" -c -o "$WORK/$1.o" "$here/.clusterfuzzlite/target.c"
  # shellcheck disable=SC2086
  $CXX $CXXFLAGS $LIB_FUZZING_ENGINE "$WORK/$1.o" "$WORK/$2.a" -o "$OUT/$1"
}

# coverage TARGET PROGRAM FUNCTION. The runner knows a target by the words in the first line.
coverage() {
  cat >"$OUT/$1" <<SCRIPT
#!/bin/bash -eu
# LLVMFuzzerTestOneInput, FUZZ_CORPUS_DIR, testing.T
here=\$(cd "\$(dirname "\$0")" && pwd)
work=\$(mktemp -d)
trap 'rm -rf "\$work"' EXIT
flags=()
for flag; do
  case \$flag in -test.run=*) ;; *) flags+=("\$flag") ;; esac
done
"\$here/go/$2.tool" $3 convert "\$work/testdata/fuzz/$3" "\$FUZZ_CORPUS_DIR"
cd "\$work"
"\$here/go/$2.test" "-test.run=^$3\\$" "\${flags[@]}"
SCRIPT
  chmod +x "$OUT/$1"
  echo "s=$module=$here=" >"$OUT/$1.gocovpath"
}

built=
while IFS=$'\t' read -r target program function package directory; do
  if [ "$program" != "$built" ]; then
    built=$program
    tool "$program" "$WORK/$program.tool"
    if [ "$SANITIZER" = coverage ]; then
      mkdir -p "$OUT/go"
      cp "$WORK/$program.tool" "$OUT/go/$program.tool"
      go test "${flags[@]}" -c -vet=off -covermode=atomic -coverpkg="$module/..." -o "$OUT/go/$program.test" "$package"
    else
      archive "$program"
    fi
  fi
  if [ "$SANITIZER" = coverage ]; then
    coverage "$target" "$program" "$function"
  else
    libfuzzer "$target" "$program" "$function"
  fi
  (cd "$directory" && "$WORK/$program.tool" "$function" seeds "$OUT/${target}_seed_corpus.zip")
done <"$WORK/targets"
echo "$(wc -l <"$WORK/targets") fuzz targets"
