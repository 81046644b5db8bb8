#!/bin/bash
# install.sh [--remove] DESTDIR PREFIX: the binary, the systemd unit, the shell completions.
set -eu
cd "$(dirname "$0")/.."

remove=no
if [ "${1:-}" = --remove ]; then
  remove=yes
  shift
fi
destination=${1-}
prefix=${2:-/usr/local}

binary=$destination$prefix/bin/tiffin
runtime=$destination$prefix/bin/tiffin-oci
unit=$destination/etc/systemd/system/tiffin.service
bash_completion=$destination$prefix/share/bash-completion/completions/tiffin
zsh_completion=$destination$prefix/share/zsh/site-functions/_tiffin
fish_completion=$destination$prefix/share/fish/vendor_completions.d/tiffin.fish

if [ "$remove" = yes ]; then
  rm -fv "$binary" "$runtime" "$unit" "$bash_completion" "$zsh_completion" "$fish_completion"
  exit 0
fi

install -D -m 755 dist/tiffin "$binary"
ln -sfn tiffin "$runtime"
install -d "$(dirname "$unit")"
sed "s|@BIN@|$prefix/bin/tiffin|" packaging/tiffin.service > "$unit"
chmod 644 "$unit"
for shell in bash zsh fish; do
  target=${shell}_completion
  install -d "$(dirname "${!target}")"
  dist/tiffin completion "$shell" > "${!target}"
done
printf 'installed %s\n' "$binary" "$runtime" "$unit" "$bash_completion" "$zsh_completion" "$fish_completion"
if [ -z "$destination" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  echo 'start the engine at boot: systemctl enable --now tiffin'
fi
