# test containers: the image and docker-compose.yml, built and run. Where LOODS_BASE_IMAGES names a command, it runs
# first; it may prepare an engine and the public images on a machine that reaches no registry.

containers_command() {
  (($# == 0)) || die 64 "test containers takes no argument"
  use_instance containers
  lock_instance
  create_instance
  need_packages "$venv_package"
  if [[ -n ${LOODS_BASE_IMAGES:-} ]]; then (cd "$root" && bash -c "$LOODS_BASE_IMAGES"); fi
  docker info >/dev/null 2>&1 || die 69 "no Docker engine answers; start one, or name a command in LOODS_BASE_IMAGES"

  export LOODS_EVENTS_PORT LOODS_MAILS_PORT LOODS_QUEUES_PORT LOODS_PUBLIC_URL
  LOODS_EVENTS_PORT=$(free_port events)
  LOODS_MAILS_PORT=$(free_port mails)
  LOODS_QUEUES_PORT=$(free_port queues)
  LOODS_PUBLIC_URL=http://127.0.0.1:$LOODS_EVENTS_PORT
  compose_away
  compose_project=loods-test-$$
  echo "$compose_project" >"$state/project"
  trap 'compose_away' EXIT

  step "docker-compose.yml fits the schema" compose_schema
  step "image" docker_image
  ((failures)) || step "no crash points in the image" no_crash_points
  step "compose up" compose_up
  ((failures)) || step "every service is healthy" compose_healthy
  ((failures)) || step "no service runs as root or may write its root" compose_confined
  ((failures)) || step "no secret stands in an environment" compose_secrets
  ((failures)) || step "an event becomes a mail" compose_mail
  ((failures == 0)) || compose logs --tail=40 >"$state/log/compose.log" 2>&1 || true
  say "$passed passed, $failures failed"
  ((failures == 0)) || exit 1
}

compose() {
  if docker compose version >/dev/null 2>&1; then
    (cd "$root" && docker compose -p "$compose_project" "$@")
  else
    (cd "$root" && docker-compose -p "$compose_project" "$@")
  fi
}

# By the name on file, so that what a killed run left can be taken away too.
compose_away() {
  [[ -s $state/project ]] || return 0
  compose_project=$(cat "$state/project")
  if compose down -v --remove-orphans >/dev/null 2>&1; then
    rm -f "$state/project"
  else
    note "containers may be left; docker compose -p $compose_project down -v removes them"
  fi
}

compose_schema() {
  local venv=$state_root/venv
  [[ -x $venv/bin/check-jsonschema ]] || {
    python3 -m venv "$venv" && "$venv/bin/pip" install --quiet check-jsonschema || return 1
  }
  "$venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec "$root/docker-compose.yml"
}

docker_image() {
  (cd "$root" && DOCKER_BUILDKIT=0 docker build --network=host -t loods:dev -f deploy/Dockerfile .)
}

# What lets the laboratory have a process die at a named place is in builds for tests alone.
no_crash_points() {
  local program words='LOODS_(CRASH|FREEZE)_'
  grep -aqE "$words" "$root"/Sources/CrashPoints/*.swift || return 1
  for program in ingest scoring scheduler mailer loods; do
    docker run --rm --entrypoint cat loods:dev "/usr/local/bin/$program" >"$state/program" || return 1
    ! grep -aqE "$words" "$state/program" || { echo "$program reads crash points"; return 1; }
  done
  rm "$state/program"
}

compose_up() { compose up -d --scale scoring=2 --scale mailer=3; }

our_containers() { compose ps -q ingest scoring scheduler mailer; }

compose_healthy() {
  (($(our_containers | wc -l) == 7)) || { compose ps; return 1; }
  until_true 120 all_healthy || { compose ps; compose logs --tail=20; return 1; }
}

all_healthy() {
  local container
  for container in $(our_containers); do
    [[ $(docker inspect -f '{{.State.Health.Status}}' "$container") == healthy ]] || return 1
  done
}

compose_confined() {
  local container
  for container in $(our_containers); do
    [[ $(docker inspect -f '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}}' "$container") == "10001:10001 true" ]] || return 1
  done
}

# Neither a password by itself nor one within a URL.
compose_secrets() {
  local container
  for container in $(compose ps -q); do
    ! docker inspect -f '{{json .Config.Env}}' "$container" | grep -E '://[^/"@]*:[^/"@]*@|(PASSWORD|PASS|SECRET)=[^"]' || return 1
  done
}

compose_mail() {
  compose run --rm -T -v "$root/deploy/demo/shop:/shop:ro" migrate loods apply --yes /shop || return 1
  local key
  key=$(compose run --rm -T migrate loods keys create --kind server --name containers | tr -d '\r' | tail -n 1) || return 1
  "$root/deploy/dev.d/first-order" "http://127.0.0.1:$LOODS_EVENTS_PORT" "$key" \
    "http://127.0.0.1:$LOODS_MAILS_PORT"
}
