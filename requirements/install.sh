#!/bin/sh
# Makes the virtual environment $VENV from the lock $LOCK, with $PYTHON where one is named, and, where $PROJECT is
# given, puts the project itself into it. `make venv` and `make tools` call it.
set -eu

fail() {
    echo "$1" >&2
    exit 1
}

recent_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if [ -n "${PYTHON:-}" ]; then
    recent_enough "$PYTHON" || fail "$PYTHON is not there or is older than Python 3.11, which the Files API needs: name another one with \`make PYTHON=…\`."
else
    for PYTHON in python3 python3.13 python3.12 python3.11 ''; do
        [ -z "$PYTHON" ] || ! recent_enough "$PYTHON" || break
    done
    [ -n "$PYTHON" ] || fail 'The Files API needs Python 3.11 or newer: install it, or name it with `make PYTHON=…`.'
fi

begin() {
    echo "Making $VENV from $LOCK: the first time takes a minute or two."
}

if command -v uv >/dev/null; then
    begin
    uv venv --quiet --clear --python "$PYTHON" "$VENV"
    # The lock decides which files are right; whichever index has them may serve them.
    uv pip install --quiet --python "$VENV/bin/python" --require-hashes --requirements "$LOCK"
    [ -z "${PROJECT:-}" ] || uv pip install --quiet --python "$VENV/bin/python" --no-deps --no-build-isolation --editable "$PROJECT"
else
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$PYTHON has no venv module: install it (Debian, Ubuntu: \`apt-get install python3-venv\`), or install uv."
    begin
    "$PYTHON" -m venv --clear "$VENV"
    pip() { "$VENV/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
    # The lock names every package: there is nothing to resolve.
    pip install --no-deps --require-hashes --requirement "$LOCK"
    [ -z "${PROJECT:-}" ] || pip install --no-deps --no-build-isolation --editable "$PROJECT"
fi
