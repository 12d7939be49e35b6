#!/bin/sh
# Imports saved-searches.json into Kibana: data views, searches and the endpoint table. Can be repeated; what is there under the
# same id is replaced, what people added stays.
#
#   docker compose exec kibana sh /etc/caredroid/kibana/import-saved-searches.sh
#
# Kibana's import API takes one object per line; the Node.js that Kibana brings along turns the array into that.
#   KIBANA_URL              default http://localhost:5601
#   ELASTIC_PASSWORD        of the user that imports
#   KIBANA_IMPORT_USER      default elastic
#   SAVED_SEARCHES          default: beside this script
set -eu

here=$(cd "$(dirname "$0")" && pwd)
searches=${SAVED_SEARCHES:-$here/saved-searches.json}
: "${ELASTIC_PASSWORD:?is not set: the password of the user that imports}"

node=$(ls -d /usr/share/kibana/node/*/bin/node /usr/share/kibana/node/bin/node 2>/dev/null | head -n 1)
if [ -z "$node" ]; then
  echo "import-saved-searches: no Node.js below /usr/share/kibana/node; run this inside the Kibana container" >&2
  exit 1
fi

lines=$(mktemp)
mv "$lines" "$lines.ndjson" && lines=$lines.ndjson
trap 'rm -f "$lines"' EXIT
"$node" -e 'for (const o of JSON.parse(require("fs").readFileSync(process.argv[1]))) console.log(JSON.stringify(o))' \
  "$searches" > "$lines"

answer=$(printf 'user = "%s:%s"\n' "${KIBANA_IMPORT_USER:-elastic}" "$ELASTIC_PASSWORD" \
  | curl --config - --silent --show-error --fail-with-body --max-time 60 \
      --header 'kbn-xsrf: caredroid' --form "file=@$lines" \
      "${KIBANA_URL:-http://localhost:5601}/api/saved_objects/_import?overwrite=true") || {
  echo "import-saved-searches: Kibana refused the import: $answer" >&2
  exit 1
}
case $answer in
  *'"success":true'*) echo "import-saved-searches: $(grep -c . "$lines") objects imported" ;;
  *) echo "import-saved-searches: $answer" >&2; exit 1 ;;
esac
