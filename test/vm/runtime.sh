# The runtime alone, as a container engine calls it: every limit in the unified hierarchy, enforced and changed while it runs.

rm -rf /tmp/oci && mkdir -p /tmp/oci && cd /tmp/oci
for name in bin proc sys dev tmp; do mkdir -p rootfs/$name; done
cp /bin/busybox rootfs/bin/busybox
for name in sh cat dd tail sleep mkdir grep timeout ls tr mount seq rmdir true; do ln -s busybox rootfs/bin/$name; done
tiffin oci spec && mv config.json base.json

# config SCRIPT [FILTER]: the default configuration with a cgroup mount that can be written to.
config() {
  jq --arg script "$1" '.process.terminal = false | .process.args = ["sh", "-c", $script] | del(.process.rlimits)
    | .root.readonly = false | .process.capabilities.effective += ["CAP_SYS_ADMIN", "CAP_MKNOD"]
    | .process.capabilities.permitted += ["CAP_SYS_ADMIN", "CAP_MKNOD"]
    | .process.capabilities.bounding += ["CAP_SYS_ADMIN", "CAP_MKNOD"]
    | .mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "rw"]}]
    | '"${2:-.}" base.json > config.json
}
oci() { tiffin oci "$@" 2>&1; }
group=/sys/fs/cgroup/box

config 'tail /dev/zero' '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
check 'memory.max kills' 137 "$(oci run box > /dev/null; echo $?)"
config 'for i in 1 2 3 4 5 6; do sleep 5 & done; true' '.linux.resources.pids.limit = 4'
check 'pids.max stops a fork' "can't fork" "$(oci run box | grep -o "can't fork" | head -n 1)"
config 'exec 2> /dev/null; timeout 1 sh -c "while :; do :; done"; grep nr_throttled /sys/fs/cgroup/cpu.stat | grep -c " 0$"' \
  '.linux.resources.cpu = {quota: 10000, period: 100000}'
check 'cpu.max throttles' 0 "$(oci run box)"
truncate -s 16M /tmp/disk && losetup /dev/loop0 /tmp/disk
config 'dd if=/dev/loop0 of=/dev/null bs=65536 count=32 iflag=direct 2> /dev/null; cat /sys/fs/cgroup/io.stat | tr " " "\n" | grep rbytes; cat /sys/fs/cgroup/io.max' \
  '.linux.resources.blockIO.throttleReadBpsDevice = [{major: 7, minor: 0, rate: 2097152}]
    | .linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "b", major: 7, minor: 0, access: "r"}]
    | .linux.devices = [{path: "/dev/loop0", type: "b", major: 7, minor: 0}]'
began=$(cut -d . -f 1 /proc/uptime)
check 'io.max is set, and counted by device' 'rbytes=2097152 7:0 rbps=2097152 wbps=max riops=max wiops=max' "$(oci run box | tr '\n' ' ' | sed 's/ $//')"
check 'io.max slows the reader' 1 "$(($(cut -d . -f 1 /proc/uptime) > began))"

config 'cd /sys/fs/cgroup; cat cpu.weight cpu.max cpu.max.burst cpuset.cpus cpuset.mems memory.low memory.high memory.swap.max pids.max' \
  '.linux.resources = {cpu: {shares: 2, quota: 20000, period: 50000, burst: 5000, cpus: "0", mems: "0"},
    memory: {limit: 67108864, swap: 100663296, reservation: 33554432}, pids: {limit: -1},
    unified: {"memory.high": "60000000"}}'
check 'limits are what the configuration says' '1 20000 50000 5000 0 0 33554432 59998208 33554432 max' "$(oci run box | tr '\n' ' ' | sed 's/ $//')"
config 'cat /sys/fs/cgroup/cpu.idle' '.linux.resources.cpu.idle = 1'
check 'cpu.idle' 1 "$(oci run box)"
config 'cat /sys/fs/cgroup/hugetlb.2MB.max /sys/fs/cgroup/hugetlb.2MB.rsvd.max' '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
check 'hugetlb with reservations' '4194304 4194304' "$(oci run box | tr '\n' ' ' | sed 's/ $//')"
config true '.linux.resources.unified = {"cgroup.procs": "0"}'
check 'unified refuses what is no limit' 1 "$(oci run box | grep -c 'not a limit of a v2 cgroup')"
config true '.linux.resources.unified = {"memory.no-such-file": "0"}'
check 'unified refuses an unknown file' 1 "$(oci run box > /dev/null; echo $?)"
config true '.linux.resources.cpu.realtimeRuntime = 1000'
check 'realtime limits are refused by name' 1 "$(oci run box | grep -c 'cgroup v2 has no realtime limits')"
config true '.linux.resources.cpu.cpus = "77"'
check 'a limit that the kernel refuses is named' 1 "$(oci run box | grep -c 'cpuset.cpus')"
check 'nothing is left of a refused start' 0 "$(ls -d $group 2> /dev/null | wc -l)"

# A container that runs: everything changes live.
config 'while :; do sleep 1; done'
oci create box
check 'clone puts the container into its cgroup at once' 1 "$(wc -l < $group/cgroup.procs)"
oci start box
check 'update of all limits' 0 "$(oci update --memory 64m --memory-swap 96m --memory-reservation 16m --cpu-quota 30000 --cpu-period 60000 \
  --cpu-shares 512 --cpuset-cpus 1 --cpuset-mems 0 --pids-limit 33 box; echo $?)"
seen=$(cd $group && cat memory.max memory.swap.max memory.low cpu.max cpu.weight cpuset.cpus pids.max | tr '\n' ' ')
check 'update is in force' '67108864 33554432 16777216 30000 60000 59 1 33 ' "$seen"
check 'update takes limits away' 'max max max 60000 max ' "$(oci update --memory -1 --memory-swap -1 --pids-limit -1 --cpu-quota -1 box
  cd $group && cat memory.max memory.swap.max cpu.max pids.max | tr '\n' ' ')"
check 'checkBeforeUpdate refuses a limit below the use' 1 "$(echo '{"memory": {"limit": 4096, "checkBeforeUpdate": true}}' | tiffin oci update -r - box 2>&1 | grep -c 'below the')"
check 'exec joins the cgroup' '0::/' "$(oci exec box cat /proc/self/cgroup)"
check 'a device is denied' 1 "$(oci exec box sh -c 'busybox mknod /tmp/tty c 4 64; : < /tmp/tty' | grep -c 'Operation not permitted')"
echo '{"devices": [{"allow": true}]}' | tiffin oci update -r - box
check 'update leaves the device rules alone' 1 "$(oci exec box sh -c ': < /tmp/tty' | grep -c 'Operation not permitted')"
check 'the default devices stay' 0 "$(oci exec box sh -c 'echo x > /dev/null; echo $?')"
oci pause box
check 'pause freezes' 'frozen 1' "$(grep frozen $group/cgroup.events)"
check 'exec in a paused container is refused' 1 "$(oci exec box true | grep -c 'cannot exec in a paused container')"
oci resume box
check 'resume thaws' 'frozen 0' "$(grep frozen $group/cgroup.events)"
oci pause box
check 'a paused container can be killed' 0 "$(oci delete --force box; echo $?)"
check 'its cgroup goes with it' 0 "$(ls -d $group 2> /dev/null | wc -l)"

config 'busybox mknod /tmp/a c 4 64; busybox mknod /tmp/b c 4 65; for f in a b; do (: < /tmp/$f) 2> /dev/null && echo $f; (: > /tmp/$f) 2> /dev/null && echo write $f; done; true' \
  '.linux.resources.devices = [{allow: false}, {allow: true, type: "c", major: 4, access: "r"}, {allow: false, type: "c", major: 4, minor: 65}]'
check 'a device rule for all of its kind, and one against one of them' a "$(oci run box | tr '\n' ' ' | sed 's/ $//')"

# A container that manages cgroups below its own, as an init does.
config 'cd /sys/fs/cgroup && mkdir -p init deep/deeper && echo 1 > init/cgroup.procs && echo +pids > cgroup.subtree_control && echo 5 > deep/pids.max && echo done; while :; do sleep 1; done'
oci run -d box > /tmp/out
for try in $(seq 50); do grep -q done /tmp/out && break; sleep 0.1; done
check 'a container makes cgroups below its own' 5 "$(cat $group/deep/pids.max)"
check 'exec goes where the first process is' '0::/init' "$(oci exec box cat /proc/self/cgroup)"
oci exec box sh -c 'sleep 1000 & echo $! > /sys/fs/cgroup/deep/deeper/cgroup.procs'
check 'delete removes the cgroups that the container made' 0 "$(oci delete --force box; echo $?)"
check 'nothing of them is left' 0 "$(ls -d $group 2> /dev/null | wc -l)"
config 'mkdir /sys/fs/cgroup/x' '(.mounts[] | select(.type == "cgroup")).options = ["ro"]'
check 'a read-only cgroup mount takes no group' 1 "$(oci run box | grep -c 'Read-only')"
config 'cat /proc/self/cgroup; ls -d /sys/fs/cgroup/cgroup.procs' '.linux.namespaces |= map(select(.type != "cgroup"))'
check 'without a cgroup namespace its own group is shown' '0::/box /sys/fs/cgroup/cgroup.procs' "$(oci run box | tr '\n' ' ' | sed 's/ $//')"
config 'cat /proc/self/cgroup' '.linux.cgroupsPath = "/outer/inner" | .linux.namespaces |= map(select(.type != "cgroup")) | .linux.resources.pids.limit = 9'
check 'cgroupsPath' '0::/outer/inner' "$(oci run box)"
mkdir /sys/fs/cgroup/session
config 'cat /sys/fs/cgroup/memory.max' '.linux.resources.memory.limit = 33554432'
check 'a caller in a group of its own gets the container beside it' 33554432 "$(sh -c 'echo 0 > /sys/fs/cgroup/session/cgroup.procs; exec /bin/tiffin oci run box')"
check 'the group of the caller stays one for processes' domain "$(cat /sys/fs/cgroup/session/cgroup.type)"
rmdir /sys/fs/cgroup/session
config true
check 'systemd is asked for where it does not run' 1 "$(oci --systemd-cgroup run box | grep -c 'systemd not running on this host')"
config 'i=0; while [ $i -lt 60 ]; do sleep 1000 & i=$((i + 1)); done; echo done; sleep 1000'
oci run -d box > /tmp/out
for try in $(seq 50); do grep -q done /tmp/out && break; sleep 0.1; done
check 'delete --force ends many processes' 0 "$(oci delete --force box; echo $?)"
check 'no cgroup is left' 0 "$(ls -d $group 2> /dev/null | wc -l)"
cd /
