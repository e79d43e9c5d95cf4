# Processes by pid file. A file holds the pid and the moment its process started, so that a number used
# again by somebody else, after a crash or a reboot, is never taken for ours, nor sent a signal.

# started_at PID: in ticks since boot; fails when there is no such process or only a zombie.
started_at() {
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} != Z ]] || return 1
  echo "${fields[19]}"
}

# alive NAME: sets `pid`.
alive() {
  local started
  pid=''
  read -r pid started 2>/dev/null <"$state/run/$1.pid" || return 1
  [[ -n $started && $(started_at "$pid") == "$started" ]]
}

# Whoever outlives us must hold neither our lock nor anybody's pipe. For subshells.
close_descriptors() {
  local descriptor
  for descriptor in /proc/"$BASHPID"/fd/*; do
    descriptor=${descriptor##*/}
    if ((descriptor > 2)); then eval "exec $descriptor>&-"; fi
  done
}

# launch NAME COMMAND…: in a session of its own, its output in log/NAME.log.
launch() {
  local name=$1
  shift
  (
    exec </dev/null >>"$state/log/$name.log" 2>&1
    close_descriptors
    cd "$state" || exit 70
    exec setsid "$@"
  ) &
  local started=$!
  echo "$started $(started_at "$started" || echo gone)" >"$state/run/$name.pid"
  disown "$started" 2>/dev/null || true
}

gone() { ! alive "$1"; }

# halt NAME [SECONDS]: asks it to stop, insists after a while.
halt() {
  local name=$1
  if alive "$name"; then
    kill -TERM "$pid" 2>/dev/null || true
    if ! until_true "${2:-20}" gone "$name"; then
      note "$name did not stop in ${2:-20} s; killed"
      kill -KILL "$pid" 2>/dev/null || true
      until_true 5 gone "$name" || true
    fi
  fi
  rm -f "$state/run/$name.pid"
}

# http_status PORT PATH: the status of a GET on this machine; empty when nobody answers.
http_status() {
  (
    exec 2>/dev/null 8<>"/dev/tcp/127.0.0.1/$1" || exit 0
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&8
    IFS=' ' read -r -t 5 _ status _ <&8 && echo "$status"
  ) || true
}

answers_ok() { [[ $(http_status "$1" "$2") == 200 ]]; }
listens() { (exec 2>/dev/null 8<>"/dev/tcp/127.0.0.1/$1"); }
