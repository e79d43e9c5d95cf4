# What the person at the terminal reads. Everything goes to descriptor 3, so that a command whose standard
# output is for machines can send it to standard error instead (`quiet_stdout`).

exec 3>&1
quiet_stdout() { exec 3>&2; }

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
else
  green='' red='' dim='' plain=''
fi

milliseconds() {
  local now=${EPOCHREALTIME/[.,]/}
  echo "${now:0:-3}"
}

# took START: the time since START (from `milliseconds`), as people say it.
took() { span $(($(milliseconds) - $1)); }

span() { # MILLISECONDS
  local ms=$1
  if ((ms < 60000)); then
    printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
  else
    printf '%d min %d s' $((ms / 60000)) $((ms % 60000 / 1000))
  fi
}

say() { printf '%s\n' "$*" >&3; }
note() { printf '%s\n' "$dim$*$plain" >&3; }

# done_in START TEXT
done_in() { printf '%s %s %s\n' "$green✓$plain" "$2" "$dim($(took "$1"))$plain" >&3; }
failed() { printf '%s %s\n' "$red✗$plain" "$*" >&3; }

# die CODE TEXT: the fact first, and the way out.
die() {
  local code=$1
  shift
  printf '%s %s\n' "$red✗$plain" "$*" >&2
  exit "$code"
}

# die_with_log FILE TEXT: the same, after the last lines of the log that tells why.
die_with_log() {
  local file=$1
  shift
  if [[ -s $file ]]; then
    printf '%s\n' "$dim… the end of $(relative "$file"):$plain" >&2
    tail -n 15 "$file" >&2
  fi
  die 70 "$*"
}

# relative PATH: as seen from the checkout, where it lies inside.
relative() { echo "${1#"$root"/}"; }

# ticker LABEL: passes a build's output on to one line that keeps changing, on a terminal only.
ticker() {
  local line
  if [[ ! -t 3 ]]; then
    cat >/dev/null
    return
  fi
  while IFS= read -r line; do
    printf '\r\e[K%s' "▸ $1 ${line:0:$((${COLUMNS:-100} - ${#1} - 4))}" >&3
  done
  printf '\r\e[K' >&3
}

# until_true SECONDS COMMAND…: tries ten times a second; false when the time is over.
until_true() {
  local end=$(($(milliseconds) + $1 * 1000))
  shift
  until "$@"; do
    (($(milliseconds) < end)) || return 1
    sleep 0.1
  done
}
