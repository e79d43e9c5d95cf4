# up, down, reset.

clock_pattern='^(real|stepped(@[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))?)$'

up_command() {
  local scale=() wanted_clock=''
  while (($#)); do
    case $1 in
      --scale=* | --clock=*) set -- "${1%%=*}" "${1#*=}" "${@:2}"; continue ;;
      --scale)
        [[ ${2:-} =~ ^(ingest|scoring|scheduler|mailer)=([1-9][0-9]?)$ ]] ||
          die 64 "--scale takes SERVICE=N, for example --scale scoring=2; services are ${services[*]}"
        scale+=("$2"); shift 2 ;;
      --clock)
        [[ ${2:-} =~ $clock_pattern ]] || die 64 "--clock takes real, stepped or stepped@1997-01-01T00:00:00Z"
        wanted_clock=$2; shift 2 ;;
      *) die 64 "up takes --scale SERVICE=N and --clock MODE, not \"$1\"" ;;
    esac
  done

  use_instance dev
  lock_instance
  settle_clock "$wanted_clock"
  need_packages
  build_products
  start_servers
  create_database
  export_environment
  apply_schema
  keep_clock
  create_demo_workspace
  start_services "${scale[@]}"
  show_instance
}

# The mode of the clock is written into the store once; another one needs another store.
settle_clock() { # WANTED, or nothing
  if [[ ! -e $state/clock ]]; then
    new_clock=${1:-real}
  elif [[ -n $1 && $1 != "$(clock)" && $1 != "$(clock | sed 's/@.*//')" ]]; then
    die 64 "this store was made with the clock $(clock); for another one remove it first: deploy/dev reset"
  fi
}

# Only once the store has taken it: a clock that was refused must not stand in the way of the next.
keep_clock() { [[ -e $state/clock ]] || echo "$new_clock" >"$state/clock"; }

apply_schema() {
  local log=$state/log/migrate.log
  loods migrate --logins "$(logins_folder)" >"$log" 2>&1 || die_with_log "$log" "loods migrate failed"
  create_broker_users 2>>"$log" || die_with_log "$log" "the broker took no users"
}

# Workspace "demo", as `loods init` writes one, and a server key for it.
create_demo_workspace() {
  local start log=$state/log/workspace.log
  [[ ! -s $state/secrets/write-key ]] || return 0
  start=$(milliseconds)
  if [[ ! -e $state/demo/workspace.yaml ]]; then
    loods init --name demo "$state/demo" >"$log" 2>&1 || die_with_log "$log" "loods init failed"
  fi
  loods apply --yes "$state/demo" >>"$log" 2>&1 || die_with_log "$log" "loods apply failed"
  create_write_key demo
  done_in "$start" "workspace demo from $(relative "$state/demo")"
}

create_write_key() { # WORKSPACE
  local key log=$state/log/keys.log
  key=$(loods keys create --kind server --workspace "$1" --name deploy-dev 2>"$log") ||
    die_with_log "$log" "loods keys create failed"
  (umask 077 && echo "$key" >"$state/secrets/write-key")
}

show_instance() {
  cat >&3 <<TEXT

  events    $(ingest_url)   (write key and the rest: deploy/dev env)
  mails     $(relative "$state/mail")
  metrics   http://127.0.0.1:$(operations_port ingest-1)/metrics
  queues    $(management_url | sed 's,//.*@,//,')   (user loods, password in $(relative "$state/secrets/password"))
  more      deploy/dev status, deploy/dev logs, deploy/dev loods --help, deploy/dev down
TEXT
}

down_command() {
  (($# == 0)) || die 64 "down takes no argument"
  each_instance stop_instance "stopped"
}

reset_command() {
  (($# == 0)) || die 64 "reset takes no argument"
  each_instance remove_instance "removed"
}

# What `up`, `demo` and `bench` left. Tests clean up after themselves unless they are killed; those at work are no
# business of ours.
each_instance() { # FUNCTION WORD
  local name start any=0
  for name in dev demo bench test containers; do
    use_instance "$name"
    [[ -d $state ]] || continue
    any=1
    start=$(milliseconds)
    if [[ $name != test && $name != containers ]]; then
      lock_instance
    elif ! try_lock; then
      say "tests are at work in $(relative "$state") (pid $(lock_holder)); left alone"
      continue
    fi
    "$1"
    done_in "$start" "$2 $(relative "$state")"
  done
  ((any)) || say "there is nothing to do: no instance under $(relative "$state_root")"
}
