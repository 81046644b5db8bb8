/** Requests from whoever reaches a TCP port without a certificate: programs may ask, pages in a browser may not. */

import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { TiffinError } from '../../base/errors.ts';
import { parseIp } from '../../spec/ip.ts';

/** Headers that only browsers send: no page may start containers behind its reader's back (CVE-2025-9074). */
const OF_BROWSERS = ['origin', 'sec-fetch-site', 'referer'];

/** Throws `denied`. A foreign name in `Host` is a page whose name was turned to this machine (DNS rebinding). */
export function refuseBrowsers({ headers }: Pick<IncomingMessage, 'headers'>): void {
  const told = OF_BROWSERS.find((name) => headers[name] !== undefined);
  if (told !== undefined) throw refusal(`with the header ${told}`);
  if (!isOurs(headers.host ?? ''))
    throw refusal(`for the host ${(headers.host ?? '').slice(0, 100)}`);
}

function isOurs(host: string): boolean {
  const name = /^\[(.*)\](?::[0-9]*)?$/.exec(host)?.[1] ?? host.split(':', 1)[0] ?? '';
  return name === '' || name === 'localhost' || name === hostname() || parseIp(name) !== undefined;
}

function refusal(what: string): TiffinError {
  return new TiffinError(
    'denied',
    'browser',
    `requests ${what} are refused on a port without certificates`,
    {
      hint: 'use a unix socket or TLS with certificates of clients',
    },
  );
}
