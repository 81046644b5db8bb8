# Runs as a service of systemd in the emulated machine: what must hold of containers whose cgroups are units.

check() { # NAME EXPECTED SEEN
  if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: expected [$2], saw [$3]"; fi
}
# Looks until it is so, and at most for a minute: what follows tells what it was instead.
until_so() { for try in $(seq 600); do "$@" && return; sleep 0.1; done; }
show() { systemctl "$@" 2>/dev/null; }

mkdir -p /tmp/bundle/rootfs/bin /tmp/bundle/rootfs/proc /tmp/bundle/rootfs/sys /tmp/bundle/rootfs/dev
cp /bin/busybox /tmp/bundle/rootfs/bin/busybox
ln -s busybox /tmp/bundle/rootfs/bin/sh
cd /tmp/bundle
tiffin oci spec
configure() { # JQ-FILTER
  jq "del(.process.rlimits) | .process.terminal = false | $1" config.json > config.new && mv config.new config.json
}
configure '.process.args = ["sh", "-c", "exec busybox sleep 1000"]
  | .linux.cgroupsPath = "app-web.slice:tiffin:one"
  | .annotations = {"org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.Description": "'"'"'of an annotation'"'"'"}
  | .linux.resources = {
      devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 4, minor: 64, access: "r"}],
      memory: {limit: 67108864, reservation: 33554432, swap: 134217728},
      cpu: {shares: 1024, quota: 50000, period: 100000, cpus: "1"}, pids: {limit: 42}}'

group=/sys/fs/cgroup/app.slice/app-web.slice/tiffin-one.scope
unit=tiffin-one.scope
systemd_oci() { tiffin oci --systemd-cgroup "$@"; }

stopped() { [ "$(systemd_oci state one | jq -r .status)" != running ]; }
unloaded() { [ "$(show show -P LoadState $unit)" != loaded ]; }

lives() { # WORDS: one life of a container; WORDS tell over which socket
  systemd_oci create one < /dev/null > /tmp/out 2>&1 || cat /tmp/out
  pid=$(systemd_oci state one | jq .pid)
  check "$1: the scope is active" active "$(show is-active $unit)"
  check "$1: it lies in its slice" app-web.slice "$(show show -P Slice $unit)"
  check "$1: the container's process alone is in it" "$pid" "$(cat $group/cgroup.procs)"
  check "$1: it is delegated" yes "$(show show -P Delegate $unit)"
  systemd_oci start one
  check "$1: the program runs" running "$(systemd_oci state one | jq -r .status)"
  systemd_oci kill one KILL
  until_so stopped
  systemd_oci delete one
  check "$1: the unit is gone after delete" inactive "$(show is-active $unit)"
  check "$1: no group is left" absent "$([ -e $group ] && echo there || echo absent)"
}

lives 'own socket'
systemctl start dbus.service || echo "not ok dbus"
lives 'bus'

systemd_oci run -d one < /dev/null > /tmp/out 2>&1 || cat /tmp/out
property() { show show -P "$1" $unit; }
check 'MemoryMax' 67108864 "$(property MemoryMax)"
check 'MemoryLow' 33554432 "$(property MemoryLow)"
check 'MemorySwapMax' 67108864 "$(property MemorySwapMax)"
check 'CPUWeight' 100 "$(property CPUWeight)"
check 'CPUQuotaPerSecUSec' 500ms "$(property CPUQuotaPerSecUSec)"
check 'TasksMax' 42 "$(property TasksMax)"
check 'AllowedCPUs' 1 "$(property AllowedCPUs)"
check 'DevicePolicy' strict "$(property DevicePolicy)"
check 'DeviceAllow' 1 "$(property DeviceAllow | grep -c '^/dev/char/4:64 r$')"
check 'annotation in seconds' 7s "$(property TimeoutStopUSec)"
check 'annotation of a text' 'of an annotation' "$(property Description)"
check 'the kernel has the limit' 67108864 "$(cat $group/memory.max)"
check 'the kernel has the processors' 1 "$(cat $group/cpuset.cpus)"

systemd_oci update --memory 33554432 --memory-swap 67108864 --pids-limit 21 --cpu-quota 25000 one
check 'update: MemoryMax' 33554432 "$(property MemoryMax)"
check 'update: TasksMax' 21 "$(property TasksMax)"
check 'update: CPUQuotaPerSecUSec' 250ms "$(property CPUQuotaPerSecUSec)"
check 'update: the kernel has it' 33554432 "$(cat $group/memory.max)"

open_device() { tiffin oci exec --cap CAP_MKNOD one busybox sh -c "busybox mknod /dev/x c $1; (: < /dev/x) 2>&1 && echo open; busybox rm /dev/x" | sed 's/.*: //'; }
check 'a device that is allowed' open "$(open_device '4 64')"
check 'a device that is not' 'Operation not permitted' "$(open_device '4 1')"
systemctl daemon-reload
check 'after a reload of systemd: limit' 33554432 "$(cat $group/memory.max)"
check 'after a reload of systemd: a device that is allowed' open "$(open_device '4 64')"
check 'after a reload of systemd: a device that is not' 'Operation not permitted' "$(open_device '4 1')"
check 'a second container of the name' 1 "$(systemd_oci --root /run/other run -d one > /tmp/out 2>&1; echo $?)"
systemd_oci delete --force one
check 'delete --force: the unit is gone' inactive "$(show is-active $unit)"

configure '.process.args = ["sh", "-c", "exit 9"]'
check 'run in the foreground: status' 9 "$(systemd_oci run one < /dev/null > /tmp/out 2>&1; echo $?)"
until_so unloaded
check 'run in the foreground: the unit is gone' absent "$([ -e $group ] && echo there || echo absent)"

configure '.process.args = ["sh", "-c", "busybox tail /dev/zero"]'
systemd_oci run one < /dev/null > /dev/null 2>&1
until_so unloaded
check 'out of memory: no failed unit stays' 0 "$(show list-units --failed --plain --no-legend | grep -c tiffin)"

configure '.process.args = ["absent"]'
check 'a program that is absent: status' 127 "$(systemd_oci run one < /dev/null > /tmp/out 2>&1; echo $?)"
until_so unloaded
check 'a program that is absent: no group is left' absent "$([ -e $group ] && echo there || echo absent)"

configure '.linux.cgroupsPath = "a:b"'
check 'cgroupsPath of another form' 1 "$(systemd_oci run one 2>&1 | grep -c 'expected cgroupsPath to be of format')"
configure '.linux.cgroupsPath = "/tiffin/a:b:c" | .process.args = ["sh", "-c", "busybox cat /proc/self/cgroup"] | .linux.namespaces |= map(select(.type != "cgroup"))'
check 'without --systemd-cgroup colons are part of a path' 0::/tiffin/a:b:c "$(tiffin oci run one)"

# A user's manager, as logind would start it.
mkdir -p /run/user/1000 /tmp/home
chown 1000:1000 /run/user/1000 /tmp/home
chmod 711 /tmp
systemctl start user-manager.service
own=/system.slice/user-manager.service
mkdir /tmp/rootless && cp -a /tmp/bundle/rootfs /tmp/rootless/ && cd /tmp/rootless && chown -R 1000:1000 .
# From a group of that manager: a user moves processes only below what is the user's.
until_so [ -S /run/user/1000/systemd/private ]
mkdir /sys/fs/cgroup$own/caller
chown -R 1000:1000 /sys/fs/cgroup$own/caller
as_user() {
  sh -c 'echo 0 > "$0/cgroup.procs" && exec /bin/setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all /bin/env \
    XDG_RUNTIME_DIR=/run/user/1000 HOME=/tmp/home PATH=/bin USER=ordinary "$@"' /sys/fs/cgroup$own/caller "$@"
}
as_user tiffin oci spec --rootless
configure '.linux.cgroupsPath = "user.slice:tiffin:two" | .process.args = ["sh", "-c", "exec busybox sleep 1000"] | .linux.resources = {pids: {limit: 33}}'
as_user tiffin oci --systemd-cgroup run -d two < /dev/null > /tmp/out 2>&1 || cat /tmp/out
check 'rootless: the unit of the user' active "$(as_user systemctl --user is-active tiffin-two.scope)"
check 'rootless: its group' 33 "$(cat /sys/fs/cgroup$own/user.slice/tiffin-two.scope/pids.max)"
check 'rootless: the process alone is there' "$(as_user tiffin oci state two | jq .pid || echo none)" "$(cat /sys/fs/cgroup$own/user.slice/tiffin-two.scope/cgroup.procs)"
as_user tiffin oci --systemd-cgroup delete --force two
check 'rootless: gone' absent "$([ -e /sys/fs/cgroup$own/user.slice/tiffin-two.scope ] && echo there || echo absent)"
# As from a login: a group that is not the manager's. The caller is brought near before it starts the unit.
from_session() {
  /bin/setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all /bin/env \
    XDG_RUNTIME_DIR=/run/user/1000 HOME=/tmp/home PATH=/bin USER=ordinary "$@"
}
from_session tiffin oci --systemd-cgroup run -d two < /dev/null > /tmp/out 2>&1 || cat /tmp/out
check 'rootless, from elsewhere: the process alone is in its group' "$(as_user tiffin oci state two | jq .pid || echo none)" "$(cat /sys/fs/cgroup$own/user.slice/tiffin-two.scope/cgroup.procs)"
from_session tiffin oci --systemd-cgroup delete --force two
check 'rootless, from elsewhere: gone' absent "$([ -e /sys/fs/cgroup$own/user.slice/tiffin-two.scope ] && echo there || echo absent)"
