import { expect, test } from 'bun:test';
import { mayReceiveCredentials } from './trust.ts';

function trusts(registry: string, realm: string, tokenServers: string[] = []): Promise<boolean> {
  const endpoint = { registry: 'x', origin: registry, challenge: undefined, tokenServers };
  return mayReceiveCredentials(endpoint, new URL(realm));
}

test.each([
  ['https://registry.example.com:5000', 'https://registry.example.com/token'],
  ['https://registry-1.docker.io', 'https://auth.docker.io/token'],
  ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth'],
  ['https://registry.shop.co.uk', 'https://login.shop.co.uk/token'],
  ['https://images.me.github.io', 'https://me.github.io/token'],
  ['http://127.0.0.1:5000', 'http://localhost:5001/token'],
  ['https://[2001:db8::1]:5000', 'https://[2001:db8::1]/token'],
  ['https://registry.corp.lan', 'https://registry.corp.lan:8443/token'],
])('mayReceiveCredentials: %s may have them sent to %s', async (registry, realm) => {
  expect(await trusts(registry, realm)).toBe(true);
});

test.each([
  ['https://registry.example.com', 'https://registry.example.org/token'],
  ['https://shop.co.uk', 'https://thief.co.uk/token'],
  ['https://shop.co.uk', 'https://co.uk/token'],
  ['https://me.github.io', 'https://thief.github.io/token'],
  ['https://example.com', 'https://example.com.thief.net/token'],
  ['https://example.com', 'https://notexample.com/token'],
  ['https://registry.corp.lan', 'https://login.corp.lan/token'],
  ['https://10.0.0.1', 'https://10.0.0.2/token'],
  ['https://1.10.0.1', 'https://2.10.0.1/token'],
  ['https://[2001:db8::1]', 'https://[2001:db8::2]/token'],
  ['https://registry.example.com', 'https://127.0.0.1/token'],
  ['https://example.com', 'https://example.com@thief.net/token'],
  ['http://127.0.0.1:5000', 'http://auth.example.com/token'],
])('mayReceiveCredentials: %s may not have them sent to %s', async (registry, realm) => {
  expect(await trusts(registry, realm)).toBe(false);
});

test('mayReceiveCredentials takes the token servers that a person names, by host and port', async () => {
  const named = ['login.corp.lan', 'auth.other.example:8443'];
  const registry = 'https://registry.corp.lan';
  expect(await trusts(registry, 'https://login.corp.lan/token', named)).toBe(true);
  expect(await trusts(registry, 'https://auth.other.example:8443/token', named)).toBe(true);
  expect(await trusts(registry, 'https://auth.other.example/token', named)).toBe(false);
  // In the clear and over the network, whatever is named.
  const local = 'http://127.0.0.1:5000';
  expect(await trusts(local, 'http://login.corp.lan/token', named)).toBe(false);
});
