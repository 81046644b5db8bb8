/** `-p` and `-P` as the API carries them → requests for the network room. */

import { TiffinError } from '../../base/errors.ts';
import type { PortRequest, Protocol } from '../../network/index.ts';
import type { PortMap } from '../../spec/docker.ts';

/** `80/tcp`, `53/udp`; without a protocol it is tcp. Throws `invalid`. */
export function parsePortKey(key: string): { protocol: Protocol; port: number } {
  const slash = key.indexOf('/');
  const protocol = slash < 0 ? 'tcp' : key.slice(slash + 1);
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') {
    throw invalid(key, `invalid proto: ${protocol}`);
  }
  const port = parsePort(slash < 0 ? key : key.slice(0, slash));
  if (port === undefined || port === 0) throw invalid(key, 'invalid containerPort');
  return { protocol, port };
}

export function toPortRequests(bindings: PortMap): PortRequest[] {
  return Object.entries(bindings).flatMap(([key, list]) => {
    const { protocol, port } = parsePortKey(key);
    return (list ?? []).map((binding) => ({
      protocol,
      containerPort: port,
      hostAddress: binding.HostIp,
      ...hostPort(binding.HostPort),
    }));
  });
}

/** `8080`, a range `8000-8010`, or empty for any. */
function hostPort(text: string): Pick<PortRequest, 'hostPort' | 'hostPortEnd'> {
  if (text === '') return { hostPort: 0 };
  const dash = text.indexOf('-');
  const first = parsePort(dash < 0 ? text : text.slice(0, dash));
  const last = dash < 0 ? first : parsePort(text.slice(dash + 1));
  if (first === undefined || last === undefined || last < first) {
    throw invalid(text, 'invalid hostPort');
  }
  return last === first ? { hostPort: first } : { hostPort: first, hostPortEnd: last };
}

function parsePort(text: string): number | undefined {
  if (!/^[0-9]{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65535 ? port : undefined;
}

function invalid(text: string, why: string): TiffinError {
  const shown = JSON.stringify(text.slice(0, 80));
  return new TiffinError('invalid', 'bad-port', `invalid port specification: ${shown}: ${why}`);
}
