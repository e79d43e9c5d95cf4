# demo: everything from nothing, two weeks of two hundred shoppers, and an account of it.

demo_start=2026-03-01T23:00:00Z # midnight in Amsterdam, a Monday

demo_command() {
  (($# == 0)) || die 64 "demo takes no argument"
  use_instance demo
  lock_instance
  need_packages
  build_products
  remove_instance
  create_instance
  echo "stepped@$demo_start" >"$state/clock"
  start_servers
  create_database
  export_environment
  apply_schema
  apply_shop
  start_services
  play_shop
}

apply_shop() {
  local start log=$state/log/workspace.log folder=$root/deploy/demo/shop
  start=$(milliseconds)
  loods apply --yes "$folder" >"$log" 2>&1 || die_with_log "$log" "loods apply $(relative "$folder") failed"
  loods test "$folder" >"$state/log/tests.log" 2>&1 ||
    die_with_log "$state/log/tests.log" "loods test $(relative "$folder") failed"
  create_write_key shop
  done_in "$start" "workspace shop: $(grep -c '  - stage:' "$folder/stages.yaml") stages, $(files_in "$folder/journeys") \
journeys, $(files_in "$folder/emails") e-mails; $(grep -o '^[0-9]* tests passed' "$state/log/tests.log")"
}

files_in() { find "$1" -mindepth 1 -maxdepth 1 | wc -l; }

play_shop() {
  local code=0
  LOODS_INGEST_URL=$(ingest_url) LOODS_MAIL_DIR=$state/mail LOODS_PSQL=$(pg_bin)/psql \
    LOODS_BIN=$bin/loods LOODS_WRITE_KEY=$(cat "$state/secrets/write-key") \
    python3 "$root/deploy/demo/play" || code=$?
  cat >&3 <<TEXT

Anybody's story:  LOODS_INSTANCE=demo deploy/dev loods explain anne@shop.example
Read the mails:   $(relative "$state/mail")      Metrics: http://127.0.0.1:$(operations_port ingest-1)/metrics
The store:        LOODS_INSTANCE=demo deploy/dev psql      Stop: deploy/dev down
TEXT
  if ((code != 0 && code != 130)); then
    failed "the demo ended with $code; its logs are in $(relative "$state/log")"
  fi
  exit "$code"
}
