# An ordinary user's containers, with and without a part of the hierarchy delegated.

rm -rf /tmp/user && mkdir -p /tmp/user/run /tmp/user/bundle
cp -a /tmp/oci/rootfs /tmp/user/bundle/
chown -R 1000:1000 /tmp/user
cd /tmp/user/bundle

# user CGROUP COMMAND...: as the ordinary user, from that cgroup.
user() {
  from=$1
  shift
  sh -c 'echo 0 > "$0/cgroup.procs" && exec /bin/setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all /bin/env -i \
    PATH=/bin XDG_RUNTIME_DIR=/tmp/user/run "$@"' "$from" "$@" 2>&1
}
user /sys/fs/cgroup tiffin oci spec --rootless && mv config.json base.json
config() {
  jq --arg script "$1" '.process.terminal = false | .process.args = ["sh", "-c", $script] | del(.process.rlimits)
    | '"${2:-.}" base.json > config.json
}
ranges='.linux.uidMappings += [{containerID: 1, hostID: 100000, size: 65536}] | .linux.gidMappings += [{containerID: 1, hostID: 100000, size: 65536}]'

config 'cat /proc/self/uid_map | tr -s " "'
check 'rootless: one id' ' 0 1000 1' "$(user /sys/fs/cgroup tiffin oci --log /tmp/user/run/log run mine)"
check 'rootless: the missing cgroup is told' 1 "$(grep -c 'may not make cgroups here' /tmp/user/run/log)"
config 'cat /proc/self/uid_map | tr -s " " | tail -n 1' "$ranges"
check 'rootless: ranges by newuidmap' ' 1 100000 65536' "$(user /sys/fs/cgroup tiffin oci --log /tmp/user/run/log run mine)"
config true '.linux.resources.pids.limit = 5'
check 'rootless: limits are refused without delegation' 1 "$(user /sys/fs/cgroup tiffin oci run mine | grep -c 'uid 1000 may not make cgroups')"

# What a service manager does for a user: controllers handed down, the directory and three files given away.
tree=/sys/fs/cgroup/user/1000
mkdir -p $tree/shell
echo '+memory +pids +cpu' > /sys/fs/cgroup/cgroup.subtree_control
echo '+memory +pids +cpu' > /sys/fs/cgroup/user/cgroup.subtree_control
chown -R 1000:1000 $tree
for file in memory.max pids.max cpu.max; do chown 0:0 $tree/$file; done

config 'cat /proc/self/cgroup; cat /sys/fs/cgroup/pids.max' '.linux.resources = {pids: {limit: 7}, memory: {limit: 33554432}} | .linux.namespaces |= map(select(.type != "cgroup")) | .linux.namespaces += [{type: "cgroup"}]
  | .mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro"]}]'
check 'rootless: limits in a delegated cgroup' '0::/ 7' "$(user $tree/shell tiffin oci run mine | tr '\n' ' ' | sed 's/ $//')"
config 'tail /dev/zero' '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
check 'rootless: memory.max kills' 137 "$(user $tree/shell tiffin oci run mine > /dev/null; echo $?)"
config 'for i in 1 2 3 4 5 6; do sleep 5 & done; true' '.linux.resources.pids.limit = 4'
check 'rootless: pids.max stops a fork' "can't fork" "$(user $tree/shell tiffin oci run mine | grep -o "can't fork" | head -n 1)"
config 'while :; do sleep 1; done' "$ranges | .linux.cgroupsPath = \"/user/1000/by-name\""
user $tree/shell tiffin oci run -d mine
check 'rootless: cgroupsPath below what is delegated' 1 "$(head -n 1 $tree/by-name/cgroup.procs | grep -c .)"
check 'rootless: update' 11 "$(user $tree/shell tiffin oci update --pids-limit 11 mine; cat $tree/by-name/pids.max)"
user $tree/shell tiffin oci pause mine
check 'rootless: pause' 'frozen 1' "$(grep frozen $tree/by-name/cgroup.events)"
user $tree/shell tiffin oci resume mine
check 'rootless: exec joins the cgroup' '0::/' "$(user $tree/shell tiffin oci exec mine cat /proc/self/cgroup)"
check 'rootless: exec as another id of the range' 'uid=7 gid=7' "$(user $tree/shell tiffin oci exec -u 7:7 mine busybox id)"
check 'rootless: a device cannot be made' 1 "$(user $tree/shell tiffin oci exec mine busybox mknod /dev/mem c 1 1 | grep -c 'Operation not permitted')"
check 'rootless: delete' 0 "$(user $tree/shell tiffin oci delete --force mine; echo $?)"
check 'rootless: no cgroup is left' "$tree/shell" "$(ls -d $tree/*/ | sed 's|/$||')"
config true '.linux.cgroupsPath = "/elsewhere"'
check 'rootless: a cgroup of others is refused' 1 "$(user $tree/shell tiffin oci run mine | grep -c 'may not make cgroups there')"
config true '.linux.resources.pids.limit = 5'
other=/sys/fs/cgroup/user/other
mkdir $other && chown -R 1000:1000 $other
check 'rootless: a group with processes of its own is explained' 1 "$(user $other tiffin oci run mine | grep -c 'holds processes of its own')"
cd /
