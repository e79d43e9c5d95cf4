# test: servers of their own, the style, all tests, the threads under TSan, and what the README promises.

# How long a whole run of the tests may take, once built, before it is taken for hung.
test_limit=1500
thread_targets='^(ConnectionThread|Postgres|AMQP|SMTP|Model|Expressions|Scores|JourneyProgram|SendGate|Content|Mail|Links|Contracts)Tests\.'

passed=0 failures=0

test_command() {
  case ${1:-} in
    containers) containers_command "${@:2}" ;;
    '') all_tests ;;
    -*) die 64 "test takes a filter, or containers" ;;
    *) (($# == 1)) || die 64 "test takes one filter"; filtered_tests "$1" ;;
  esac
}

all_tests() {
  local start
  start=$(milliseconds)
  prepare_tests
  step "style" lint
  step "build" build_tests
  ((failures)) || {
    swift_tests "tests"
    swift_tests "tests under the thread sanitizer" --sanitize=thread --scratch-path "$root/.build-tsan" \
      --filter "$thread_targets"
    step "README" readme_commands
  }
  finish_tests "$start"
}

filtered_tests() {
  local start
  start=$(milliseconds)
  prepare_tests
  step "build" build_tests
  ((failures)) || swift_tests "tests matching $1" --filter "$1"
  finish_tests "$start"
}

prepare_tests() {
  use_instance test
  lock_instance
  need_packages
  remove_instance
  trap 'clean_tests || true' EXIT
  start_servers
  export LOODS_TEST_DATABASE_URL LOODS_TEST_AMQP_URL LOODS_TEST_AMQP_MANAGEMENT_URL
  LOODS_TEST_DATABASE_URL=$(postgres_url postgres postgres)
  LOODS_TEST_AMQP_URL=$(amqp_url)
  LOODS_TEST_AMQP_MANAGEMENT_URL=$(management_url)
}

# The logs stay until the next run.
clean_tests() {
  if alive rabbitmq; then kill -KILL "$pid" 2>/dev/null || true; fi
  stop_instance
  remove_postgres
  rm -rf "$state/rabbitmq" "$state/postgres.at" "$state/ports" "$state/secrets"
}

finish_tests() { # START
  say "the tests took $(took "$1")"
  ((failures == 0)) || say "logs: $(relative "$state/log")"
  say "$passed passed, $failures failed"
  ((failures == 0)) || exit 1
  exit 0
}

# step NAME COMMAND…: one check that passes or fails as a whole, its output shown when it fails.
step() {
  local name=$1 start log
  shift
  start=$(milliseconds)
  log=$state/log/${name// /-}.log
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
    done_in "$start" "$name"
  else
    failures=$((failures + 1))
    tail -n 60 "$log" >&3
    failed "$name"
  fi
}

lint() {
  (cd "$root" && swift format lint --strict --configuration .swift-format --recursive Package.swift Sources Tests)
}

build_tests() { (cd "$root" && swift build --build-tests); }

# swift_tests NAME ARGUMENT…: shows what fails, counts the rest; no test at all is a failure.
swift_tests() {
  local name=$1 start log code=0 count bad
  shift
  start=$(milliseconds)
  log=$state/log/${name// /-}.log
  (cd "$root" && timeout --kill-after=10 "$test_limit" swift test --disable-xctest "$@" 2>&1) |
    tee "$log" | worth_seeing >&3 || code=${PIPESTATUS[0]}
  count=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' "$log" | tail -n 1)
  bad=$(grep -E ' Test .* failed after' "$log" | grep -vc 'Test run with' || true)
  ((code != 124)) || say "stopped after $test_limit s"
  if [[ -z $count || $count == 0 ]]; then
    failures=$((failures + 1))
    [[ $count == 0 ]] || tail -n 20 "$log" >&3
    failed "$name: no test ran"
    return
  fi
  ((code == 0 || bad > 0)) || bad=1
  failures=$((failures + bad))
  passed=$((passed + count - bad))
  if ((code == 0)); then done_in "$start" "$name: $count passed"; else failed "$name: $bad of $count failed"; fi
}

# Leaves out that things start and pass.
worth_seeing() {
  grep --line-buffered -vE '^(◇ |✔ (Test|Suite) |\[[0-9]+/[0-9]+\]|(Building|Build complete)|↳ *$)' || true
}

# The commands of README.md, as a newcomer would type them, beside whatever runs here.
readme_commands() {
  LOODS_STATE_DIR=$state/readme "$root/deploy/dev.d/readme" "$root"
}
