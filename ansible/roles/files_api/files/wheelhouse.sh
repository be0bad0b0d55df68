#!/bin/sh
# Makes a folder of wheels for a Python and a processor that need not be this machine's: the service, built from this
# checkout, and all that it needs, as locked in requirements/service.txt.
#
#     wheelhouse.sh DIRECTORY 3.13 x86_64|aarch64
#
# DIRECTORY/requirements.txt names each wheel with its hash, and DIRECTORY.tar has all of it. The same checkout gives the
# same requirements.txt. To be run in the checkout, after `make venv`.
set -eu

directory=$1 python=$2 architecture=$3
bin=.venv/bin
case $architecture in
    x86_64 | aarch64) ;;
    *) echo "No such processor: $architecture" >&2; exit 1 ;;
esac
[ -x "$bin/uv" ] || { echo 'There is no .venv to build with: run `make venv`.' >&2; exit 1; }

# An environment that uv has made has no pip of its own.
pip() {
    if "$bin/python" -m pip --version >/dev/null 2>&1; then
        "$bin/python" -m pip --disable-pip-version-check "$@"
    else
        [ -x .run/pip/bin/python ] || python3 -m venv .run/pip
        .run/pip/bin/python -m pip --disable-pip-version-check "$@"
    fi
}

rm -rf "$directory.new"
mkdir -p "$directory" "$directory.new"

# The lock is for all Pythons and processors; this is what it says for one of each. pip would ask the Python that runs
# it, and not the one that is meant.
"$bin/uv" pip compile --quiet --no-deps --python-version "$python" --python-platform "$architecture-manylinux_2_28" \
    --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
    --output-file "$directory.new/locked.txt" requirements/service.txt >/dev/null

# What an earlier run has fetched is looked at first. pip knows each kind of manylinux only when it is named.
platforms=$(for minor in 28 27 26 24 17 12 5; do printf -- '--platform manylinux_2_%s_%s ' "$minor" "$architecture"; done)
# shellcheck disable=SC2086  # several words are meant
pip download --quiet --no-deps --require-hashes --only-binary=:all: --find-links "$directory" \
    --dest "$directory.new" --python-version "$python" --implementation cp \
    --abi "cp$(echo "$python" | tr -d .)" --abi abi3 --abi none \
    $platforms --platform "manylinux2014_$architecture" --requirement "$directory.new/locked.txt"

"$bin/uv" build --quiet --wheel --no-build-isolation --python "$bin/python" --out-dir "$directory.new" .
rm -f "$directory.new/.gitignore"
wheel=$(cd "$directory.new" && echo files_api-*.whl)
version=${wheel#files_api-}
{
    cat "$directory.new/locked.txt"
    printf 'files-api==%s --hash=sha256:%s\n' "${version%%-*}" "$(sha256sum "$directory.new/$wheel" | cut -d ' ' -f 1)"
} >"$directory.new/requirements.txt"
rm "$directory.new/locked.txt"

tar --create --file "$directory.tar" --directory "$directory.new" .
rm -rf "$directory"
mv "$directory.new" "$directory"
