# test: servers of their own, the style, all tests, the threads under TSan, and what the README promises.

# What all tests may take together on two quiet cores, once built: seconds. Where the machine has others to serve they take
# longer, which is said; what takes three times as long hangs, and is stopped.
test_limit=900
# What the laboratory of faults may take; with --all it may take longer.
faults_limit=480 all_faults_limit=3600
# What the thread sanitizer looks at, and an executable that some of it starts.
thread_targets=(
  {Postgres,AMQP,SMTP,MailReception,Model,Expressions,Scores,JourneyProgram,SendGate,Content,Mail,Links,Contracts}Tests
  catcher
)
# Where all tests run, these run under it alone.
thread_tests="^($(IFS='|'; echo "${thread_targets[*]}"))\."

# Each of these starts several processes, and some of them servers: more than a few at once would starve each other on two
# cores, and what waits for one would give up.
cluster_tests='^(Cluster|Fault)Tests\.'
few=3 several=8 many=12
# Whoever is under fire waits most of the time.
under_fire=4

# Whole clusters under faults, facts in any order, and what the edge accepts put to the store.
laboratory='^FaultTests\.|^AudienceTests\.OrderFreeTests|^SecurityTests\.AcceptanceTests|^DeliveryTests\.FinalStatesTests'

# Steps of their own, since on two cores nothing else should run beside them: three brokers write much, how fast a backlog
# goes away is a ratio, and a hundred thousand runs take all there is. A width of one would stop them: a suite holds one
# place while its test waits for another.
three_brokers='^FaultTests\.BrokerClusterTests' draining='^FaultTests\.DrainTests'
live_change='^ClusterTests\.LiveChangeTests'

# As the thread sanitizer needs them built.
sanitized=(--sanitize=thread --scratch-path "$root/.build-tsan")

passed=0 failures=0

# When the first step began, and the milliseconds of building since.
tests_started=0 building=0

test_command() {
  case ${1:-} in
    containers) containers_command "${@:2}" ;;
    faults) fault_tests "${@:2}" ;;
    fuzz) fuzz_command "${@:2}" ;;
    '') all_tests ;;
    -*) die 64 "test takes a filter, faults, fuzz, or containers" ;;
    *) (($# == 1)) || die 64 "test takes one filter"; filtered_tests "$1" ;;
  esac
}

all_tests() {
  prepare_tests
  step "style" lint
  check_alerts
  step "what was released is as it was" released_is_kept
  build_step "build" build_tests
  ((failures)) ||
    LOODS_TEST_TARGETS=${thread_targets[*]} build_step "build for the thread sanitizer" build_tests "${sanitized[@]}"
  ((failures)) || {
    swift_tests "tests" "$many" --skip "$cluster_tests" --skip "$thread_tests"
    swift_tests "tests of whole clusters" "$few" --filter "$cluster_tests"
    LOODS_TEST_TARGETS=${thread_targets[*]} swift_tests "tests under the thread sanitizer" "$several" "${sanitized[@]}"
    step "README" readme_commands
  }
  finish_tests
}

filtered_tests() {
  prepare_tests
  build_step "build" build_tests
  ((failures)) || swift_tests "tests matching $1" "$((2 * few))" --filter "$1"
  finish_tests
}

# The laboratory: whole clusters whose processes and servers are killed, frozen and cut off; then what became of it.
fault_tests() { # [--all]
  local level=lab
  test_limit=$faults_limit
  case ${1:-} in
    '') ;;
    --all) level=all test_limit=$all_faults_limit ;;
    *) die 64 "test faults takes --all, or nothing" ;;
  esac
  ((EUID != 0)) || need_packages "${network_packages[@]}"
  prepare_tests
  export LOODS_TEST_FAULTS=$level LOODS_TEST_FAULT_TABLE=$state/log/faults.jsonl
  rm -f "$LOODS_TEST_FAULT_TABLE"
  build_step "build" build_tests
  ((failures)) || {
    build_step "release before" need_release_before
    swift_tests "laboratory" "$under_fire" --filter "$laboratory" --skip "$three_brokers|$draining"
    swift_tests "three brokers" "$few" --filter "$three_brokers"
    [[ $level != all ]] || {
      swift_tests "draining" "$few" --filter "$draining"
      swift_tests "a live change" "$few" --filter "$live_change"
    }
    fuzz_steps "${fuzz_seconds[$level]}"
  }
  [[ ! -s $LOODS_TEST_FAULT_TABLE ]] || "$root/deploy/dev.d/fault-table" "$LOODS_TEST_FAULT_TABLE" >&3
  finish_tests
}

prepare_tests() {
  use_instance test
  lock_instance
  need_packages "$venv_package"
  remove_instance
  trap 'clean_tests || true' EXIT
  start_servers
  export LOODS_TEST_DATABASE_URL LOODS_TEST_AMQP_URL LOODS_TEST_AMQP_MANAGEMENT_URL
  LOODS_TEST_DATABASE_URL=$(postgres_url postgres postgres)
  LOODS_TEST_AMQP_URL=$(amqp_url)
  LOODS_TEST_AMQP_MANAGEMENT_URL=$(management_url)
  fetch_segment_sdk
  fetch_schemathesis
  fetch_dkim_verifiers
  fetch_name_server
  fetch_pandas
  find_spamassassin
  find_mail_servers
  use_release_before
  tests_started=$(milliseconds)
}

# Segment's SDK, for the test that points it at us.
fetch_segment_sdk() {
  if fetch_from_pypi venv-sdk segment-analytics-python==2.4.0 "import segment.analytics"; then
    export LOODS_TEST_SEGMENT_PYTHON=$state_root/venv-sdk/bin/python
  else
    note "the Segment SDK could not be had: its test is skipped (see $(relative "$state/log/venv-sdk.log"))"
  fi
}

# What holds ingest against the description of itself.
fetch_schemathesis() {
  if fetch_from_pypi venv-schemathesis schemathesis==4.32.5 "from importlib.metadata import version; version('schemathesis')"
  then
    export LOODS_TEST_SCHEMATHESIS=$state_root/venv-schemathesis/bin/schemathesis
  else
    note "Schemathesis could not be had: its test is skipped (see $(relative "$state/log/venv-schemathesis.log"))"
  fi
}

# Two verifiers of signatures that are not ours.
fetch_dkim_verifiers() {
  if fetch_from_pypi venv-dkimpy 'dkimpy[ed25519]==1.1.8' "import dkim, nacl"; then
    export LOODS_TEST_DKIMPY=$state_root/venv-dkimpy/bin/python
  else
    note "dkimpy could not be had: its tests are skipped (see $(relative "$state/log/venv-dkimpy.log"))"
  fi
  if fetch_opendkim >"$state/log/opendkim.log" 2>&1; then
    export LOODS_TEST_OPENDKIM=$state_root/opendkim/run
  else
    note "OpenDKIM could not be had: its tests are skipped (see $(relative "$state/log/opendkim.log"))"
  fi
}

# A name server for tests.
fetch_name_server() {
  if fetch_from_pypi venv-dnslib dnslib==0.9.26 "import dnslib.zoneresolver"; then
    export LOODS_TEST_DNSLIB=$state_root/venv-dnslib/bin/python
  else
    note "dnslib could not be had: tests of DNS are skipped (see $(relative "$state/log/venv-dnslib.log"))"
  fi
}

# What counts segments from a file of purchases by itself.
fetch_pandas() {
  if fetch_from_pypi venv-pandas pandas==2.3.3 "import pandas"; then
    export LOODS_TEST_PANDAS=$state_root/venv-pandas/bin/python
  else
    note "pandas could not be had: its test is skipped (see $(relative "$state/log/venv-pandas.log"))"
  fi
}

# It stands in no program's way: whoever may not install it tests without.
find_spamassassin() {
  present "${spam_package#*:}" || ((EUID != 0)) || need_packages "$spam_package"
  present "${spam_package#*:}" || note "SpamAssassin is not installed: its tests are skipped"
}

# Postfix, Exim and OpenSMTPD run in overlays of this machine's root, which only root may make.
find_mail_servers() {
  if ((EUID == 0)) && command -v apt-get >/dev/null && unshare --mount --pid --fork true 2>/dev/null; then
    export LOODS_TEST_MAIL_SERVER=$root/deploy/dev.d/mail-server LOODS_TEST_MAIL_PACKAGES=$state_root/mail-packages
  else
    note "only root may run Postfix, Exim and OpenSMTPD in overlays: their tests are skipped"
  fi
}

# OpenDKIM from Debian, unpacked beside the machine's own files: nothing is installed, no service starts, no rights are needed.
fetch_opendkim() {
  local folder=$state_root/opendkim libraries
  "$folder/run" -V && return
  rm -rf "$folder" && mkdir -p "$folder/packages"
  (cd "$folder/packages" && apt-get download opendkim libopendkim11 libmilter1.0.1 libvbr2 librbl1 libunbound8 \
    libopendbx1 libmemcached11 libhashkit2 liblua5.3-0 libevent-2.1-7 libbsd0 libmd0 libldap-2.5-0 libsasl2-2 libdb5.3)
  for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$folder/root" || return; done
  libraries=$(find "$folder/root" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$libraries" "$folder/root/usr/sbin/opendkim" >"$folder/run"
  chmod +x "$folder/run" && "$folder/run" -V
}

# fetch_from_pypi FOLDER REQUIREMENT PROGRAM: in an environment that stays between runs; it is there when the program runs.
fetch_from_pypi() {
  local venv=$state_root/$1 log=$state/log/$1.log
  "$venv/bin/python" -c "$3" 2>/dev/null || {
    python3 -m venv --clear "$venv" && "$venv/bin/pip" install --quiet --retries 1 "$2"
  } >"$log" 2>&1 || true
  "$venv/bin/python" -c "$3" 2>/dev/null
}

# The logs stay until the next run.
clean_tests() {
  if alive rabbitmq; then kill -KILL "$pid" 2>/dev/null || true; fi
  stop_instance
  remove_postgres
  rm -rf "$state/rabbitmq" "$state/postgres.at" "$state/ports" "$state/secrets"
}

# What runs for the README, beside ours: a killed run may have left it.
stop_readme() {
  ! compgen -G "$state/readme/*/ports" >/dev/null || LOODS_STATE_DIR=$state/readme "$root/deploy/dev" reset
}

finish_tests() {
  say "building took $(span "$building"), testing $(span "$(testing)") of $((test_limit / 60)) min"
  (($(testing) / 1000 <= test_limit)) || say "quiet cores need less than that: these serve others too, or a test got slow"
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

# The same, for what is no test.
build_step() { # NAME COMMAND…
  local start
  start=$(milliseconds)
  step "$@"
  building=$((building + $(milliseconds) - start))
}

testing() { echo $(($(milliseconds) - tests_started - building)); } # milliseconds so far
seconds_left() { echo $((3 * test_limit - $(testing) / 1000)); }

# bounded COMMAND…: stopped, with all that it started, when the time of the tests is over. `timeout` keeps a process
# group of its own, which neither Ctrl-C nor our end would reach: so this shell waits where Ctrl-C ends it, and its
# end ends the others. Services that tests start have groups of their own as well; their session is one.
bounded() (
  left=$(seconds_left) code=0
  setpriv --pdeathsig TERM setsid timeout --kill-after=60 "$((left > 0 ? left : 1))" "$@" &
  trap 'end_session '"$!" EXIT
  wait "$!" || code=$?
  ((code == 0 || $(seconds_left) > 0)) || say "stopped: three times the $((test_limit / 60)) min that all tests have are over"
  exit "$code"
)

end_session() { # ID
  local stat fields
  for stat in /proc/[0-9]*/stat; do
    # Where it has ended meanwhile, "$(<…)" would end the trap that this runs in.
    { read -r fields <"$stat"; } 2>/dev/null || continue
    # The name, in brackets, may hold spaces.
    read -ra fields <<<"${fields##*) }"
    [[ ${fields[3]:-} != "$1" ]] || { stat=${stat%/stat} && kill -KILL "${stat#/proc/}" 2>/dev/null; } || continue
  done
}

lint() {
  (cd "$root" &&
    bounded swift format lint --strict --configuration .swift-format --recursive Package.swift Sources Tests)
}

build_tests() { (cd "$root" && swift build --build-tests "$@"); } # ARGUMENT…

# The alert rules, by Prometheus's own tool; unpacked beside our other state where it is not installed.
check_alerts() {
  local promtool
  promtool=$(command -v promtool || fetch_promtool) || {
    note "promtool could not be had: the alert rules are not tested (apt-get install prometheus brings it)"
    return 0
  }
  step "alert rules" "$promtool" check rules "$root/deploy/prometheus/alerts.yaml"
  step "alert rules' tests" "$promtool" test rules "$root/deploy/prometheus/alerts.test.yaml"
}

fetch_promtool() {
  local home=$state_root/promtool
  [[ -x $home/usr/bin/promtool ]] || {
    mkdir -p "$home"
    (cd "$home" && apt-get download -q prometheus && dpkg -x prometheus_*.deb . && rm -f prometheus_*.deb) \
      >"$state/log/promtool.log" 2>&1 || return 1
  }
  echo "$home/usr/bin/promtool"
}

# swift_tests NAME WIDTH ARGUMENT…, so many at a time: shows what fails, counts the rest; no test at all is a failure.
swift_tests() {
  local name=$1 width=$2 start log code=0 count bad why="no test ran"
  shift 2
  start=$(milliseconds)
  # A filter may be longer than a file's name, and may hold what divides folders.
  log=${name//[ \/]/-}
  log=$state/log/${log:0:100}.log
  (cd "$root" && SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$width bounded swift test --skip-build --disable-xctest "$@" 2>&1) |
    tee "$log" | worth_seeing >&3 || code=${PIPESTATUS[0]}
  count=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' "$log" | tail -n 1)
  bad=$(grep -E ' Test .* failed after' "$log" | grep -vc 'Test run with' || true)
  if [[ -z $count || $count == 0 ]]; then
    failures=$((failures + 1))
    [[ -n $count ]] || { why="not finished"; tail -n 20 "$log" >&3; }
    failed "$name: $why"
    return
  fi
  why=
  ((code == 0 || bad > 0)) || { bad=1 why=" (the run ended with $code)"; }
  failures=$((failures + bad))
  passed=$((passed + count - bad))
  if ((code == 0)); then done_in "$start" "$name: $count passed"; else failed "$name: $bad of $count failed$why"; fi
}

# Leaves out that things start and pass: what fails is shown with the lines that belong to it, and so is what the
# compiler and the thread sanitizer find. A test's own output is in the log.
worth_seeing() {
  awk '
    /^✘ / || /^WARNING: ThreadSanitizer/ { shown = 1 }
    /^(◇|✔|➜) / || /^==========/ || /^\[[0-9]+\/[0-9]+\]/ { shown = 0 }
    shown || /: (error|fatal|panic)(:| )/ || /^(error:|SUMMARY: )/ || /Fatal error/ { print; fflush() }'
}

# The commands of README.md, as a newcomer would type them, beside whatever runs here; by what is built already.
readme_commands() {
  LOODS_CONFIGURATION=debug LOODS_STATE_DIR=$state/readme bounded "$root/deploy/dev.d/readme" "$root"
}
