/** What the network room hands out. Plain data: safe to store as JSON and to compare. */

export type Protocol = 'tcp' | 'udp' | 'sctp';

export type Driver = 'bridge' | 'macvlan' | 'host' | 'null';

/** One address range of a network. All texts are canonical: `172.18.0.0/16`, `172.18.0.1`. */
export interface AddressPool {
  subnet: string;
  gateway: string;
  /** Addresses are given out inside this range only. */
  range: string | undefined;
  /** Addresses that somebody else has, by name; never given out. */
  taken?: Record<string, string>;
}

export interface Network {
  /** 64 hex digits. */
  id: string;
  name: string;
  driver: Driver;
  /** Empty for other drivers than `bridge`. */
  bridge: string;
  ipv4: AddressPool | undefined;
  ipv6: AddressPool | undefined;
  /** No way out, no way in, no published ports. */
  internal: boolean;
  mtu: number;
  masquerade: boolean;
  /** `enable_icc=false`: the bridge passes nothing from one of its containers to another. */
  isolated?: boolean;
  /** Where ports are published that name no address of the host (`host_binding_ipv4`). */
  hostBinding?: string;
  labels: Record<string, string>;
  options: Record<string, string>;
  createdMs: number;
}

export interface CreateNetwork {
  name: string;
  /** Default `bridge`; nothing else can be created. */
  driver?: string;
  /** CIDR texts and addresses as given; v4 and v6 mixed, at most one of each. Missing v4: chosen from the pools. */
  pools?: readonly {
    subnet?: string;
    gateway?: string;
    range?: string;
    taken?: Record<string, string>;
  }[];
  /** Default true. */
  enableIpv4?: boolean;
  enableIpv6?: boolean;
  internal?: boolean;
  labels?: Readonly<Record<string, string>>;
  /** Docker's `com.docker.network.bridge.name`, `…enable_ip_masquerade`, `com.docker.network.driver.mtu`; others are kept. */
  options?: Readonly<Record<string, string>>;
}

/** What the administrator wants of the default network; what is absent is as it is without a wish. */
export interface DefaultNetwork {
  /** Address of the bridge with the prefix of its subnet: `10.1.0.1/16`. */
  address?: string;
  /** As of `CreateNetwork`. */
  options?: Readonly<Record<string, string>>;
}

export interface PortRequest {
  protocol: Protocol;
  containerPort: number;
  /** Empty: every address of the host. */
  hostAddress: string;
  /** 0: an ephemeral one is chosen. */
  hostPort: number;
  /** With `hostPort`: the first free port of this range, both ends included. */
  hostPortEnd?: number;
}

export interface PortBinding {
  protocol: Protocol;
  containerPort: number;
  /** `0.0.0.0`, `::` or an address of the host. */
  hostAddress: string;
  hostPort: number;
}

export interface ConnectRequest {
  containerId: string;
  /** The container's name, for messages. */
  name?: string;
  /** Name, id or unique id prefix. */
  network: string;
  hostname: string;
  aliases?: readonly string[];
  ports?: readonly PortRequest[];
  /** Exposed ports of image and container: with `publishAll` each gets an ephemeral host port. */
  exposed?: readonly { protocol: Protocol; port: number }[];
  publishAll?: boolean;
  fixedAddress?: string;
  fixedAddress6?: string;
  /** More addresses, each valid on the link only (`--link-local-ip`). */
  linkLocal?: readonly string[];
  mac?: string;
  /** Docker's GwPriority: of several networks the one with the greatest gives the default route. */
  gatewayPriority?: number;
  /** The container runs already. */
  late?: boolean;
  /** It may send under addresses that are not its own: its rights allow it to give itself others anyway. */
  anyAddress?: boolean;
}

/** A container's place in a network: reserved in the database by `connect`, made real by `endpointSteps`. */
export interface Endpoint {
  /** 64 hex digits. */
  id: string;
  containerId: string;
  networkId: string;
  networkName: string;
  driver: Driver;
  hostname: string;
  aliases: string[];
  /** 0 is eth0. */
  position: number;
  /** Interface inside the container; empty for drivers `host` and `null`. */
  interface: string;
  /** Its other end on the host; empty for other drivers than `bridge`. */
  hostInterface: string;
  /** Interface index of the host end. */
  hostIndex: number;
  mac: string;
  /** Empty: none. */
  address: string;
  prefix: number;
  gateway: string;
  address6: string;
  prefix6: number;
  gateway6: string;
  ports: PortBinding[];
  /** Interface index inside; records of an older engine lack it. */
  insideIndex?: number;
  gatewayPriority?: number;
  linkLocal?: string[];
  anyAddress?: boolean;
}

/** Who holds a host port. */
export type PortOwner =
  | { kind: 'container'; containerId: string }
  | { kind: 'process'; pid: number; command: string };
