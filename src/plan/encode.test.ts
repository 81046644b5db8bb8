import { expect, test } from 'bun:test';
import { TiffinError } from '../base/errors.ts';
import { decodeXattrs, encodeOp, encodePlan, encodeXattrs, OpStreamDecoder } from './encode.ts';
import type { FieldKind, Op, OpName } from './ops.ts';
import { OPS, STAGES } from './ops.ts';
import { printOp, printPlan } from './print.ts';

/** A value of every kind that no default would give. */
const SAMPLES: Record<FieldKind, unknown> = {
  u32: 0xfffffffe,
  u64: 0xfedcba9876543210n,
  str: 'päth/with "quotes"',
  bytes: Uint8Array.of(0, 1, 255),
  strs: ['one', '', 'drei…'],
  u32s: [0, 1, 0xffffffff],
};

const names = Object.keys(OPS) as OpName[];

function sample(name: OpName): Op {
  const fields = Object.entries<FieldKind>(OPS[name].fields);
  const operands = fields.map(([field, kind]) => [field, SAMPLES[kind]]);
  return { op: name, ...Object.fromEntries(operands) } as Op;
}

function decodeAll(chunks: readonly Uint8Array[]): Op[] {
  const decoder = new OpStreamDecoder();
  return chunks.flatMap((chunk) => decoder.push(chunk));
}

test.each(names)('encodeOp and OpStreamDecoder carry %s over', (name) => {
  expect(decodeAll([encodeOp(sample(name), 'inside')])).toEqual([sample(name)]);
});

test.each(names)('printOp gives %s one line', (name) => {
  const line = printOp(sample(name));
  expect(line).not.toBe('');
  expect(line).not.toContain('\n');
  expect(line).not.toContain('undefined');
});

test('OpStreamDecoder puts operations together from pieces of any size', () => {
  const ops = names.map(sample);
  const stream = Buffer.concat(ops.map((op) => encodeOp(op, 'host')));
  for (const size of [1, 7, 64, stream.length]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
    expect(decodeAll(chunks)).toEqual(ops);
  }
});

test('OpStreamDecoder counts the bytes of an unfinished operation', () => {
  const decoder = new OpStreamDecoder();
  expect(decoder.push(encodeOp(sample('hostname'), 'host').subarray(0, 11))).toEqual([]);
  expect(decoder.pendingBytes).toBe(11);
});

test('OpStreamDecoder refuses unknown codes, wrong lengths and counts past the end', () => {
  const good = encodeOp({ op: 'user', user: 'a', group: '', groups: [], lookup: 1 }, 'host');
  const broken = (change: (view: DataView) => void): (() => unknown) => {
    const bytes = good.slice();
    change(new DataView(bytes.buffer));
    return () => new OpStreamDecoder().push(bytes);
  };
  const changes: ((view: DataView) => void)[] = [
    (view) => view.setUint16(0, 9999, true),
    (view) => view.setUint32(4, 0xffffffff, true),
    (view) => view.setUint32(8, 0xffffff, true),
    (view) => view.setUint8(8 + 4 + 1, 7),
    (view) => view.setUint32(8 + 6 + 5, 0x7fffffff, true),
  ];
  for (const change of changes) expect(broken(change)).toThrow(TiffinError);
});

test('encodePlan writes magic, version, count and fault ahead of the steps', () => {
  const step = { stage: 'inside', op: sample('pivot'), why: 'never sent' } as const;
  const bytes = encodePlan([step, step], { index: 1, errno: 28 });
  const view = new DataView(bytes.buffer);
  expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('TFN1');
  expect([4, 8, 12, 16].map((at) => view.getUint32(at, true))).toEqual([1, 2, 1, 28]);
  expect(bytes.subarray(20)).toEqual(
    new Uint8Array([72, 0, STAGES.indexOf('inside'), 0, 0, 0, 0, 0, 72, 0, 3, 0, 0, 0, 0, 0]),
  );
  expect(new DataView(encodePlan([]).buffer).getUint32(12, true)).toBe(0xffffffff);
});

test('encodePlan refuses a NUL inside text and a plan past its limits', () => {
  const step = (name: string) =>
    ({ stage: 'host', op: { op: 'hostname', name }, why: '' }) as const;
  expect(() => encodePlan([step('a\0b')])).toThrow('hostname.name holds a NUL');
  expect(() => encodePlan(new Array(5000).fill(step('a')))).toThrow('over the limit');
  expect(() => encodePlan([step('x'.repeat(5 * 1024 * 1024))])).toThrow('over the limit');
});

test('encodeOp asserts that numbers fit their operand', () => {
  expect(() => encodeOp({ op: 'umask', mask: -1 }, 'host')).toThrow('umask.mask is a u32');
  expect(() => encodeOp({ op: 'umask', mask: 2 ** 32 }, 'host')).toThrow('umask.mask is a u32');
  expect(() => encodeOp({ op: 'bounding', mask: 1n << 64n }, 'host')).toThrow('is a u64');
});

test('encodeXattrs and decodeXattrs carry names and binary values over', () => {
  const xattrs = new Map([
    ['user.a', Uint8Array.of(0, 1)],
    ['security.capability', new Uint8Array(0)],
  ]);
  expect(decodeXattrs(encodeXattrs(xattrs))).toEqual(xattrs);
  expect(() => decodeXattrs(Uint8Array.of(9, 0, 0, 0, 1))).toThrow(RangeError);
});

test('printOp says flags, namespaces, capabilities and limits in words', () => {
  const line = (op: Op): string => printOp(op);
  expect(
    line({
      op: 'mount',
      source: 'proc',
      target: '/proc',
      fstype: 'proc',
      flags: 14n,
      data: '',
      create: 1,
      propagation: 0n,
    }),
  ).toBe('mount proc on /proc (nosuid,nodev,noexec)');
  expect(line({ op: 'clone', flags: 0x2002_0000n, cgroup: '/sys/fs/cgroup/a' })).toBe(
    'clone into cgroup /sys/fs/cgroup/a with new namespaces mount, pid',
  );
  expect(line({ op: 'propagation', target: '/', flags: 0x84000n })).toBe('make / rslave');
  expect(line({ op: 'bounding', mask: 0x21n })).toBe('bound capabilities to chown, kill');
  expect(line({ op: 'bounding', mask: 0n })).toBe('bound capabilities to none');
  expect(line({ op: 'rlimit', resource: 7, soft: 1024n, hard: (1n << 64n) - 1n })).toBe(
    'limit nofile to 1024, at most unlimited',
  );
  expect(
    line({ op: 'write', path: '/m', data: new TextEncoder().encode('64M\n'), ignore: [] }),
  ).toBe('write "64M" to /m');
  expect(line({ op: 'exec', args: ['sh', '-c', 'echo hi'], env: [], home: 0 })).toBe(
    'run sh -c "echo hi"',
  );
});

test('printPlan shows number, stage, operation and reason of every step', () => {
  const plan = [
    { stage: 'host', op: { op: 'clone', flags: 0n, cgroup: '' }, why: '' },
    { stage: 'inside', op: { op: 'hostname', name: 'web' }, why: 'asked for' },
  ] as const;
  expect(printPlan(plan)).toBe(
    '  0  host      clone\n  1  inside    set hostname web  # asked for\n',
  );
});
