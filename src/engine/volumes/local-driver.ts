/** `volume create --opt type=…,o=…,device=…`: what the local driver mounts when the volume is used, as mount(8) would. */

import { TiffinError } from '../../base/errors.ts';
import type { Step } from '../../plan/ops.ts';
import { parseMountOptions } from '../../runtime/mount-options.ts';

/** Option to those it needs beside it. */
const NEEDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['type', ['device']],
  ['o', ['device']],
  ['device', ['type']],
]);
const MAX_BYTES = 4096;

/** Throws `invalid` in Docker's words. */
export function validateDriverOptions(
  name: string,
  options: Readonly<Record<string, string>>,
): void {
  const given = new Map(Object.entries(options));
  if (given.has('size')) throw noQuota(name);
  for (const [key, value] of given) {
    if (!NEEDS.has(key)) throw invalid(name, `invalid option: ${JSON.stringify(key.slice(0, 64))}`);
    if (value.length > MAX_BYTES || value.includes('\0')) {
      throw invalid(name, `the value of option ${key} is too long or holds a NUL`);
    }
  }
  for (const key of given.keys()) {
    for (const other of NEEDS.get(key) ?? []) {
      if ((given.get(other) ?? '') === '' && !(other === 'type' && isBind(given.get('o') ?? ''))) {
        throw invalid(name, `missing required option: "${other}"`);
      }
    }
  }
  const device = given.get('device') ?? '';
  if (isBind(given.get('o') ?? '') && !device.startsWith('/')) {
    throw invalid(
      name,
      `option device must be an absolute path: ${JSON.stringify(device.slice(0, 200))}`,
    );
  }
}

/** Whether the volume shows something else than its own directory. */
export function isMounted(options: Readonly<Record<string, string>>): boolean {
  return (options.device ?? '') !== '';
}

/** The mount of such a volume onto its directory, on the host. */
export function volumeMountStep(options: Readonly<Record<string, string>>, path: string): Step {
  const { type = '', o = '', device = '' } = options;
  const parsed = parseMountOptions(o.split(','));
  const [propagation = 0n] = parsed.propagation;
  const why = `the volume is ${device} while somebody uses it`;
  if (parsed.bind) {
    return {
      stage: 'host',
      op: {
        op: 'bind',
        source: device,
        target: path,
        recursive: parsed.recursiveBind ? 1 : 0,
        set: parsed.set,
        clear: parsed.clear,
        deepSet: parsed.recursiveSet,
        deepClear: parsed.recursiveClear,
        create: 1,
        propagation,
        tree: 0,
      },
      why,
    };
  }
  return {
    stage: 'host',
    op: {
      op: 'mount',
      source: device,
      target: path,
      fstype: type,
      flags: parsed.set | parsed.recursiveSet,
      data: parsed.data,
      create: 1,
      propagation,
    },
    why,
  };
}

function isBind(words: string): boolean {
  return words.split(',').some((word) => word === 'bind' || word === 'rbind');
}

/** As Docker on a file system without project quotas. */
function noQuota(name: string): TiffinError {
  const message = `create ${name}: quota size requested but no quota support`;
  return new TiffinError('invalid', 'no-volume-quota', message, {
    hint: 'bound it by what it is mounted from: -o type=tmpfs -o device=tmpfs -o o=size=1g, or a file system of its own',
  });
}

function invalid(name: string, why: string): TiffinError {
  return new TiffinError('invalid', 'bad-volume-option', `create ${name}: ${why}`, {
    hint: 'options of the local driver are type, o and device',
  });
}
