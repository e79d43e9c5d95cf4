# The executables, built once per run of this script: for release, or as LOODS_CONFIGURATION says.

configuration=${LOODS_CONFIGURATION:-release}
bin=$root/.build/$configuration

products=(ingest scoring scheduler mailer loods catcher)

# Builds the executables, and nothing that only tests need.
build_products() { # PRODUCT…, besides
  local start log=$state_root/build.log
  start=$(milliseconds)
  mkdir -p "$state_root"
  if ! compile_products "$@" 2>&1 | tee "$log" | ticker building; then
    grep -E 'error:' "$log" >&2 || true
    die_with_log "$log" "the build failed"
  fi
  done_in "$start" "built"
}

compile_products() { # PRODUCT…, besides
  (cd "$root" && for product in "${products[@]}" "$@"; do swift build -c "$configuration" --product "$product" || exit 1; done)
}
