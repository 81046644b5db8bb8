import { expect, test } from 'bun:test';
import {
  archive,
  members,
  padded,
  paxText,
  rawHeader,
  rawMember,
  readTar,
} from '../testing/tar-bytes.ts';

const one = (bytes: Uint8Array) => {
  const [member] = readTar(bytes);
  if (member === undefined) throw new Error('the archive is empty');
  return member;
};

test('TarReader gives the same members whatever the size of the chunks', () => {
  const bytes = members([
    { path: 'dir', kind: 'directory', mode: 0o755 },
    { path: 'dir/file', content: 'x'.repeat(1500), uid: 1000, mtimeNs: 1_500_000_001n },
    { path: 'empty' },
    { path: 'link', kind: 'symlink', link: '../target' },
    { path: `${'p'.repeat(99)}/${'q'.repeat(99)}/${'r'.repeat(150)}`, content: 'long' },
  ]);
  const whole = readTar(bytes);
  expect(whole.map(({ entry }) => entry.path)).toEqual([
    'dir/',
    'dir/file',
    'empty',
    'link',
    `${'p'.repeat(99)}/${'q'.repeat(99)}/${'r'.repeat(150)}`,
  ]);
  for (const step of [1, 7, 511, 512, 513, 4096]) expect(readTar(bytes, step)).toEqual(whole);
});

test('TarReader reads names of GNU long-name members before the header', () => {
  const name = `${'n'.repeat(300)}/file`;
  const link = `t/${'t'.repeat(400)}`;
  const bytes = archive(
    rawMember('L', '././@LongLink', `${name}\0`),
    rawMember('K', '././@LongLink', `${link}\0`),
    rawHeader({ name: 'short', type: '2', link: 'cut' }),
  );
  const { entry } = one(bytes);
  expect(entry).toMatchObject({ kind: 'symlink', path: name, link });
});

test('TarReader lets pax records override the header, the size included', () => {
  const bytes = archive(
    rawMember(
      'x',
      'PaxHeaders/a',
      paxText({
        path: 'real/ünïcode',
        size: '5',
        uid: '3000000',
        gid: '7',
        mtime: '1700000000.123456789',
        'SCHILY.xattr.user.note': 'hello',
        'LIBARCHIVE.xattr.user.b%3Dc': 'aGk',
        comment: 'ignored',
      }),
    ),
    rawHeader({ name: 'fake', size: '00000000000' }),
    padded('12345'),
  );
  const member = one(bytes);
  expect(member.entry).toMatchObject({
    path: 'real/ünïcode',
    size: 5,
    uid: 3_000_000,
    gid: 7,
    mtimeNs: 1_700_000_000_123_456_789n,
  });
  expect(
    member.entry.xattrs.map(({ name, value }) => [name, Buffer.from(value).toString()]),
  ).toEqual([
    ['user.note', 'hello'],
    ['user.b=c', 'hi'],
  ]);
  expect(member.pieces).toEqual([{ offset: 0, text: '12345' }]);
});

test('TarReader applies a global pax header to later members until an own record withdraws it', () => {
  const bytes = archive(
    rawMember('g', 'pax_global_header', paxText({ uid: '42', comment: 'commit' })),
    rawHeader({ name: 'a' }),
    rawMember('x', 'PaxHeaders/b', paxText({ uid: '' })),
    rawHeader({ name: 'b', uid: '0000007' }),
    rawHeader({ name: 'c' }),
  );
  expect(readTar(bytes).map(({ entry }) => entry.uid)).toEqual([42, 7, 42]);
});

test('TarReader refuses a global pax header that would rename or resize members', () => {
  const records: Record<string, string>[] = [
    { path: 'x' },
    { size: '1' },
    { linkpath: 'x' },
    { 'GNU.sparse.map': '0,1' },
  ];
  for (const record of records) {
    const bytes = archive(rawMember('g', 'g', paxText(record)), rawHeader({ name: 'a' }));
    expect(() => readTar(bytes)).toThrow('global extended header sets');
  }
});

test('TarReader reads base-256 numbers', () => {
  const size = new Uint8Array(12);
  size[0] = 0x80;
  size[11] = 3;
  expect(one(archive(rawHeader({ name: 'a', size }), padded('abc'))).pieces).toEqual([
    { offset: 0, text: 'abc' },
  ]);
  const before1970 = new Uint8Array(12).fill(0xff);
  const old = rawHeader({ name: 'a', patch: [[136, before1970]] });
  expect(one(archive(old)).entry.mtimeNs).toBe(0n);
  const negative = rawHeader({ name: 'a', patch: [[124, new Uint8Array(12).fill(0xff)]] });
  expect(() => readTar(archive(negative))).toThrow('size is negative');
  const huge = rawHeader({ name: 'a', patch: [[124, Uint8Array.of(0x80, 1)]] });
  expect(() => readTar(archive(huge))).toThrow('size is out of range');
});

test('TarReader reads old GNU sparse members with continuation blocks', () => {
  const pair = (offset: number, length: number) =>
    Buffer.from(
      `${offset.toString(8).padStart(11, '0')}\0${length.toString(8).padStart(11, '0')}\0`,
    );
  const head = rawHeader({
    name: 'sparse',
    type: 'S',
    magic: 'ustar  \0',
    size: '00000000006',
    patch: [
      [386, Buffer.concat([pair(0, 1), pair(10, 1), pair(20, 1), pair(30, 1)])],
      [482, Uint8Array.of(1)],
      [483, Buffer.from('00000000144\0')],
    ],
  });
  const more = new Uint8Array(512);
  more.set(Buffer.concat([pair(40, 1), pair(50, 1), pair(100, 0)]));
  const { entry, pieces } = one(archive(head, more, padded('abcdef')));
  expect(entry.size).toBe(100);
  expect(pieces).toEqual(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((text, at) => ({ offset: at * 10, text })),
  );
});

test('TarReader reads the pax sparse forms 0.0, 0.1 and 1.0', () => {
  const stored = '00000000004';
  const content = padded('abcd');
  const form00 = archive(
    rawMember(
      'x',
      'p',
      `${paxText({ 'GNU.sparse.size': '50' })}${paxText({ 'GNU.sparse.offset': '5' })}${paxText({ 'GNU.sparse.numbytes': '2' })}${paxText({ 'GNU.sparse.offset': '40' })}${paxText({ 'GNU.sparse.numbytes': '2' })}`,
    ),
    rawHeader({ name: 's', size: stored }),
    content,
  );
  const form01 = archive(
    rawMember(
      'x',
      'p',
      paxText({ 'GNU.sparse.size': '50', 'GNU.sparse.map': '5,2,40,2', 'GNU.sparse.name': 's' }),
    ),
    rawHeader({ name: 'GNUSparseFile.1/s', size: stored }),
    content,
  );
  const map = padded('2\n5\n2\n40\n2\n');
  const form10 = archive(
    rawMember(
      'x',
      'p',
      paxText({
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.realsize': '50',
        'GNU.sparse.name': 's',
      }),
    ),
    rawHeader({ name: 'GNUSparseFile.1/s', size: (map.length + 4).toString(8).padStart(11, '0') }),
    map,
    content,
  );
  for (const bytes of [form00, form01, form10]) {
    for (const step of [bytes.length, 100]) {
      const [member] = readTar(bytes, step);
      expect(member?.entry).toMatchObject({ path: 's', size: 50 });
      expect(member?.pieces).toEqual([
        { offset: 5, text: 'ab' },
        { offset: 40, text: 'cd' },
      ]);
    }
  }
});

test('TarReader refuses sparse maps that overlap, overflow or do not add up', () => {
  const sparse = (map: string, stored = 4) =>
    archive(
      rawMember('x', 'p', paxText({ 'GNU.sparse.size': '50', 'GNU.sparse.map': map })),
      rawHeader({ name: 's', size: stored.toString(8).padStart(11, '0') }),
      padded('abcd'),
    );
  for (const map of [
    '5,2,6,2',
    '40,2,5,2',
    '49,4',
    '0,3',
    '0,4,9',
    '0,x',
    '0,4,10,99999999999999999999',
  ]) {
    expect(() => readTar(sparse(map))).toThrow('sparse map');
  }
});

test('TarReader reads device nodes, FIFOs and old directories', () => {
  const found = readTar(
    archive(
      rawHeader({ name: 'null', type: '3', major: '0000001', minor: '0000003' }),
      rawHeader({ name: 'disk', type: '4', major: '0000010', minor: '0000000' }),
      rawHeader({ name: 'pipe', type: '6' }),
      rawHeader({ name: 'old/', type: '\0', magic: '' }),
    ),
  );
  expect(found.map(({ entry }) => [entry.kind, entry.major, entry.minor])).toEqual([
    ['character', 1, 3],
    ['block', 8, 0],
    ['fifo', 0, 0],
    ['directory', 0, 0],
  ]);
});

test('TarReader keeps file names that are not UTF-8', () => {
  const name = Uint8Array.of(0x61, 0xff, 0xe4, 0x62);
  const { entry } = one(archive(rawHeader({ patch: [[0, name]] })));
  expect(entry.path).toBe('a\udcff\udce4b');
});

test('TarReader ignores what stands after the end of the archive', () => {
  const bytes = Buffer.concat([members([{ path: 'a' }]), Buffer.from('rubbish'.repeat(500))]);
  expect(readTar(bytes, 100).map(({ entry }) => entry.path)).toEqual(['a']);
});

test('TarReader accepts an empty stream and an archive without its end', () => {
  expect(readTar(new Uint8Array(0))).toEqual([]);
  expect(readTar(rawMember('0', 'a', 'content')).length).toBe(1);
});

test('TarReader refuses an archive that breaks off', () => {
  const bytes = members([{ path: 'a', content: 'x'.repeat(600) }]);
  for (const length of [100, 512, 700, 1124]) {
    expect(() => readTar(bytes.subarray(0, length))).toThrow('unexpected end');
  }
  const extension = rawMember('x', 'p', paxText({ path: 'x' }));
  expect(() => readTar(extension)).toThrow('unexpected end');
  expect(() => readTar(archive(extension))).toThrow('extended header without a member');
});

test('TarReader refuses headers that do not hold together', () => {
  const refused: [Uint8Array, string][] = [
    [rawHeader({ name: 'a', checksum: '000001\0 ' }), 'checksum'],
    [rawHeader({ name: 'a', type: 'M' }), 'unknown member type'],
    [rawHeader({ name: 'a', size: '0000x' }), 'octal'],
    [rawHeader({ name: 'a', size: '0000001\x001234' }), 'octal'],
    [Buffer.concat([new Uint8Array(512), rawHeader({ name: 'a' })]), 'lone empty block'],
    [
      Buffer.concat([
        rawMember('x', 'p', paxText({ path: 'b' })),
        rawMember('x', 'p', paxText({ path: 'c' })),
        rawHeader({ name: 'a' }),
      ]),
      'two extended headers',
    ],
    [Buffer.concat([rawMember('x', 'p', '99 path=b\n'), rawHeader({ name: 'a' })]), 'wrong length'],
    [Buffer.concat([rawMember('x', 'p', 'x path=b\n'), rawHeader({ name: 'a' })]), 'wrong length'],
    [
      Buffer.concat([rawMember('x', 'p', paxText({ path: 'b\0c' })), rawHeader({ name: 'a' })]),
      'NUL',
    ],
    [
      Buffer.concat([
        rawMember('x', 'p', paxText({ uid: '4294967295' })),
        rawHeader({ name: 'a' }),
      ]),
      'uid is out of range',
    ],
    [
      Buffer.concat([rawMember('x', 'p', paxText({ size: '-1' })), rawHeader({ name: 'a' })]),
      'not a number',
    ],
    [rawHeader({ name: 'p', type: 'x', size: '00010000000' }), 'extended header is larger'],
    [
      Buffer.concat([
        rawMember('x', 'p', paxText({ path: 'p'.repeat(5000) })),
        rawHeader({ name: 'a' }),
      ]),
      'longer than 4096',
    ],
  ];
  for (const [bytes, message] of refused) expect(() => readTar(archive(bytes))).toThrow(message);
});

test('TarReader never fails in another way, whatever the bytes', () => {
  const seed = members([
    { path: 'dir', kind: 'directory' },
    {
      path: 'x'.repeat(120),
      content: 'data',
      xattrs: [{ name: 'user.a', value: Buffer.from('b') }],
    },
  ]);
  let state = 12345;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state % below;
  };
  for (let round = 0; round < 3000; round += 1) {
    const bytes = Uint8Array.from(seed);
    for (let flips = 1 + random(6); flips > 0; flips -= 1)
      bytes[random(bytes.length)] = random(256);
    fixChecksums(bytes);
    try {
      readTar(bytes, 1 + random(2000));
    } catch (error) {
      expect((error as Error).name).toBe('TiffinError');
    }
  }
});

/** So that damage reaches the parser behind the checksum. */
function fixChecksums(bytes: Uint8Array): void {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (block[257] !== 117) continue;
    block.fill(32, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  }
}
