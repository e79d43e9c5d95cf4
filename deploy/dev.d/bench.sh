# bench: a fresh instance in release build, measured by the program `throughput` beside the floors that bound it.

# The whole call once built, the starting of everything included: seconds.
bench_limit=480

bench_command() {
  local simulated='' measured
  local arguments=() scale=() asked=0 expressions=0 signatures=0 rendering=0 engine=0 journeys=0 servers=0 json=0 folder=workspace
  while (($#)); do
    case $1 in
      --json) quiet_stdout; arguments+=(--json) json=1 ;;
      --quick) arguments+=(--quick) ;;
      --soak) arguments+=(--soak) bench_limit=3600 ;;
      --scale)
        [[ ${2:-} =~ ^(ingest|scoring|scheduler|mailer)=([1-9][0-9]?)$ ]] ||
          die 64 "--scale takes SERVICE=N, for example --scale scoring=2; services are ${services[*]}"
        scale+=("$2"); shift ;;
      events | ingest | scoring | mailer) arguments+=("$1"); asked=1 servers=1 ;;
      rules) arguments+=("$1"); asked=1 servers=1 ;;
      depth) arguments+=("$1"); asked=1 servers=1 scale+=(scoring=2) ;;
      wakes) arguments+=("$1"); asked=1 servers=1 folder=audience scale+=(scoring=2) ;;
      backfill) arguments+=("$1"); asked=1 servers=1 folder=audience ;;
      outage) arguments+=("$1"); asked=1 servers=1 ;;
      broadcast | delivery) arguments+=("$1"); asked=1 servers=1 folder=$1 ;;
      pace) arguments+=("$1"); asked=1 servers=1 folder=pace scale+=(mailer=2) ;;
      python) arguments+=("$1"); asked=1 servers=1 ;;
      steps | timers) arguments+=("$1"); asked=1 servers=1 folder=steps ;;
      expressions) asked=1 expressions=1 ;;
      signatures) asked=1 signatures=1 ;;
      rendering) asked=1 rendering=1 ;;
      engine) asked=1 engine=1 ;;
      journeys) arguments+=(steps timers); asked=1 journeys=1 servers=1 folder=steps ;;
      *)
        die 64 "there is no benchmark \"$1\"; there are events, ingest, scoring, mailer, rules, depth, wakes, backfill," \
          "broadcast, delivery, pace, python, steps, timers, outage, expressions, signatures, rendering, engine and journeys"
        ;;
    esac
    shift
  done
  ((asked)) || note "events, ingest, scoring, mailer; rules, depth, wakes, backfill, broadcast, delivery, pace, python, steps, timers, outage, expressions, signatures, rendering, engine and journeys are measured alone"
  use_instance bench
  lock_instance
  if ((expressions)); then
    measure_expressions "${arguments[@]}"
    ((servers || journeys || signatures || rendering || engine)) || return 0
  fi
  if ((signatures)); then
    measure_signatures "${arguments[@]}"
    ((servers || journeys || rendering || engine)) || return 0
  fi
  if ((rendering)); then
    measure_rendering "${arguments[@]}"
    ((servers || journeys || engine)) || return 0
  fi
  if ((engine)); then
    measure_engine "${arguments[@]}"
    ((servers || journeys)) || return 0
  fi
  if ((journeys)); then
    # One document for scripts: what is measured without servers, and what with them.
    if ((json)); then simulated=$(measure_simulations "${arguments[@]}"); else measure_simulations "${arguments[@]}"; fi
    ((servers)) || return 0
  fi
  need_packages
  build_products throughput
  [[ " ${arguments[*]} " != *' python '* ]] || prepare_peer
  bench_started=$(milliseconds)
  remove_instance
  create_instance
  trap 'end_bench || true' EXIT
  start_servers
  create_database
  create_floor_database
  export_environment
  # What schedulers can do is measured, not how fast they are told to catch up.
  [[ " ${arguments[*]} " != *' timers '* ]] || export LOODS_CATCH_UP_RATE=1000000
  apply_schema
  if [[ $folder == delivery ]]; then
    make_signing_key
    # As who sends millions sets it; the rival's queue manager opens 20 by default.
    export LOODS_SMTP_CONNECTIONS=${LOODS_SMTP_CONNECTIONS:-32}
    note "the mailer keeps up to $LOODS_SMTP_CONNECTIONS connections (LOODS_SMTP_CONNECTIONS)"
  fi
  loods apply "$root/Tests/Benchmarks/$folder" --yes >"$state/log/workspace.log" 2>&1 ||
    die_with_log "$state/log/workspace.log" "loods apply failed"
  create_write_key bench
  fetch_smtp_source
  case " ${arguments[*]} " in
    *' delivery '*) start_sink && start_relay ;;
    *' python '*) start_sink && run_sql <<<"create database peer owner loods" ;;
  esac
  start_services "${scale[@]}"
  if [[ -z $simulated ]]; then
    measure "$root/Tests/Benchmarks/$folder" "${arguments[@]}"
  else
    measured=$(measure "$root/Tests/Benchmarks/$folder" "${arguments[@]}")
    printf '{"simulations": %s, "cluster": %s}\n' "$simulated" "$measured"
  fi
}

# Needs no server: our evaluator in turns with the peer, in an environment that stays between runs.
measure_expressions() { # ARGUMENT…
  local venv=$state_root/venv-cel flags=() argument
  for argument in "$@"; do [[ $argument != --* ]] || flags+=("$argument"); done
  need_packages "$venv_package"
  [[ -x $venv/bin/python ]] && "$venv/bin/python" -c 'import cel' 2>/dev/null || {
    python3 -m venv --clear "$venv" && "$venv/bin/pip" install --quiet common-expression-language==0.10.0
  } || die 69 "common-expression-language could not be had from PyPI"
  local products=()
  build_products rules
  "$bin/rules" "$venv/bin/python" "$root/Tests/Benchmarks/rules/peer.py" "${flags[@]}"
}

# Needs no server: our signatures in turns with `openssl speed`.
measure_signatures() { # ARGUMENT…
  local flags=() argument products=()
  for argument in "$@"; do [[ $argument != --json && $argument != --quick ]] || flags+=("$argument"); done
  need_packages "openssl:openssl"
  build_products signatures
  "$bin/signatures" "${flags[@]}"
}

# Needs no server: our templates in turns with swift-mustache, on the same ones.
measure_rendering() { # ARGUMENT…
  local flags=() argument
  for argument in "$@"; do [[ $argument != --json && $argument != --quick ]] || flags+=("$argument"); done
  build_products rendering
  "$bin/rendering" "${flags[@]}"
}

# Needs no server: our connections in turns with Postfix's, both to Postfix's sink.
measure_engine() { # ARGUMENT…
  local flags=() argument products=()
  for argument in "$@"; do [[ $argument != --json && $argument != --quick ]] || flags+=("$argument"); done
  need_packages
  mkdir -p "$state/run"
  fetch_smtp_source
  [[ -n $(postfix_tool smtp-source) ]] || die 69 "smtp-source could not be had; see $(relative "$state_root/tools.log")"
  build_products engine
  "$bin/engine" "$(postfix_tool smtp-source)" "$(postfix_tool smtp-sink)" "${flags[@]}"
}

# Needs no server: journeys are played on a virtual clock. Where valgrind is at hand, it counts the instructions of a run:
# those of many less those of few.
measure_simulations() { # ARGUMENT…
  local flags=() argument products=()
  for argument in "$@"; do [[ $argument != --json ]] || flags+=("$argument"); done
  need_packages
  build_products simulations
  "$bin/simulations" "${flags[@]}"
  [[ -z ${flags[*]} ]] && command -v valgrind >/dev/null || return 0
  local few many
  few=$(instructions_of_runs 100) many=$(instructions_of_runs 1100)
  echo "instructions of a run                 $(((many - few) / 1000)) (at most 150,000, aim 15,000)"
}

instructions_of_runs() { # N
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bin/simulations" --runs "$1" 2>&1 |
    sed -n 's/.*Collected : //p'
}

measure() { # DEFINITIONS ARGUMENT…
  local definitions=$1
  shift
  LOODS_INGEST_URL=$(ingest_url) LOODS_SMTP=$(smtp_url) LOODS_WRITE_KEY=$(cat "$state/secrets/write-key") \
    LOODS_MAIL_DIR=$state/mail LOODS_BENCH_SINK_LOG=$state/log/sink.log LOODS_BENCH_FLOOR_DATABASE_URL=$(postgres_url loods floor) \
    LOODS_BENCH_SCORING_PORTS=$(scoring_ports) LOODS_BENCH_PROCESSES=$(measured_processes) \
    LOODS_BENCH_SMTP_SOURCE=$(smtp_source) LOODS_BENCH_VERSIONS=$(bench_versions) \
    LOODS_BENCH_PEER="$state_root/venv-peer/bin/python $root/Tests/Benchmarks/python/peer.py" \
    LOODS_BENCH_PEER_DATABASE_URL=$(postgres_url loods peer) LOODS_BENCH_PEER_SMTP=127.0.0.1:$(port sink) \
    LOODS_BENCH_DEFINITIONS=$definitions LOODS_BENCH_TOOL=$bin/loods \
    LOODS_BENCH_SECONDS=$((bench_limit - ($(milliseconds) - bench_started) / 1000 - 40)) \
    "$bin/throughput" "$@"
}

# Nothing of them is to be kept.
end_bench() {
  local name
  for name in sink relay; do
    if alive "$name"; then kill -KILL "$pid" 2>/dev/null || true; fi
  done
  remove_instance
}

# Postfix's sink takes the mails, which costs less than the catcher's files, and counts them in its log.
start_sink() {
  local sink=("$(postfix_tool smtp-sink)") port
  [[ -n ${sink[0]} ]] || die 69 "smtp-sink could not be had; see $(relative "$state_root/tools.log")"
  # It refuses to be root.
  ((EUID != 0)) || sink+=(-u nobody)
  port=$(free_port sink)
  launch sink "${sink[@]}" -c "127.0.0.1:$port" 256
  until_true 20 port_in_use "$port" || die_with_log "$state/log/sink.log" "smtp-sink does not listen"
  smtp_url() { echo "smtp://127.0.0.1:$(port sink)"; }
}

# Postfix beside OpenDKIM, which hands on to that sink: what signed mails are compared to. Only root may make its overlay.
start_relay() {
  local port
  if ((EUID != 0)) || ! unshare --mount --pid --fork true 2>/dev/null; then
    note "only root may run Postfix with OpenDKIM in an overlay: they are left out"
    return 0
  fi
  port=$(free_port relay)
  launch relay "$root/deploy/dev.d/mail-server" relay "$port" "$state/relay" "$state_root/mail-packages" "$(port sink)"
  until_true 180 port_in_use "$port" || die_with_log "$state/log/relay.log" "Postfix does not listen"
  export LOODS_BENCH_RELAY=smtp://127.0.0.1:$port
}

# What the peer in Python is made of.
prepare_peer() {
  local venv=$state_root/venv-peer
  need_packages "$venv_package"
  "$venv/bin/python" -c 'import pgqueuer, psycopg, jinja2, aiosmtplib' 2>/dev/null || {
    python3 -m venv --clear "$venv" &&
      "$venv/bin/pip" install --quiet pgqueuer==1.6.0 'psycopg[binary]==3.3.9' Jinja2==3.1.6 aiosmtplib==5.1.3
  } || die 69 "what the peer is made of could not be had from PyPI"
}

# Mailers sign with it.
make_signing_key() {
  need_packages "openssl:openssl"
  export LOODS_DKIM_KEYS=$state/secrets/dkim
  loods dkim shop.example k1 >"$state/log/dkim.log" 2>&1 || die_with_log "$state/log/dkim.log" "loods dkim failed"
}

# For bare SQL: the same server and schema, without anybody else's rows.
create_floor_database() { run_sql <<<"create database floor owner loods"; }

scoring_ports() {
  local name
  for name in $(running_names scoring); do printf '%s ' "$(operations_port "$name")"; done
}

# NAME:PID of everything whose time is counted.
measured_processes() {
  local name
  for name in $(running_names "${services[@]}") rabbitmq catcher sink relay; do
    if alive "$name"; then printf '%s:%s ' "${name%-[0-9]*}" "$pid"; fi
  done
  printf 'postgres:%s\n' "$(head -n 1 <(as_postgres cat "$(postgres_home)/data/postmaster.pid"))"
}

bench_versions() {
  echo "PostgreSQL $("$(pg_bin)/postgres" --version | grep -oE '[0-9]+\.[0-9]+' | head -n 1)," \
    "RabbitMQ $(rabbitmq_version), $(swift --version 2>/dev/null | grep -oE 'Swift version [0-9.]+' | head -n 1)"
}

# Postfix's load generator, unpacked beside everything else: nothing of Postfix is installed. Without it the floor
# of mails is our own connections, and the report says so.
fetch_smtp_source() {
  local tools=$state_root/tools log=$state_root/tools.log
  [[ ! -x $tools/usr/sbin/smtp-source ]] || return 0
  command -v apt-get >/dev/null || return 0
  mkdir -p "$tools"
  if ! (cd "$tools" && apt-get download postfix && unpack_here) >"$log" 2>&1; then
    note "smtp-source could not be had (see $(relative "$log")); our own connections stand for it"
    rm -rf "$tools"
  fi
}

# With the libraries that the machine lacks.
unpack_here() {
  dpkg -x postfix_*.deb .
  if lacks_libraries; then
    apt-get download libdb5.3 libnsl2 libtirpc3 libicu72
    local package
    for package in lib*.deb; do dpkg -x "$package" .; done
  fi
  ! lacks_libraries
}

lacks_libraries() { grep 'not found' <<<"$(LD_LIBRARY_PATH=$(smtp_source_libraries) ldd usr/sbin/smtp-source)"; }

smtp_source_libraries() {
  local tools=$state_root/tools
  echo "$tools/usr/lib/postfix:$(compgen -G "$tools/usr/lib/*-linux-gnu*" | head -n 1)"
}

smtp_source() { postfix_tool smtp-source; }

# A command that runs one of Postfix's; empty where it could not be had.
postfix_tool() { # smtp-source | smtp-sink
  local tools=$state_root/tools
  [[ -x $tools/usr/sbin/$1 ]] || return 0
  cat >"$state/run/$1" <<SCRIPT
#!/bin/sh
LD_LIBRARY_PATH='$(smtp_source_libraries)' exec '$tools/usr/sbin/$1' "\$@"
SCRIPT
  chmod 755 "$state/run/$1"
  echo "$state/run/$1"
}
