import { expect, test } from 'bun:test';
import type { ContainerConfig, HostConfig } from '../../spec/docker.ts';
import { containerConfig, hostConfig } from '../testing/create-request.ts';
import { validateNames } from './validate-names.ts';

const check = (config: Partial<ContainerConfig>, host: Partial<HostConfig>) =>
  validateNames(containerConfig(config), hostConfig(host));

test('validateNames refuses words that would be another line of hosts or resolv.conf', () => {
  for (const Hostname of ['a b', 'a\n1.2.3.4 bank', '-x', 'a'.repeat(65)]) {
    expect(() => check({ Hostname }, {})).toThrow('invalid hostname format');
  }
  expect(() => check({ Domainname: 'x\ny' }, {})).toThrow('invalid domainname format');
  expect(() => check({}, { Dns: ['8.8.8.8\nnameserver 1.1.1.1'] })).toThrow('invalid DNS server');
  expect(() => check({}, { DnsSearch: ['a\nb'] })).toThrow('invalid DNS option');
  for (const entry of ['a', 'a:', ':1.2.3.4', 'a:1.2.3.4\nx', 'a b:1.2.3.4', 'a:999.1.1.1']) {
    expect(() => check({}, { ExtraHosts: [entry] })).toThrow('bad format for add-host');
  }
});

test('validateNames lets names, addresses and the host itself pass', () => {
  check(
    { Hostname: 'web_1.example', Domainname: 'example.org' },
    {
      Dns: ['1.1.1.1', '::1'],
      DnsOptions: ['ndots:2'],
      ExtraHosts: ['a:1.2.3.4', 'b:::1', 'c=[::1]', 'host:host-gateway'],
    },
  );
});
