# The executables, built once per run of this script.

bin=$root/.build/release

# Builds every product for release.
build_release() {
  local start log=$state_root/build.log
  start=$(milliseconds)
  mkdir -p "$state_root"
  if ! (cd "$root" && swift build -c release 2>&1 | tee "$log" | ticker building); then
    grep -E 'error:' "$log" >&2 || true
    die_with_log "$log" "the build failed"
  fi
  done_in "$start" "built"
}
