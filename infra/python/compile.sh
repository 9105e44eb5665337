#!/usr/bin/env bash
# Writes the lock files: each NAME.txt from its NAME.in, with every version and the hashes of all
# its files, for each platform and for Python 3.10 and later. A lock file is whole, so it is
# installed with `--no-deps --require-hashes`: the pip of Python 3.10 would else look for what has
# extras. What is locked stays as it is: `--upgrade` takes the newest versions that the NAME.in
# allow, `--upgrade-package NAME` one.
set -euo pipefail
cd "$(dirname "$0")"
venv=../../.local/uv
uv=uv==0.13.9
if ! [ -e "$venv/$uv" ]; then
  python3 -m venv --clear "$venv"
  "$venv/bin/python3" -m pip install --disable-pip-version-check --no-input --quiet "$uv"
  touch "$venv/$uv"
fi
for file in *.in; do
  name=${file%.in}
  options=(--universal --generate-hashes --no-annotate)
  case $name in
    cargo-lambda) options+=(--python-version 3.10 --no-deps) ;;
    test-document) options+=(--python-version 3.11) ;; # schemathesis asks for it
    *) options+=(--python-version 3.10) ;;
  esac
  "$venv/bin/uv" pip compile --quiet "${options[@]}" "$@" "$file" --output-file "$name.txt" \
    --custom-compile-command 'bash infra/python/compile.sh'
done
