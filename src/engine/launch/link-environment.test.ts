import { expect, test } from 'bun:test';
import { linkVariables } from './link-environment.ts';

test('linkVariables gives the variables of docker links, lowest port first', () => {
  const variables = linkVariables({
    owner: 'app',
    alias: 'my-db',
    address: '172.17.0.2',
    ports: ['6379/tcp', '53/udp', '53/tcp'],
    env: ['PATH=/bin', 'HOME=/', 'COLOUR=a=b', 'UNSET'],
  });
  expect(variables).toEqual([
    'MY_DB_PORT=tcp://172.17.0.2:53',
    ...['', '_ADDR', '_PORT', '_PROTO'].map(
      (part, at) =>
        `MY_DB_PORT_53_TCP${part}=${['tcp://172.17.0.2:53', '172.17.0.2', '53', 'tcp'][at]}`,
    ),
    ...['', '_ADDR', '_PORT', '_PROTO'].map(
      (part, at) =>
        `MY_DB_PORT_53_UDP${part}=${['udp://172.17.0.2:53', '172.17.0.2', '53', 'udp'][at]}`,
    ),
    ...['', '_ADDR', '_PORT', '_PROTO'].map(
      (part, at) =>
        `MY_DB_PORT_6379_TCP${part}=${['tcp://172.17.0.2:6379', '172.17.0.2', '6379', 'tcp'][at]}`,
    ),
    'MY_DB_NAME=/app/my-db',
    'MY_DB_ENV_COLOUR=a=b',
  ]);
});

test('linkVariables of a container without ports names it and no port', () => {
  const linked = { owner: 'app', alias: 'x', address: '172.17.0.2', ports: [], env: [] };
  expect(linkVariables(linked)).toEqual(['X_NAME=/app/x']);
});
