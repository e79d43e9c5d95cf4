# What a fresh Debian lacks. Each line: a package, and a file, a command or a line of shell that shows it is there (in
# whichever way it came), so that a machine that has everything needs no rights at all.
needed_packages=(
  "postgresql:/usr/lib/postgresql/*/bin/initdb"
  "rabbitmq-server:/usr/lib/rabbitmq/bin/rabbitmq-server"
  "libpq-dev:/usr/include/postgresql/libpq-fe.h"
  "librabbitmq-dev:/usr/include/amqp.h"
  "libsimdjson-dev:/usr/include/simdjson.h"
  "libre2-dev:/usr/include/re2/re2.h"
  "libgmime-3.0-dev:/usr/include/gmime-3.0/gmime/gmime.h"
  "libssl-dev:/usr/include/openssl/evp.h"
  "libidn2-dev:/usr/include/idn2.h"
  "libmaxminddb-dev:/usr/include/*/maxminddb.h"
  "libc-ares-dev:/usr/include/ares.h"
  "zlib1g-dev:/usr/include/zlib.h"
  "libstdc++-12-dev:/usr/include/c++/*/vector"
  "pkg-config:pkg-config"
  "python3:python3"
  "git:git"
  "curl:curl"
  "ca-certificates:/etc/ssl/certs/ca-certificates.crt"
  "tzdata:/usr/share/zoneinfo/Europe/Amsterdam"
)
# Not among them: chromium, which makes postcards. Without it they wait, and tests of postcards and browsers are left out.
# Only tests need it.
venv_package="python3-venv:python3 -c 'import ensurepip'"
# Rates mails as strangers' mail servers would.
spam_package="spamassassin:spamassassin"
# Three brokers on networks of their own, which only root may make.
network_packages=("iproute2:/usr/sbin/ip" "iptables:/usr/sbin/iptables")

present() { # PROBE
  case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    *' '*) bash -c "$1" >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Installs what is missing, without letting any system service start.
need_packages() { # ENTRY…, besides
  command -v swift >/dev/null || die 69 "Swift 6.3 or later is needed; see https://www.swift.org/install"
  local entry missing=() start
  for entry in "${needed_packages[@]}" "$@"; do
    present "${entry#*:}" || missing+=("${entry%%:*}")
  done
  ((${#missing[@]})) || return 0

  local way="apt-get install ${missing[*]}"
  command -v apt-get >/dev/null || die 69 "missing: ${missing[*]} (only Debian's apt-get is known here)"
  ((EUID == 0)) || command -v sudo >/dev/null || die 69 "ask an administrator for: $way"

  start=$(milliseconds)
  say "▸ installing ${missing[*]} through apt-get$( ((EUID == 0)) || echo ", with sudo")"
  mkdir -p "$state_root"
  local log=$state_root/apt.log
  as_root bash -s -- "${missing[@]}" >"$log" 2>&1 3>&- <"$root/deploy/dev.d/install" ||
    die_with_log "$log" "apt-get failed; the way out: $way"
  done_in "$start" "installed ${missing[*]}"
}
