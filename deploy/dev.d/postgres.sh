# A private PostgreSQL. It refuses to run as root, so root lends it Debian's postgres user; and where that user
# cannot reach the checkout, its data lies under /var/tmp. That of tests lies in memory where there is plenty.

pg_bin() { # the newest installed
  local found
  found=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)
  echo "${found%/initdb}"
}

as_postgres() {
  if ((EUID == 0)); then
    (cd / && setpriv --reuid postgres --regid postgres --init-groups "$@")
  else
    (cd / && "$@")
  fi
}

# The folder of its data, created where its user can use it; remembered in `postgres.at`.
postgres_home() {
  if [[ -s $state/postgres.at ]]; then
    cat "$state/postgres.at"
    return
  fi
  local home=$state/postgres
  if [[ $instance == test ]] && has_plenty_of_memory; then
    home=$(mktemp -d "/dev/shm/loods-$instance.XXXXXX")
  fi
  mkdir -p "$home"
  if ((EUID == 0)); then
    if ! { chown postgres: "$home" && as_postgres test -w "$home"; } 2>/dev/null; then
      rmdir "$home"
      home=$(mktemp -d "/var/tmp/loods-$instance.XXXXXX")
      chown postgres: "$home"
    fi
  fi
  chmod 0700 "$home"
  echo "$home" >"$state/postgres.at"
  echo "$home"
}

# For thousands of files a minute, made and gone again, of which none need outlive the machine. A container's /dev/shm is
# small, or counts against what it may use.
has_plenty_of_memory() {
  local room free limit
  [[ $(stat --file-system --format=%T /dev/shm 2>/dev/null) == tmpfs ]] || return 1
  room=$(df --output=avail --block-size=1G /dev/shm | tail -n 1)
  free=$(awk '$1 == "MemAvailable:" { print int($2 / 1048576) }' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
  ((room >= 8 && free >= 12)) && [[ $limit == max || $((limit >> 30)) -ge 16 ]]
}

# Running and answering: right after a kill -9 its pid is still there.
postgres_running() {
  [[ -s $state/postgres.at ]] && listens "$(port postgres)" &&
    as_postgres "$(pg_bin)/pg_ctl" -D "$(postgres_home)/data" status >/dev/null 2>&1
}

create_cluster() { # HOME
  local password=$1/password
  (umask 077 && secret password 12 >"$password")
  ((EUID != 0)) || chown postgres: "$password"
  as_postgres "$(pg_bin)/initdb" -D "$1/data.new" -U postgres -E UTF8 --locale=C.UTF-8 \
    --auth=scram-sha-256 --pwfile="$password" >"$state/log/initdb.log" 2>&1 ||
    die_with_log "$state/log/initdb.log" "initdb failed"
  rm -f "$password"
  as_postgres bash -c "echo \"include 'loods.conf'\" >>'$1/data.new/postgresql.conf' && mv '$1/data.new' '$1/data'"
}

# Settings for many small transactions of a thousand rows, on a laptop.
postgres_settings() { # PORT
  cat <<CONF
listen_addresses = '127.0.0.1'
port = $1
unix_socket_directories = ''
max_connections = 200
shared_buffers = 512MB
wal_compression = lz4
max_wal_size = 4GB
checkpoint_timeout = 15min
jit = off
log_min_messages = warning
CONF
  # What tests write is for no power cut to survive; they make and drop a database each, which is many files.
  [[ $instance != test ]] || printf '%s = off\n' fsync full_page_writes
}

start_postgres() {
  ! postgres_running || return 0
  local home log
  home=$(postgres_home)
  log=$home/log
  if [[ ! -s $home/data/PG_VERSION ]] && ! as_postgres test -s "$home/data/PG_VERSION"; then
    as_postgres rm -rf "$home/data.new"
    create_cluster "$home"
  fi
  postgres_settings "$(free_port postgres)" | as_postgres bash -c "cat >'$home/data/loods.conf'"
  # After a kill -9 the last children may hold the shared memory for a moment more.
  local try
  for try in 1 2 3 4 5 6; do
    if (close_descriptors; as_postgres "$(pg_bin)/pg_ctl" -D "$home/data" -l "$log" -w -s -t 60 start) \
      </dev/null >/dev/null 2>&1; then
      return
    fi
    sleep $((try > 3 ? 2 : 1))
  done
  die_with_log "$log" "PostgreSQL did not start; the way out is often: deploy/dev reset"
}

stop_postgres() {
  postgres_running || return 0
  as_postgres "$(pg_bin)/pg_ctl" -D "$(postgres_home)/data" -m fast -w -s -t 60 stop >/dev/null 2>&1 ||
    as_postgres "$(pg_bin)/pg_ctl" -D "$(postgres_home)/data" -m immediate -w -s -t 60 stop >/dev/null 2>&1 || true
}

remove_postgres() {
  [[ -s $state/postgres.at ]] || return 0
  rm -rf "$(postgres_home)"
}

# postgres_url ROLE DATABASE
postgres_url() { echo "postgres://$1:$(secret password 12)@127.0.0.1:$(port postgres)/$2"; }

run_sql() { # as superuser; SQL on stdin
  PGPASSWORD=$(secret password 12) "$(pg_bin)/psql" -X -q -At -v ON_ERROR_STOP=1 -h 127.0.0.1 \
    -p "$(port postgres)" -U postgres -d postgres
}

# The role that migrates owns its database, and makes the roles of the services.
create_database() {
  run_sql <<SQL
do \$\$ begin
  if not exists (select from pg_roles where rolname = 'loods') then
    create role loods login createrole password '$(secret password 12)';
  end if;
  alter role loods createrole;
end \$\$;
SQL
  [[ $(run_sql <<<"select 1 from pg_database where datname = 'loods'") == 1 ]] ||
    run_sql <<<"create database loods owner loods"
}
