# Commands that look: status, logs, env, psql, loods.

need_instance() {
  use_current_instance
  [[ -s $state/ports ]] || die 69 "nothing is here yet: run deploy/dev up"
}

status_command() {
  (($# == 0)) || die 64 "status takes no argument"
  local name any=0
  for name in dev demo test bench; do
    use_instance "$name"
    [[ -s $state/ports ]] || continue
    any=1
    show_status
  done
  ((any)) || say "nothing is here yet: run deploy/dev up"
}

show_status() {
  local name
  say "$instance ($(relative "$state"), clock $(clock))"
  if postgres_running; then
    status_line postgres "$(head -n 1 <(as_postgres cat "$(postgres_home)/data/postmaster.pid"))" "$(port postgres)" running
  else
    status_line postgres – "$(port postgres)" stopped
  fi
  process_line rabbitmq "$(port amqp)"
  if [[ -e $state/run/catcher.pid ]]; then process_line catcher "$(port smtp)"; fi
  for name in $(running_names "${services[@]}"); do
    if ! alive "$name"; then
      status_line "$name" – – "stopped; see deploy/dev logs $name"
    elif ready "$name"; then
      status_line "$name" "$pid" "$(listening_port "$name")" "ready"
    else
      status_line "$name" "$pid" "$(listening_port "$name")" "not ready; see http://127.0.0.1:$(operations_port "$name")/readyz"
    fi
  done
  if alive rabbitmq; then "$root/deploy/dev.d/queues" "$(management_url)" >&3 || true; fi
}

listening_port() {
  if [[ $1 == ingest-* ]]; then port "$(public_port_name "$1")"; else operations_port "$1"; fi
}

process_line() { # NAME PORT
  if alive "$1"; then status_line "$1" "$pid" "$2" running; else status_line "$1" – "$2" stopped; fi
}

status_line() {
  local mark=$green●$plain
  [[ $4 == running || $4 == ready ]] || mark=$red○$plain
  printf '  %s %-12s pid %-8s port %-6s %s\n' "$mark" "$1" "$2" "$3" "$4" >&3
}

logs_command() {
  local follow=() wanted='' files=()
  while (($#)); do
    case $1 in
      -f | --follow) follow=(--follow=name) ;;
      -*) die 64 "logs takes -f and a service" ;;
      *) wanted=$1 ;;
    esac
    shift
  done
  need_instance
  case $wanted in
    '') mapfile -t files < <(compgen -G "$state/log/*.log") ;;
    postgres) files=("$(postgres_home)/log") ;;
    rabbitmq) files=("$state/rabbitmq/log/loods@localhost.log") ;;
    *) mapfile -t files < <(compgen -G "$state/log/$wanted.log" || compgen -G "$state/log/$wanted-*.log") ;;
  esac
  [[ -e ${files[0]:-} ]] || die 64 "there is no log of \"$wanted\""
  exec tail -n 40 "${follow[@]}" "${files[@]}"
}

# Only assignments, so that `eval "$(deploy/dev env)"` and `export $(deploy/dev env)` both work.
env_command() {
  quiet_stdout
  need_instance
  postgres_running || note "$instance is not running; deploy/dev up starts it"
  export_environment
  assignment LOODS_INGEST_URL "$(ingest_url)"
  assignment LOODS_DATABASE_URL "$LOODS_DATABASE_URL"
  assignment LOODS_AMQP_URL "$LOODS_AMQP_URL"
  assignment LOODS_SMTP "$(smtp_url)"
  assignment LOODS_MAIL_DIR "$state/mail"
  assignment LOODS_WRITE_KEY "$(cat "$state/secrets/write-key" 2>/dev/null || true)"
  assignment LOODS_CLOCK "$LOODS_CLOCK"
  assignment LOODS_LINK_SECRET_FILE "$(link_secret_file)"
  assignment LOODS_ERASURE_SECRET_FILE "$LOODS_ERASURE_SECRET_FILE"
}

assignment() { printf '%s=%q\n' "$1" "$2"; }

psql_command() {
  quiet_stdout
  need_instance
  postgres_running || die 69 "$instance is not running; deploy/dev up starts it"
  exec "$(pg_bin)/psql" "$(postgres_url loods loods)" "$@"
}

loods_command() {
  quiet_stdout
  if [[ ! -x $bin/loods ]]; then
    need_packages
    build_products
  fi
  use_current_instance
  if [[ -s $state/ports ]]; then export_environment; fi
  LOODS_RECIPES=$root/deploy/recipes exec "$bin/loods" "$@"
}
