# A private RabbitMQ, with an epmd, a cookie and a management port of its own.

rabbitmq_version() { basename "$(compgen -G '/usr/lib/rabbitmq/lib/rabbitmq_server-*' | tail -n 1)" | sed 's/.*-//'; }

rabbitmq_settings() {
  cat <<CONF
listeners.tcp.1 = 127.0.0.1:$1
management.tcp.ip = 127.0.0.1
management.tcp.port = $2
default_user = loods
default_pass = $(secret password 12)
log.console = false
log.file.level = info
collect_statistics_interval = 1000
CONF
}

start_rabbitmq() {
  ! alive rabbitmq || return 0
  local home=$state/rabbitmq amqp management epmd
  amqp=$(free_port amqp)
  management=$(free_port management)
  epmd=$(port epmd)
  mkdir -p "$home"
  chmod 0700 "$home"
  rabbitmq_settings "$amqp" "$management" >"$home/rabbitmq.conf"
  echo '[rabbitmq_management].' >"$home/enabled_plugins"
  : >"$state/log/rabbitmq.log"
  # A container's limit of open files may be a thousand million, and Erlang makes a table of that size.
  # RUNNING_UNDER_SYSTEMD: the script becomes the broker, so that the pid is the broker's.
  launch rabbitmq bash -c 'ulimit -n 65536 2>/dev/null; exec "$@"' rabbitmq env -u NOTIFY_SOCKET \
    HOME="$home" RUNNING_UNDER_SYSTEMD=true RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_NODENAME=loods@localhost \
    RABBITMQ_MNESIA_BASE="$home/mnesia" RABBITMQ_LOG_BASE="$home/log" RABBITMQ_PID_FILE="$home/pid" \
    RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins" \
    RABBITMQ_DIST_PORT="$(free_port distribution)" ERL_EPMD_PORT="$epmd" ERL_EPMD_ADDRESS=127.0.0.1 \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
    /usr/lib/rabbitmq/bin/rabbitmq-server
}

rabbitmq_settled() { gone rabbitmq || { listens "$(port amqp)" && listens "$(port management)"; }; }

await_rabbitmq() {
  until_true 90 rabbitmq_settled || die_with_log "$state/log/rabbitmq.log" "RabbitMQ is not ready after 90 s"
  alive rabbitmq && return
  local log=$state/rabbitmq/log/loods@localhost.log
  [[ -s $log ]] || log=$state/log/rabbitmq.log
  die_with_log "$log" "RabbitMQ did not start; the way out is often: deploy/dev reset"
}

stop_rabbitmq() {
  halt rabbitmq 60
  # epmd outlives its brokers.
  if [[ -d $state/rabbitmq ]] && command -v epmd >/dev/null && listens "$(port epmd)"; then
    ERL_EPMD_PORT=$(port epmd) ERL_EPMD_ADDRESS=127.0.0.1 epmd -kill >/dev/null 2>&1 || true
  fi
}

amqp_url() { echo "amqp://loods:$(secret password 12)@127.0.0.1:$(port amqp)/"; }
management_url() { echo "http://loods:$(secret password 12)@127.0.0.1:$(port management)"; }
