import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { portElements } from './firewall.ts';
import { elementsOp, firewallSteps, removeNetworkSteps, removeTableSteps } from './host-plan.ts';
import { blankNetwork } from './new-network.ts';
import { apply, inPrivateHost, run } from './testing/private-host.ts';
import type { Network, PortBinding } from './types.ts';

const GOLDEN = join(import.meta.dir, 'testing/firewall.golden.txt');

const outer: Network = {
  ...blankNetwork('outer'),
  bridge: 'tiffin0',
  ipv4: { subnet: '172.17.0.0/16', gateway: '172.17.0.1', range: undefined },
  ipv6: { subnet: 'fd00:1::/64', gateway: 'fd00:1::1', range: undefined },
};
const inner: Network = {
  ...blankNetwork('inner'),
  bridge: 'br-inner',
  ipv4: { subnet: '192.168.240.0/20', gateway: '192.168.240.1', range: undefined },
  internal: true,
};
const ports: PortBinding[] = [
  { protocol: 'tcp', containerPort: 80, hostAddress: '0.0.0.0', hostPort: 8080 },
  { protocol: 'udp', containerPort: 53, hostAddress: '127.0.0.1', hostPort: 5353 },
  { protocol: 'sctp', containerPort: 9, hostAddress: '0.0.0.0', hostPort: 9 },
  { protocol: 'tcp', containerPort: 80, hostAddress: '::', hostPort: 8080 },
  { protocol: 'tcp', containerPort: 80, hostAddress: 'fd00:2::1', hostPort: 81 },
];

inPrivateHost('firewallSteps make the table that nft(8) shows', import.meta.path, () => {
  const list = () => sorted(run(['nft', 'list', 'table', 'inet', 'tiffin']));

  test('firewallSteps, with networks of both kinds and ports of both families', () => {
    apply(firewallSteps('tiffin', [outer, inner], []));
    const elements = [...portElements('172.17.0.2', ports), ...portElements('fd00:1::2', ports)];
    const op = elementsOp('tiffin', elements, 'add');
    apply([{ stage: 'host', op, why: '' }]);
    expect(list()).toBe(readFileSync(GOLDEN, 'utf8'));
    apply([{ stage: 'host', op, why: 'an element that is there already is success' }]);
    apply(firewallSteps('tiffin', [outer, inner], []));
    expect(list()).toBe(readFileSync(GOLDEN, 'utf8'));
    const gone = elementsOp('tiffin', elements, 'delete');
    apply([{ stage: 'host', op: gone, why: '' }]);
    expect(list()).not.toContain('172.17.0.2');
    apply([{ stage: 'host', op: gone, why: 'absence is success' }]);
  });

  test('removeNetworkSteps take a network out, and again is success', () => {
    apply(removeNetworkSteps('tiffin', inner));
    apply(removeNetworkSteps('tiffin', inner));
    expect(list()).not.toContain('br-inner');
    expect(list()).not.toContain('192.168.240.0');
    expect(list()).toContain('172.17.0.0/16');
  });

  test('removeTableSteps leave nothing', () => {
    apply(removeTableSteps('tiffin'));
    apply(removeTableSteps('tiffin'));
    expect(run(['nft', 'list', 'ruleset'])).toBe('');
  });
});

/** Sets have no order of their own: the kernel's differs from run to run. */
function sorted(text: string): string {
  return text.replaceAll(/elements = \{([^}]*)\}/g, (_, list: string) => {
    const elements = list.split(',').map((element) => element.trim());
    return `elements = { ${elements.sort().join(', ')} }`;
  });
}
