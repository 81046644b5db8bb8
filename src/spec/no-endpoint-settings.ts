/** A container's place in a network that it does not have yet, and without a wish about it. */

import type { EndpointSettings } from './docker.ts';

export const NO_ENDPOINT_SETTINGS: EndpointSettings = Object.freeze({
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
});
