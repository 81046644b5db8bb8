#!/bin/bash
# One container, looked at from inside and from outside.
set -eu
cd "$(dirname "$0")/.."
tiffin=$PWD/dist/tiffin
name=demo-$$

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

if [ "$(id -u)" != 0 ]; then
  echo "make demo must run as root: containers need mounts, cgroups and network links" >&2
  exit 1
fi

say "tiffin run --name $name --hostname lunch --memory 64m starter …"
inside='
  echo "pid          $$"
  echo "user         $(id -un) ($(id -u))"
  echo "hostname     $(hostname)"
  echo "address      $(ip -4 -o addr show eth0 | awk "{print \$4}")"
  echo "memory limit $(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null) bytes"
  echo "processes    $(ls -d /proc/[0-9]* | wc -l)"
  exit 7'
status=0
"$tiffin" run --name "$name" --hostname lunch --memory 64m starter sh -c "$inside" || status=$?
echo "exit code    $status"
[ "$status" = 7 ] || { echo "the container should have ended with 7" >&2; exit 1; }

say 'tiffin ps -a'
"$tiffin" ps -a

say "tiffin explain $name (first lines)"
"$tiffin" explain "$name" | sed -n '1,14p'

"$tiffin" rm "$name" > /dev/null
say "That was all. Try: dist/tiffin run -it --rm starter"
