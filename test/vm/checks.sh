# Runs as the only program of the emulated machine: what must hold on the unified cgroup hierarchy and an older kernel.

check() { # NAME EXPECTED SEEN
  if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: expected [$2], saw [$3]"; fi
}

inside() { tiffin run --rm "$@" 2>&1; }

tiffin run --rm starter true || echo "not ok first run"
check 'run: exit code' 7 "$(tiffin run --rm starter sh -c 'exit 7' >/dev/null 2>&1; echo $?)"
check 'memory.max' 67108864 "$(inside -m 64m starter cat /sys/fs/cgroup/memory.max)"
check 'memory.swap.max' 67108864 "$(inside -m 64m --memory-swap 128m starter cat /sys/fs/cgroup/memory.swap.max)"
check 'cpu.max' '50000 100000' "$(inside --cpus 0.5 starter cat /sys/fs/cgroup/cpu.max)"
check 'cpu.weight from shares' 100 "$(inside --cpu-shares 1024 starter cat /sys/fs/cgroup/cpu.weight)"
check 'pids.max' 20 "$(inside --pids-limit 20 starter cat /sys/fs/cgroup/pids.max)"
check 'cpuset.cpus' 1 "$(inside --cpuset-cpus 1 starter cat /sys/fs/cgroup/cpuset.cpus)"
check 'cgroup namespace' '0::/' "$(inside starter cat /proc/self/cgroup)"
check 'the cgroup mount is read-only' 1 "$(inside starter sh -c 'mkdir /sys/fs/cgroup/x 2>/dev/null; echo $?')"
check 'device filter: null allowed' 0 "$(inside starter sh -c 'echo x > /dev/null; echo $?')"
check 'device filter: others denied' 'Operation not permitted' \
  "$(inside starter sh -c 'mknod /tmp/mem c 1 1; dd if=/tmp/mem of=/dev/null count=1 2>&1 | head -n 1' | sed 's/.*: //')"
check 'device filter: --device opens one' 0 \
  "$(inside --device /dev/ttyS0 starter sh -c ': < /dev/ttyS0; echo $?')"

tiffin run -d --name hungry -m 16m starter sh -c 'tail /dev/zero' > /dev/null
check 'out of memory: status' 137 "$(tiffin wait hungry)"
check 'out of memory: flag' true "$(tiffin inspect -f '{{.State.OOMKilled}}' hungry)"
tiffin rm hungry > /dev/null

tiffin run -d --name pausing starter sh -c 'while :; do echo x; sleep 0.02; done' > /dev/null
tiffin pause pausing > /dev/null
frozen=$(cat /sys/fs/cgroup/tiffin/*/cgroup.freeze 2>/dev/null | head -n 1)
check 'pause freezes the cgroup' 1 "$frozen"
tiffin unpause pausing > /dev/null
tiffin update -m 32m --memory-swap 64m pausing > /dev/null
check 'update writes memory.max' 33554432 "$(cat /sys/fs/cgroup/tiffin/*/memory.max | head -n 1)"
check 'exec joins the cgroup' 33554432 "$(tiffin exec pausing cat /sys/fs/cgroup/memory.max)"
check 'stats read the unified hierarchy' pausing "$(tiffin stats --no-stream --format '{{.Name}}' pausing)"
check 'address on the bridge' eth0 "$(tiffin exec pausing ip -o -4 addr show eth0 | awk '{print $2}')"
tiffin rm -f pausing > /dev/null

tiffin run -d --name web -p 8080:80 starter httpd -f -h /etc > /dev/null
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  body=$(wget -q -O - http://127.0.0.1:8080/os-release 2>/dev/null | head -n 1)
  [ -n "$body" ] && break
  sleep 0.2
done
check 'published port answers on loopback' 'NAME="Tiffin starter"' "$body"
# The bridge is there already when the next engine sets the network up.
kill -9 "$(pidof tiffin | tr ' ' '\n' | while read -r pid; do grep -qz '^serve$' "/proc/$pid/cmdline" && echo "$pid"; done)"
check 'the next engine takes up the bridge' 0 "$(tiffin run --rm starter true > /dev/null 2>&1; echo $?)"
check 'and its firewall for bridges' 0 "$(grep -c 'no nftables for bridges' /run/tiffin/engine.log)"
tiffin rm -f web > /dev/null
check 'no container cgroup is left' 0 "$(find /sys/fs/cgroup/tiffin -mindepth 1 -type d 2>/dev/null | wc -l)"
check 'no link is left' 0 "$(ip -o link | grep -c veth)"

# The runtime alone, as a container engine calls it.
mkdir -p /tmp/bundle/rootfs/bin /tmp/bundle/rootfs/proc /tmp/bundle/rootfs/sys /tmp/bundle/rootfs/dev
cp /bin/busybox /tmp/bundle/rootfs/bin/busybox
ln -s busybox /tmp/bundle/rootfs/bin/sh
cd /tmp/bundle
tiffin oci spec
sed -i 's/"terminal": true/"terminal": false/; s/"rlimits"/"ignored"/' config.json
sed -i 's|"args": \[|"args": ["sh", "-c", "exit 9"], "was": [|' config.json
check 'oci run: exit code' 9 "$(tiffin oci run one > /dev/null 2>&1; echo $?)"
cd /
