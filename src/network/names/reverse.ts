/** `2.0.18.172.in-addr.arpa` and its like: the address in a name (RFC 1035, 3.5; RFC 3596, 2.5). */

import { formatIp, parseIp } from '../../spec/ip.ts';

const V4 = '.in-addr.arpa';
const V6 = '.ip6.arpa';
const V6_DIGITS = 32;

/** The canonical address; undefined for another name. `name` in lower case. */
export function addressOfPointer(name: string): string | undefined {
  if (name.endsWith(V4)) {
    return canonical(name.slice(0, -V4.length).split('.').reverse().join('.'));
  }
  if (!name.endsWith(V6)) return undefined;
  const digits = name.slice(0, -V6.length).split('.').reverse();
  if (digits.length !== V6_DIGITS || !digits.every((digit) => /^[0-9a-f]$/.test(digit))) {
    return undefined;
  }
  const groups = Array.from({ length: 8 }, (_, at) => digits.slice(at * 4, at * 4 + 4).join(''));
  return canonical(groups.join(':'));
}

function canonical(text: string): string | undefined {
  const ip = parseIp(text);
  return ip === undefined ? undefined : formatIp(ip);
}
