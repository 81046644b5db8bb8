/** `tiffin help filters`. */

export const text = `Given several times: different names must all fit, of values of one name any (labels: all).

  ps             ancestor before exited expose health id is-task label name network publish since status volume
  images         before dangling label reference since until
  network ls     dangling driver id label name scope type
  volume ls      dangling driver label name
  events         container event image label network type volume … and --since, --until
  prunes         label label!=… until=24h (not of volumes; theirs: all label)
  search         is-official stars is-automated

  tiffin ps -a --filter status=exited --filter exited=1
  tiffin ps --filter label=app=web --filter health=unhealthy
  tiffin images --filter 'reference=app:*' --filter dangling=false
  tiffin container prune --filter until=24h --filter label!=keep
  tiffin events --since 10m --until 0s --filter type=container --filter event=die

A name that does not exist is refused.
`;
