# Runs as the only program of the emulated machine: checkpoint and restore by CRIU, on a kernel that Debian's CRIU knows.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin

check() { # NAME EXPECTED SEEN
  if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: expected [$2], saw [$3]"; fi
}

status() { tiffin oci state "$1" 2>/dev/null | sed -n 's/.*"status": "\(.*\)",/\1/p'; }

later() { # FILE: waits until the number in it has grown
  before=$(cat "$1" 2> /dev/null || echo 0)
  for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(cat "$1" 2> /dev/null)" -gt "$before" ] 2>/dev/null && { echo yes; return; }
    sleep 0.2
  done
  echo no
}

# The firmware's escapes stand before the first line.
echo
mkdir -p /usr/bin && ln -s /bin/unshare /usr/bin/unshare
mkdir -p /b/rootfs/bin /b/rootfs/tmp /b/rootfs/proc /b/rootfs/sys /b/rootfs/dev /b/rootfs/data /srv
cp /bin/busybox /b/rootfs/bin
for applet in sh sleep cat grep mknod mv; do ln -s busybox /b/rootfs/bin/$applet; done
cd /b
tiffin oci spec
# Renamed into place: whoever reads it sees a whole number.
program='i=0; while :; do i=$((i+1)); echo $i > /data/new; mv /data/new /data/n; sleep 0.05; done'
sed -i "s/\"terminal\": true/\"terminal\": false/; s/\"readonly\": true/\"readonly\": false/
  s|\"sh\"$|\"sh\", \"-c\", \"$program\"|
  s|\"mounts\": \[|&{\"destination\":\"/data\",\"type\":\"bind\",\"source\":\"/srv\",\"options\":[\"bind\"]},|
  s|\"resources\": {|&\"pids\":{\"limit\":77},|" config.json

tiffin oci run -d one < /dev/null > /dev/null 2>&1
check 'a container runs' yes "$(later /srv/n)"
check 'checkpoint --leave-running' 0 "$(tiffin oci checkpoint --leave-running --image-path /first one >/dev/null 2>&1; echo $?)"
check 'it goes on' running "$(status one)"
check 'checkpoint --pre-dump' 0 "$(tiffin oci checkpoint --pre-dump --image-path /pre one >/dev/null 2>&1; echo $?)"
check 'checkpoint' 0 "$(tiffin oci checkpoint --image-path /img one >/dev/null 2>&1; echo $?)"
check 'the container is gone' '' "$(status one)"
check 'nothing of its cgroup is left' 0 "$(find /sys/fs/cgroup -name one | wc -l)"
count=$(cat /srv/n)
tiffin oci restore -d --image-path /img --pid-file /pid two < /dev/null > /dev/null 2> /err || cat /err
check 'restore under another id' running "$(status two)"
check 'it counts on from where it was' yes "$([ "$(later /srv/n)" = yes ] && [ "$(cat /srv/n)" -gt "$count" ] && echo yes)"
check 'in its own cgroup' 0::/two "$(cat /proc/$(cat /pid)/cgroup)"
check 'with its limits' 77 "$(cat /sys/fs/cgroup/two/pids.max)"
check 'and its device rules' 1 "$(tiffin oci exec two sh -c 'mknod /tmp/mem c 1 1; cat /tmp/mem > /dev/null 2>&1; echo $?')"
check 'exec sees its processes' 1 "$(tiffin oci exec two sh -c 'grep -c data/new /proc/1/cmdline')"
check 'the same id twice is refused' 1 "$(tiffin oci restore -d --image-path /img two >/dev/null 2>&1; echo $?)"
check 'and the first goes on' running "$(status two)"
check 'no mount is left on the host' 0 "$(grep -c tiffin-oci /proc/self/mountinfo)"
check 'checkpoint what was restored' 0 "$(tiffin oci checkpoint --image-path /again two >/dev/null 2>&1; echo $?)"
count=$(cat /srv/n)
(tiffin oci restore --image-path /again --pid-file /pid3 front < /dev/null > /dev/null 2> /err; echo $? > /ended) &
check 'restore in front: it counts on' yes "$([ "$(later /srv/n)" = yes ] && [ "$(cat /srv/n)" -gt "$count" ] && echo yes)"
check 'restore in front: its state and its limits' 'running 0::/front 77' "$(status front) $(cat /proc/$(cat /pid3)/cgroup) $(cat /sys/fs/cgroup/front/pids.max)"
tiffin oci kill front KILL
wait
check 'restore in front ends with the status of the container' 137 "$(cat /ended)"
check 'restore in front leaves nothing' '0 0' "$(find /sys/fs/cgroup /run/tiffin-oci -name front | wc -l) $(grep -c tiffin-oci /proc/self/mountinfo)"
check 'a restore that fails leaves nothing' '1 0' \
  "$(rm /img/pages-*; tiffin oci restore -d --image-path /img three >/dev/null 2>&1; echo $? $(find /sys/fs/cgroup /run/tiffin-oci -name three | wc -l))"
check 'a restore in front that fails says why and leaves nothing' '1 1 0' \
  "$(tiffin oci restore --image-path /img three >/dev/null 2>/err; echo $? $(grep -c 'criu failed' /err) $(find /sys/fs/cgroup /run/tiffin-oci -name three | wc -l))"
