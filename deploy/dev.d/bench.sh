# bench: throughput of an instance of its own, beside the floors that bound it.

bench_command() {
  local json=()
  while (($#)); do
    case $1 in
      --json) json=(--json); quiet_stdout ;;
      end-to-end) ;;
      *) die 64 "there is no benchmark \"$1\"; there is: end-to-end" ;;
    esac
    shift
  done
  use_instance bench
  lock_instance
  need_packages
  build_release
  remove_instance
  create_instance
  trap 'remove_instance || true' EXIT
  start_servers
  create_database
  export_environment
  apply_schema
  loods apply --yes "$root/deploy/bench/workspace" >"$state/log/workspace.log" 2>&1 ||
    die_with_log "$state/log/workspace.log" "loods apply failed"
  create_write_key bench
  start_services
  build_floors
  start_floor_catcher
  LOODS_INGEST_URL=$(ingest_url) LOODS_MAIL_DIR=$state/mail LOODS_PSQL=$(pg_bin)/psql \
    LOODS_WRITE_KEY=$(cat "$state/secrets/write-key") LOODS_BENCH_FLOORS=$state/floors \
    LOODS_BENCH_SMTP=smtp://127.0.0.1:$(port smtp-floor) \
    python3 "$root/deploy/bench/run" "${json[@]}"
}

build_floors() {
  local compiler
  compiler=$(command -v clang || command -v cc) || die 69 "a C compiler is needed for the floors"
  "$compiler" -O2 -o "$state/floors" "$root/deploy/bench/floors.c" -lrabbitmq -lpthread 2>"$state/log/floors.log" ||
    die_with_log "$state/log/floors.log" "the floors did not compile"
}

# A second catcher, so that the floor's messages are not counted as the subject's.
start_floor_catcher() {
  mkdir -p "$state/floor-mail"
  launch floor-1 "$bin/catcher" --listen "127.0.0.1:$(free_port smtp-floor)" --directory "$state/floor-mail" \
    --ready-file "$state/run/floor.ready"
  until_true 20 test -e "$state/run/floor.ready" || die_with_log "$state/log/floor-1.log" "the catcher did not start"
}
