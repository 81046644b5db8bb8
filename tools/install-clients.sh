#!/bin/bash
# Installs the clients that test/clients runs, each from its own registry and pinned there, below a directory.
# Usage: install-clients.sh DIRECTORY
set -eu
tests=$(realpath "$(dirname "$0")/../test/clients")
mkdir -p "$1"
to=$(realpath "$1")

javascript() {
  mkdir -p "$to/npm"
  cp "$tests/npm/package.json" "$tests/npm/package-lock.json" "$to/npm/"
  # Programs that packages want to run at their installation are not needed by these clients.
  npm ci --prefix "$to/npm" --ignore-scripts --no-audit --no-fund --loglevel=error
}

python() {
  /usr/bin/python3 -m venv "$to/venv"
  "$to/venv/bin/pip" install --quiet --disable-pip-version-check -r "$tests/requirements.txt"
}

go_programs() {
  command -v go > /dev/null || { echo 'go is missing: compose is built from its module' >&2; exit 1; }
  local version
  version=$(awk '$1 == "github.com/docker/compose/v2" { print $2 }' "$tests/go/go.mod")
  cd "$tests/go"
  export CGO_ENABLED=0
  go build -trimpath -o "$to/bin/reaper" ./reaper
  go build -trimpath -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$version" \
    -o "$to/bin/docker-compose" github.com/docker/compose/v2/cmd
}

for part in javascript python go_programs; do
  echo "installing clients: $part"
  ( "$part" )
done
