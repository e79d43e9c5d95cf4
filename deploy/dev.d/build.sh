# The executables, built once per run of this script.

bin=$root/.build/release

products=(ingest scoring scheduler mailer loods catcher)

# Builds the executables for release, and nothing that only tests need.
build_release() { # PRODUCT…, besides
  local start log=$state_root/build.log
  start=$(milliseconds)
  mkdir -p "$state_root"
  if ! compile_release "$@" 2>&1 | tee "$log" | ticker building; then
    grep -E 'error:' "$log" >&2 || true
    die_with_log "$log" "the build failed"
  fi
  done_in "$start" "built"
}

compile_release() { # PRODUCT…, besides
  (cd "$root" && for product in "${products[@]}" "$@"; do swift build -c release --product "$product" || exit 1; done)
}
