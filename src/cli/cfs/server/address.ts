/** Where the server listens, and which names a browser or a client may call it by: this machine only. */

import { CliError } from '../../command.ts';

export interface ListenAddress {
  host: '127.0.0.1' | '::1';
  port: number;
}

export const DEFAULT_ADDRESS = '127.0.0.1:1337';

const FAILED = 125;
const MAX_PORT = 65_535;
const HOSTS: ReadonlyMap<string, ListenAddress['host']> = new Map([
  ['', '127.0.0.1'],
  ['127.0.0.1', '127.0.0.1'],
  ['localhost', '127.0.0.1'],
  ['[::1]', '::1'],
]);

/** `127.0.0.1:1337`, `localhost:1337`, `[::1]:1337`, `:1337`; port 0 lets the kernel choose. Anything else throws `CliError`. */
export function parseAddress(text: string): ListenAddress {
  const colon = text.lastIndexOf(':');
  const host = HOSTS.get(text.slice(0, Math.max(0, colon)));
  const digits = text.slice(colon + 1);
  const port = /^\d{1,5}$/.test(digits) ? Number.parseInt(digits, 10) : Number.NaN;
  if (colon < 0 || !(port <= MAX_PORT)) {
    throw new CliError(
      `cfs: invalid address ${JSON.stringify(text)}: it must be like ${DEFAULT_ADDRESS}`,
      FAILED,
    );
  }
  if (host === undefined) {
    throw new CliError(
      `cfs: ${text} is not an address of this machine's loopback: whoever reaches the server starts containers, and it asks nobody who they are\nforward a port to it, as in ssh -L 1337:${DEFAULT_ADDRESS} HOST`,
      FAILED,
    );
  }
  return { host, port };
}

export function showAddress({ host, port }: ListenAddress): string {
  return `${host === '::1' ? '[::1]' : host}:${port}`;
}

/**
 * Why a request is refused; undefined: it may pass. A page of another site can make a browser send requests here, under a name that it
 * resolves to this address (DNS rebinding) or as what it is (CSRF): the name in `Host` has to be a loopback name, and an `Origin` has to be
 * that same place.
 */
export function foreignRequest(headers: Headers): string | undefined {
  const host = headers.get('host') ?? '';
  if (!LOOPBACK_NAME.test(host))
    return `the Host header does not name this machine: ${shown(host)}`;
  const origin = headers.get('origin');
  if (origin !== null && origin !== `http://${host}`) {
    return `a page of another origin may not ask: ${shown(origin)}`;
  }
  const site = headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none') {
    return `a page of another site may not ask: ${shown(site)}`;
  }
  return undefined;
}

/** Through a forwarded port the number is another one. */
const LOOPBACK_NAME = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;
const SHOWN = 200;

function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN));
}
