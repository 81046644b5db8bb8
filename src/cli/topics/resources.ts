/** `tiffin help resources`. */

export const text = `  -m, --memory 512m          memory; --memory-swap is memory and swap together, equal to -m: no swap
  --memory-reservation 256m  what is left to it when the host runs short
  --cpus 1.5                 time of processors; --cpu-shares is a weight against others
  --cpuset-cpus 0-1          on these processors only
  --pids-limit 100           processes and threads
  --ulimit nofile=1024:2048  limits of a process
  --device-write-bps /dev/sda:10mb, --device-read-iops …, --blkio-weight 300
  --shm-size 256m            /dev/shm
  --oom-score-adj 500, --oom-kill-disable

  tiffin stats               what is used, as it changes
  tiffin update -m 1g NAME   changes limits while it runs
  tiffin inspect -f '{{.State.OOMKilled}}' NAME

A limit for which this machine has no controller is refused before the start. A container that the kernel killed for memory
ends with 137 and OOMKilled true.
`;
