# An instance is one set of servers, services, ports, secrets and mails, in a folder of its own:
# `dev` (from `up`), `demo`, `test` and `bench` never meet.

instance='' state=''

use_instance() { # NAME
  instance=$1
  state=$state_root/$1
}

create_instance() {
  mkdir -p "$state"/{run,log,secrets}
  # 0711: a server that runs as another user must be able to pass, but not to look.
  chmod 0711 "$state"
  chmod 0700 "$state/secrets"
}

# The instance that commands like `psql` speak of.
use_current_instance() {
  if [[ -n ${LOODS_INSTANCE:-} ]]; then
    [[ $LOODS_INSTANCE =~ ^(dev|demo|test|bench)$ ]] || die 64 "LOODS_INSTANCE is dev, demo, test or bench"
    use_instance "$LOODS_INSTANCE"
    return
  fi
  local name
  for name in dev demo; do
    use_instance "$name"
    ! postgres_running || return 0
  done
  use_instance dev
  [[ -d $state || ! -d $state_root/demo ]] || use_instance demo
}

# One deploy/dev at a time works on an instance; the lock goes with the process.
lock_instance() {
  ! try_lock || return 0
  note "another deploy/dev (pid $(lock_holder)) is at work here; waiting"
  flock --timeout 1800 "$lock" || die 69 "the other deploy/dev has not finished in half an hour"
  echo $$ >"$state_root/$instance.lock.pid"
}

# Fails at once where another holds it.
try_lock() {
  mkdir -p "$state_root"
  exec {lock}>>"$state_root/$instance.lock"
  flock --nonblock "$lock" || return 1
  echo $$ >"$state_root/$instance.lock.pid"
}

lock_holder() { cat "$state_root/$instance.lock.pid" 2>/dev/null || echo '?'; }

# secret NAME BYTES: made once, readable by its owner alone.
secret() {
  local file=$state/secrets/$1
  if [[ ! -s $file ]]; then
    (umask 077 && head -c "$2" /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$file.new" && mv "$file.new" "$file")
  fi
  cat "$file"
}

# --- Ports: chosen once per instance and kept in `ports`, so that URLs stay; chosen again when somebody took one.

# Every local port in use, whatever for, but for connections that only linger.
used_ports() {
  local hex
  while read -r hex; do
    echo $((16#$hex))
  done < <(awk 'FNR > 1 && $4 != "06" { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
}

# Not a pipe: grep ends at the first match, and with pipefail the writer's SIGPIPE would count as "not in use".
port_in_use() { grep -qx "$1" <<<"$(used_ports)"; }

# port NAME: the recorded port, or a fresh one.
port() {
  local line
  mkdir -p "$state"
  if line=$(grep -s "^$1=" "$state/ports"); then
    echo "${line#*=}"
  else
    choose_port "$1"
  fi
}

# choose_port NAME: below the range that the kernel hands out, from a place that depends on the checkout, so that
# two checkouts that start at the same moment do not reach for the same one.
choose_port() {
  (
    flock 8
    local taken candidate digest
    taken=$(used_ports; cat "$state_root"/*/ports 2>/dev/null | sed 's/.*=//')
    digest=$(cksum <<<"$state")
    candidate=$((20000 + ${digest%% *} % 1000 * 10))
    while grep -qx "$candidate" <<<"$taken"; do candidate=$((candidate + 1)); done
    { grep -sv "^$1=" "$state/ports" || true; echo "$1=$candidate"; } >"$state/ports.new"
    mv "$state/ports.new" "$state/ports"
    echo "$candidate"
  ) 8>>"$state_root/ports.lock"
}

# free_port NAME: for something about to listen.
free_port() {
  local chosen
  chosen=$(port "$1")
  if port_in_use "$chosen"; then
    choose_port "$1"
  else
    echo "$chosen"
  fi
}
