# A login for each service on PostgreSQL and on RabbitMQ, with that service's rights and no others; the role `loods` owns
# the store and the broker, migrates, and is what `psql`, `env` and `loods` use.

# The folder of passwords, as `loods migrate --logins` takes it.
logins_folder() {
  local folder=$state/secrets/logins name
  if [[ ! -e $folder/mailer ]]; then
    (umask 077 && mkdir -p "$folder")
    for name in "${services[@]}"; do secret "logins/$name" 24 >/dev/null; done
  fi
  echo "$folder"
}

# login_settings KIND: where the servers are for this service, one assignment a line.
login_settings() {
  echo "LOODS_DATABASE_URL=postgres://loods_$1@127.0.0.1:$(port postgres)/loods"
  echo "LOODS_AMQP_URL=amqp://loods_$1@127.0.0.1:$(port amqp)/"
  echo "LOODS_DATABASE_PASSWORD_FILE=$(logins_folder)/$1"
  echo "LOODS_AMQP_PASSWORD_FILE=$(logins_folder)/$1"
}

# On the broker; on the store `loods migrate` does it.
create_broker_users() {
  loods broker-users --logins "$(logins_folder)" | "$root/deploy/dev.d/definitions" "$(management_url)"
}
