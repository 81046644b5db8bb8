/** `tiffin help networking`. */

export const text = `Without --network a container is on the network "bridge": an address of its own, a way out, no names of others.

  tiffin network create backend                          a network of your own: containers find each other by name
  tiffin run -d --name db --network backend IMAGE        reachable as "db" by the others of the network
  tiffin run --network-alias cache --network backend …   a second name
  tiffin run -p 8080:80 IMAGE                            published on all addresses of the host
  tiffin run -p 127.0.0.1:8080:80 IMAGE                  published to the host alone
  tiffin run --network host IMAGE                        the host's own network; no isolation
  tiffin run --network none IMAGE                        loopback only
  tiffin run --network container:db IMAGE                the network of another container
  tiffin network create --internal closed                no way out
  tiffin network create --subnet 10.9.0.0/24 --ipv6 six  addresses of your choice, IPv6 too
  tiffin port NAME                                       what is published

Networks do not reach each other, but for published ports. The firewall's rules are in one nftables table of Tiffin's own:
nft list table inet tiffin.
`;
