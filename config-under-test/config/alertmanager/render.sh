#!/bin/sh
# Fills the ${ALERTMANAGER_…} of Alertmanager's configuration in from the environment, which Alertmanager itself cannot do,
# puts the templates beside the result, and becomes the command it was given. Needs a POSIX shell and awk, nothing else.
#
#   ALERTMANAGER_CONFIG_SOURCE    the configuration with placeholders   (/etc/alertmanager/config.yml)
#   ALERTMANAGER_CONFIG_RENDERED  where the filled-in one goes          (/run/alertmanager/config.yml)
#
# Arguments are Alertmanager's flags; without any, it only renders.
set -eu

source_file=${ALERTMANAGER_CONFIG_SOURCE:-/etc/alertmanager/config.yml}
rendered_file=${ALERTMANAGER_CONFIG_RENDERED:-/run/alertmanager/config.yml}

fail() {
    echo "render.sh: $1" >&2
    exit 1
}

[ -r "$source_file" ] || fail "cannot read $source_file"
rendered_folder=$(dirname "$rendered_file")
mkdir -p "$rendered_folder" || fail "cannot create $rendered_folder"
rendered_folder=$(cd "$rendered_folder" && pwd)

# The result holds secrets: nobody else may read it.
umask 077
unfinished="$rendered_file.unfinished"
trap 'rm -f "$unfinished"' EXIT

# Placeholders stand within single-quoted YAML strings, where only the quote itself is special: it is doubled. Values are
# put in by position, not by a regular expression's replacement, so that & and \ mean nothing. Comments are left alone.
awk '
function filled(line,    result, start, finish, name, value) {
    result = ""
    while ((start = index(line, "${ALERTMANAGER_")) > 0) {
        finish = index(substr(line, start), "}")
        if (finish == 0) {
            problem(FILENAME ":" FNR ": a ${ without its }")
            return result line
        }
        name = substr(line, start + 2, finish - 3)
        if (!(name in ENVIRON) || ENVIRON[name] == "") {
            problem(FILENAME ":" FNR ": " name " is not set; set it in .env")
        }
        value = ENVIRON[name]
        if (value ~ /[\n\r]/) problem(FILENAME ":" FNR ": " name " holds a line break")
        gsub(/'"'"'/, "&&", value)
        result = result substr(line, 1, start - 1) value
        line = substr(line, start + finish)
    }
    return result line
}
function problem(text) {
    print "render.sh: " text | "cat >&2"
    problems++
}
/^[ \t]*#/ { print; next }
{ print filled($0) }
END { close("cat >&2"); exit problems > 0 }
' "$source_file" >"$unfinished" || fail "nothing rendered from $source_file"

source_folder=$(cd "$(dirname "$source_file")" && pwd)
for template in "$source_folder"/*.tmpl; do
    if [ -e "$template" ] && [ "$source_folder" != "$rendered_folder" ]; then
        cp "$template" "$rendered_folder/"
    fi
done
mv "$unfinished" "$rendered_file"

if [ $# -gt 0 ]; then
    exec "${ALERTMANAGER_BINARY:-/bin/alertmanager}" "--config.file=$rendered_file" "$@"
fi
