#!/bin/sh
# The Elasticsearch service's entry point. Creates the file-realm users from the environment, starts the stock entry point, and
# sets the store up while it comes up: lifecycle policies, index templates, first index. Every step can be repeated.
#
#   ELASTIC_PASSWORD            the built-in superuser's, used for the set-up only
#   LOGSTASH_WRITER_PASSWORD    user logstash_writer, role logstash_writer
#   LOG_READER_PASSWORD         user log_reader, role log_reader
#   GRAFANA_READER_PASSWORD     user grafana_reader, role grafana_reader
#   KIBANA_SERVER_PASSWORD      user kibana_server, role kibana_system
#   SETUP_FOLDER                where the JSON files and roles.yml are; default: beside this script
#   SETUP_DEADLINE_SECONDS      how long Elasticsearch may take to come up; default 180
set -eu

folder=${SETUP_FOLDER:-$(cd "$(dirname "$0")" && pwd)}
home=${ES_HOME:-/usr/share/elasticsearch}
configuration=${ES_PATH_CONF:-$home/config}
url=http://localhost:9200
deadline=${SETUP_DEADLINE_SECONDS:-180}

say() { echo "caredroid set-up: $*" >&2; }

missing=""
for name in ELASTIC_PASSWORD LOGSTASH_WRITER_PASSWORD LOG_READER_PASSWORD GRAFANA_READER_PASSWORD KIBANA_SERVER_PASSWORD; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || missing="$missing $name"
done
if [ -n "$missing" ]; then
  say "not set in the environment:$missing"
  exit 1
fi

# A mounted roles.yml is read-only and already in place.
if [ -w "$configuration/roles.yml" ]; then
  cat "$folder/roles.yml" > "$configuration/roles.yml"
fi

# useradd fails on a user of an earlier start; its password may have changed since.
user() {
  "$home/bin/elasticsearch-users" useradd "$1" -p "$2" -r "$3" 2>/dev/null \
    || "$home/bin/elasticsearch-users" passwd "$1" -p "$2"
}
user logstash_writer "$LOGSTASH_WRITER_PASSWORD" logstash_writer
user log_reader "$LOG_READER_PASSWORD" log_reader
user grafana_reader "$GRAFANA_READER_PASSWORD" grafana_reader
user kibana_server "$KIBANA_SERVER_PASSWORD" kibana_system

# The password goes through standard input, never into the list of processes.
call() {
  method=$1 path=$2
  shift 2
  answer=$(printf 'user = "elastic:%s"\n' "$ELASTIC_PASSWORD" \
    | curl --config - --silent --show-error --fail-with-body --max-time 60 --request "$method" \
        --header 'Content-Type: application/json' "$@" "$url/$path") || { say "$answer"; return 1; }
}

put() {
  call PUT "$1" --data-binary "@$folder/$2" || { say "Elasticsearch refused $2 (PUT /$1)"; return 1; }
}

set_up() {
  waited=0
  until call GET "_cluster/health?wait_for_status=yellow&timeout=1s" 2>/dev/null; do
    waited=$((waited + 2))
    if [ "$waited" -ge "$deadline" ]; then
      say "Elasticsearch did not come up within $deadline s"
      return 1
    fi
    sleep 2
  done
  put _ilm/policy/caredroid-logs ilm-policy.json || return 1
  put _ilm/policy/caredroid-dead-letter dead-letter-policy.json || return 1
  put _index_template/caredroid-logs index-template.json || return 1
  put _index_template/caredroid-dead-letter dead-letter-template.json || return 1
  if ! call GET _alias/caredroid-logs 2>/dev/null; then
    put caredroid-logs-000001 first-index.json || return 1
  fi
  if ! call GET caredroid-dead-letter 2>/dev/null; then
    call PUT caredroid-dead-letter || return 1
  fi
  say "done"
}

# Without its set-up the store is of no use: stop it, so that the container is seen to fail and is started again.
main=$$
{ set_up || { say "failed, stopping Elasticsearch"; kill -TERM "$main"; }; } &

exec /bin/tini -- /usr/local/bin/docker-entrypoint.sh eswrapper
