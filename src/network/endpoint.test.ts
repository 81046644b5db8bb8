import { expect, test } from 'bun:test';
import { openDatabase } from '../host/database.ts';
import { openNetworks } from './index.ts';
import { apply, inPrivateHost, run, startContainer } from './testing/private-host.ts';

inPrivateHost('endpointSteps and hostSetup work in a host of their own', import.meta.path, () => {
  const networks = openNetworks({ database: openDatabase(':memory:'), dataRoot: '/test' });
  networks.ensureDefault();

  test('endpointSteps give a container its address, route and loop-back', async () => {
    apply(networks.hostSetup('bridge'));
    const endpoint = networks.connect({
      containerId: 'a'.repeat(64),
      network: 'bridge',
      hostname: 'a',
    });
    const script = 'ip -br address; ip route; cat /proc/net/if_inet6; echo end; read x';
    await using container = await startContainer(networks.endpointSteps(endpoint), [
      'sh',
      '-c',
      script,
    ]);
    let text = `${container.first}\n`;
    for (let line = ''; line !== 'end'; text += `${line}\n`) line = await container.line();
    console.log(text, run(['ip', 'a']));
    expect(text).toContain(endpoint.address);
  });
});
