/** Where the API answers: `-H` of `tiffin serve`, in the forms that docker's daemon takes. */

import { parseDecimal } from '../../base/decimal.ts';
import { TiffinError } from '../../base/errors.ts';
import { formatIp, type IpAddress, parseIp } from '../../spec/ip.ts';

export type ListenAddress =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number }
  /** Handed over by systemd; without a number all of them. */
  | { kind: 'fd'; fd: number | undefined };

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;
const MAX_PORT = 65_535;

/** `unix:///path`, `/path`, `tcp://[host][:port]`, `host:port`, `fd://`, `fd://3`. `tls` chooses tcp's default port. Throws `invalid`. */
export function parseListenAddress(
  text: string,
  options: { tls: boolean; defaultPath: string },
): ListenAddress {
  const [, scheme, rest = ''] = /^([a-z]+):\/\/(.*)$/s.exec(text) ?? [undefined, '', text];
  if (scheme === 'unix' || (scheme === '' && text.startsWith('/'))) {
    const path = rest === '' ? options.defaultPath : rest;
    if (path.startsWith('/')) return { kind: 'unix', path };
  }
  if (scheme === 'fd') {
    if (rest === '' || rest === '*') return { kind: 'fd', fd: undefined };
    const fd = parseDecimal(rest, 4);
    if (fd !== undefined && fd > 2) return { kind: 'fd', fd };
  }
  if (scheme === 'tcp' || (scheme === '' && text.includes(':'))) {
    const address = parseTcp(rest, options.tls ? TLS_PORT : PLAIN_PORT);
    if (address !== undefined) return { kind: 'tcp', ...address };
  }
  throw new TiffinError(
    'invalid',
    'bad-host',
    `invalid bind address format: ${text.slice(0, 200)}`,
    {
      hint: 'write unix:///path/to/socket, tcp://ADDRESS:PORT or fd://',
    },
  );
}

/** Whether only programs of this machine reach it. */
export function isLoopback(host: string): boolean {
  const ip = parseIp(host);
  if (ip === undefined) return false;
  return ip.family === 4 ? ip.value >> 24n === 127n : ip.value === 1n;
}

/** An IP address: a name could mean another machine tomorrow. `localhost` and nothing at all mean 127.0.0.1. */
function parseTcp(text: string, defaultPort: number): { host: string; port: number } | undefined {
  const bracketed = /^\[([0-9a-fA-F:.]{2,45})\](?::(.*))?$/.exec(text);
  const colon = text.indexOf(':');
  const host = bracketed?.[1] ?? (colon < 0 ? text : text.slice(0, colon));
  const portText = bracketed === null ? (colon < 0 ? '' : text.slice(colon + 1)) : bracketed[2];
  const port = portText ? parseDecimal(portText, 5) : defaultPort;
  const ip = host === '' || host === 'localhost' ? LOCAL : parseIp(host);
  if (ip === undefined || port === undefined || port === 0 || port > MAX_PORT) return undefined;
  return { host: formatIp(ip), port };
}

const LOCAL: IpAddress = { family: 4, value: 0x7f000001n };
