/** Checks of single flag values, with docker's words. Each returns the value to keep or throws `ValueError`. */

import { IPC_SYSCTLS } from '../../spec/ipc-sysctls.ts';
import { ValueError } from '../values/number.ts';
import { isIP } from './address.ts';

const STREAMS = new Set(['stdin', 'stdout', 'stderr']);

export function checkAttach(text: string): string {
  const stream = text.toLowerCase();
  if (!STREAMS.has(stream)) throw new ValueError('valid streams are STDIN, STDOUT and STDERR');
  return stream;
}

export function checkAddress(text: string): string {
  const address = text.trim();
  if (!isIP(address)) throw new ValueError(`IP address is not correctly formatted: ${text}`);
  return address;
}

/** `NAME=value`; a bare `NAME` takes its value from our own environment later. */
export function checkEnv(text: string): string {
  if (text === '' || text.startsWith('=')) {
    throw new ValueError(`invalid environment variable: ${text}`);
  }
  return text;
}

export function checkLabel(text: string): string {
  if (text.split('=', 1)[0] === '') throw new ValueError(`invalid label '${text}': empty name`);
  return text;
}

/** `name:address` or `name=address`, kept as `name:address`. */
export function checkExtraHost(text: string): string {
  const split = text.includes('=') ? text.indexOf('=') : text.indexOf(':');
  const name = text.slice(0, Math.max(split, 0));
  if (name === '' || split < 0) {
    throw new ValueError(`bad format for add-host: ${JSON.stringify(text)}`);
  }
  const address = text.slice(split + 1).replace(/^\[(.*)\]$/, '$1');
  if (address !== 'host-gateway' && !isIP(address)) {
    throw new ValueError(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  }
  return `${name}:${address}`;
}

/** Only what belongs to a namespace of the container. */
export function checkSysctl(text: string): string {
  const [name = '', ...value] = text.split('=');
  const allowed = IPC_SYSCTLS.has(name) || name.startsWith('net.') || name.startsWith('fs.mqueue.');
  if (value.length === 0 || !allowed) throw new ValueError(`sysctl '${text}' is not allowed`);
  return text;
}

const DEVICE_RULE = /^[acb] (?:[0-9]{1,9}|\*):(?:[0-9]{1,9}|\*) [rwm]{1,3}$/;

export function checkDeviceRule(text: string): string {
  if (!DEVICE_RULE.test(text)) throw new ValueError(`invalid device cgroup format '${text}'`);
  return text;
}
