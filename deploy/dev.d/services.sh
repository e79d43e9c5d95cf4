# Our own executables, and the mail catcher that stands for the world.

services=(ingest scoring scheduler mailer)

# start_servers: PostgreSQL and RabbitMQ, side by side.
start_servers() {
  local start shown
  start=$(milliseconds)
  create_instance
  start_rabbitmq
  start_postgres
  await_rabbitmq
  shown="PostgreSQL $("$(pg_bin)/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')"
  shown+=" and RabbitMQ $(rabbitmq_version | cut -d. -f1,2)"
  done_in "$start" "$shown ready under $(relative "$state")"
}

link_secret_file() {
  local file=$state/secrets/link
  if [[ ! -s $file ]]; then
    (umask 077 && echo "k1:$(head -c 32 /dev/urandom | base64 -w 0)" >"$file.new" && mv "$file.new" "$file")
  fi
  echo "$file"
}

# What erased people are known by; the same in scoring, mailer and loods.
erasure_secret_file() {
  local file=$state/secrets/erasure
  if [[ ! -s $file ]]; then
    (umask 077 && head -c 32 /dev/urandom | base64 -w 0 >"$file.new" && mv "$file.new" "$file")
  fi
  echo "$file"
}

clock() { cat "$state/clock" 2>/dev/null || echo "${new_clock:-real}"; }

# What `loods` reads; the services have logins of their own.
export_environment() {
  export LOODS_DATABASE_URL LOODS_AMQP_URL LOODS_CLOCK LOODS_ERASURE_SECRET_FILE
  LOODS_DATABASE_URL=$(postgres_url loods loods)
  LOODS_AMQP_URL=$(amqp_url)
  LOODS_CLOCK=$(clock)
  LOODS_ERASURE_SECRET_FILE=$(erasure_secret_file)
}

ingest_url() { echo "http://127.0.0.1:$(port ingest)"; }
smtp_url() { echo "smtp://127.0.0.1:$(port smtp)"; }

# settings_of KIND NAME: what this process reads besides, one assignment a line.
settings_of() {
  login_settings "$1"
  echo "LOODS_OPERATIONS_LISTEN=127.0.0.1:$(free_port "operations-$2")"
  case $1 in
    ingest)
      echo "LOODS_LISTEN=127.0.0.1:$(free_port "$(public_port_name "$2")")"
      echo "LOODS_LINK_SECRET_FILE=$(link_secret_file)"
      [[ -z ${LOODS_LIVE_ALLOW:-} ]] || echo "LOODS_LIVE_ALLOW=$LOODS_LIVE_ALLOW"
      ;;
    scoring)
      echo "LOODS_ERASURE_SECRET_FILE=$(erasure_secret_file)"
      ;;
    mailer)
      echo "LOODS_ERASURE_SECRET_FILE=$(erasure_secret_file)"
      echo "LOODS_SMTP=$(smtp_url)"
      echo "LOODS_PUBLIC_URL=$(ingest_url)"
      echo "LOODS_LINK_SECRET_FILE=$(link_secret_file)"
      # Whoever tries webhooks has their receiver on this machine.
      [[ -z ${LOODS_WEBHOOK_ALLOW:-} ]] || echo "LOODS_WEBHOOK_ALLOW=$LOODS_WEBHOOK_ALLOW"
      # Postcards are made where Debian's chromium is installed, and wait where it is not.
      echo "LOODS_POST_FOLDER=$state_root/post"
      ;;
  esac
}

# A process of an older build is replaced.
current() { # NAME EXECUTABLE
  alive "$1" && [[ /proc/$pid/exe -ef $bin/$2 ]]
}

start_catcher() {
  ! current catcher catcher || return 0
  halt catcher
  mkdir -p "$state/mail"
  rm -f "$state/run/catcher.ready"
  launch catcher "$bin/catcher" --listen "127.0.0.1:$(free_port smtp)" --directory "$state/mail" \
    --ready-file "$state/run/catcher.ready"
  until_true 20 catcher_settled || die_with_log "$state/log/catcher.log" "the mail catcher is not ready after 20 s"
  alive catcher || die_with_log "$state/log/catcher.log" "the mail catcher did not start"
}
catcher_settled() { [[ -e $state/run/catcher.ready ]] || gone catcher; }

# The first of a kind has the kind's own ports; the others theirs.
operations_port() { port "operations-$1"; }
public_port_name() { [[ $1 == ingest-1 ]] && echo ingest || echo "$1"; }

start_service() { # KIND NUMBER
  local name=$1-$2
  ! current "$name" "$1" || return 0
  halt "$name"
  local settings
  mapfile -t settings < <(settings_of "$1" "$name")
  launch "$name" env -u LOODS_WORKSPACE "${settings[@]}" "$bin/$1"
}

ready() { answers_ok "$(operations_port "$1")" /readyz; }
ready_or_gone() { gone "$1" || ready "$1"; }

await_service() { # NAME
  until_true 60 ready_or_gone "$1" || die_with_log "$state/log/$1.log" "$1 is not ready after 60 s"
  alive "$1" || die_with_log "$state/log/$1.log" "$1 stopped while starting"
}

running_names() { # KIND…: names of our processes that have a pid file, in starting order
  local kind file
  for kind in "$@"; do
    for file in "$state/run/$kind"-*.pid; do
      [[ ! -e $file ]] || basename "$file" .pid
    done
  done
}

# start_services KIND=N…: exactly N of each.
start_services() {
  local -A wanted=([ingest]=1 [scoring]=1 [scheduler]=1 [mailer]=1)
  local pair kind number name start
  start=$(milliseconds)
  for pair in "$@"; do wanted[${pair%%=*}]=${pair#*=}; done
  # The ports are settled before anybody is told of them.
  free_or_ours smtp catcher
  free_or_ours ingest ingest-1
  export_environment
  start_catcher
  for kind in "${services[@]}"; do
    for name in $(running_names "$kind"); do
      ((${name##*-} <= wanted[$kind])) || halt "$name"
    done
    for ((number = 1; number <= wanted[$kind]; number++)); do start_service "$kind" "$number"; done
  done
  local shown=()
  for kind in "${services[@]}"; do
    for name in $(running_names "$kind"); do await_service "$name"; done
    shown+=("$kind$( ((wanted[$kind] == 1)) || echo " × ${wanted[$kind]}")")
  done
  done_in "$start" "$(printf '%s, ' "${shown[@]}" | sed 's/, $//') ready"
}

free_or_ours() { # PORT-NAME PROCESS
  alive "$2" || free_port "$1" >/dev/null
}

stop_services() {
  local names=() name
  mapfile -t names < <(running_names "${services[@]}" floor)
  # All are asked at once; each drains on its own.
  for name in "${names[@]}"; do
    if alive "$name"; then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  for name in "${names[@]}"; do halt "$name" 30; done
  halt catcher
}

stop_instance() {
  [[ -d $state ]] || return 0
  stop_readme
  compose_away
  stop_services
  stop_rabbitmq &
  stop_postgres
  wait
}

# Nothing is to be kept, so the broker need not write it down first.
remove_instance() {
  if [[ -d $state ]] && alive rabbitmq; then kill -KILL "$pid" 2>/dev/null || true; fi
  stop_instance
  [[ -d $state ]] || return 0
  remove_postgres
  rm -rf "$state"
}

loods() { "$bin/loods" "$@"; }
