# The fuzzers: libFuzzer, with the address sanitizer, on everything that reads what strangers write.

fuzz_targets=(events tokens replies mail expressions bounces)
fuzz_seed=2026
# How long each runs in the laboratory.
declare -A fuzz_seconds=([lab]=5 [all]=60)

fuzz_command() { # SECONDS
  local seconds=${1:-10}
  [[ $seconds =~ ^[1-9][0-9]{0,4}$ ]] || die 64 "fuzz takes the seconds that each fuzzer runs"
  use_instance test
  lock_instance
  need_packages
  remove_instance
  create_instance
  tests_started=$(milliseconds) test_limit=$all_faults_limit
  build_step "build" build_tests
  ((failures)) || fuzz_steps "$seconds"
  finish_tests
}

# What is fuzzed is compiled once more, to be watched: our own modules from the ordinary build, in whose place the watched
# ones are linked. To build all dependencies so as well would take longer than all else.
fuzz_modules=(Core/Model Core/Patterns Core/Expressions Core/Links Core/Mail Core/Bounces Core/Content Contracts Drivers/SMTP
  Pipeline/Ingestion)
fuzz_build=$root/.build/fuzz

build_fuzzers() (
  cd "$root" || exit
  built=.build/debug module='' map='' feature='' sources=()
  flags=(-g -swift-version 6 -parse-as-library "-sanitize=fuzzer,address" -enable-testing)
  for feature in ExistentialAny MemberImportVisibility InternalImportsByDefault; do
    flags+=(-enable-upcoming-feature "$feature")
  done
  flags+=(-I "$built/Modules" -Xcc "-I$(pg_config --includedir)")
  for feature in $(pkg-config --cflags-only-I gmime-3.0); do flags+=(-Xcc "$feature"); done
  for map in "$built"/*.build/module.modulemap .build/checkouts/*/Sources/*/include/module.modulemap \
    Sources/Drivers/*{,/include}/module.modulemap; do
    [[ ! -e $map || $map == *-tool.build/* ]] || flags+=(-Xcc "-fmodule-map-file=$map")
  done
  mkdir -p "$fuzz_build"
  clang++ -g -O1 -std=c++17 -fsanitize=fuzzer-no-link,address -ISources/Drivers/CJSON/include \
    -c Sources/Drivers/CJSON/json.cpp -o "$fuzz_build/CJSON.o" || exit
  # shellcheck disable=SC2046
  clang -g -O1 -fsanitize=fuzzer-no-link,address -ISources/Drivers/CMIME/include $(pkg-config --cflags gmime-3.0) \
    -c Sources/Drivers/CMIME/mime.c -o "$fuzz_build/CMIME.o" || exit
  for module in "${fuzz_modules[@]}"; do
    sources=("Sources/$module")
    # What a build makes of files that are embedded.
    [[ ! -d $built/${module##*/}.build/DerivedSources ]] || sources+=("$built/${module##*/}.build/DerivedSources")
    find "${sources[@]}" -name '*.swift' -print0 |
      xargs -0 swiftc -emit-object -wmo "${flags[@]}" -module-name "${module##*/}" \
        -o "$fuzz_build/${module##*/}.o" || exit
  done
  cat "$built"/{ingest,scheduler,mailer}.product/Objects.LinkFileList | sort -u |
    grep -vE "/(CJSON|CMIME|ingest|scheduler|mailer|Journeys|Delivery|$(IFS='|' && echo "${fuzz_modules[*]##*/}"))\.build/" >"$fuzz_build/others"
  swiftc "${flags[@]}" -module-name fuzz Tests/Fuzzers/fuzz/*.swift "$fuzz_build"/*.o "@$fuzz_build/others" \
    -lpq -lrabbitmq -lz -lsimdjson -lre2 -lmaxminddb -lgmime-3.0 -lgobject-2.0 -lglib-2.0 -lstdc++ -o "$fuzz_build/fuzz"
)

# fuzz_steps SECONDS: after a build of the tests, one of the fuzzers, and for each target that many seconds from the same seed and the same corpus: one check each.
fuzz_steps() {
  build_step "build the fuzzers" build_fuzzers
  ((failures)) && return
  for target in "${fuzz_targets[@]}"; do step "fuzz $target" fuzz_target "$target" "$1"; done
}

# fuzz_target NAME SECONDS: what it finds anew stays beside the logs, so that a run leaves the checkout as it was.
fuzz_target() {
  local found=$state/fuzz/$1
  mkdir -p "$found"
  # Containers of libraries that are not watched look overflown to the sanitizer, and what only tagged pointers lead to, lost.
  # Swift's own tracer of crashes is at odds with the sanitizer, and would outlive the run.
  SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_container_overflow=0:detect_leaks=0 LOODS_FUZZ_TARGET=$1 bounded "$fuzz_build/fuzz" "$found" "$root/Tests/Fuzzers/Seeds/$1" \
    -seed="$fuzz_seed" -max_total_time="$2" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -detect_leaks=0 \
    -artifact_prefix="$state/log/fuzz-$1-"
}

# An input that was found is tried again by hand: LOODS_FUZZ_TARGET=NAME .build/fuzz/fuzz FILE
