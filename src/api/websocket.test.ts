import { expect, test } from 'bun:test';
import { limits } from '../base/limits.ts';
import { FakeProcess } from './testing/fake-process.ts';
import { eventually, serveFake } from './testing/served.ts';
import { encodeFrame, FrameDecoder, OPCODES } from './websocket/frames.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

function handshake(
  path: string,
  headers = `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}`,
) {
  return `GET ${path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}\r\n\r\n`;
}

/** As a client sends it: masked. */
function masked(opcode: number, text: string): string {
  const frame = encodeFrame(opcode, Buffer.from(text, 'latin1'));
  const head = frame.subarray(0, frame.length - text.length);
  head[1] = (head[1] ?? 0) | 0x80;
  const mask = Buffer.from([1, 2, 3, 4]);
  const payload = Buffer.from(text, 'latin1').map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([head, mask, payload]).toString('latin1');
}

function framed(opcode: number, text: string): string {
  return encodeFrame(opcode, Buffer.from(text, 'latin1')).toString('latin1');
}

const ATTACH = '/containers/box/attach/ws?stream=1&stdin=1&stdout=1&stderr=1';

test('attach/ws shakes hands as RFC 6455 has it and carries both directions unframed', async () => {
  await using served = await serveFake();
  const client = await served.dial().send(handshake(ATTACH)).until('\r\n\r\n');
  expect(client.seen).toStartWith('HTTP/1.1 101 Switching Protocols\r\n');
  // The example of section 1.3.
  expect(client.seen).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  client.send(masked(OPCODES.text, 'hello '));
  await client.until(framed(OPCODES.binary, 'hello '));
  client.send(masked(OPCODES.binary, 'again'));
  await client.until(framed(OPCODES.binary, 'again'));
  client.send(masked(OPCODES.ping, 'p'));
  await client.until(framed(OPCODES.pong, 'p'));
  client.send(masked(OPCODES.close, '\x03\xe8'));
  expect(await client.untilEnd()).toEndWith(framed(OPCODES.close, '\x03\xe8'));
  client.socket.end();
  await eventually(() => served.engine.process.closed);
  expect(served.defects).toEqual([]);
});

test('attach/ws ends with a close frame when the process ends', async () => {
  await using served = await serveFake();
  served.engine.process = new FakeProcess();
  const client = await served.dial().send(handshake(ATTACH)).until('\r\n\r\n');
  served.engine.process.say(2, 'x'.repeat(70_000));
  served.engine.process.end();
  const [, body = ''] = (await client.untilEnd()).split('\r\n\r\n');
  const parts = [framed(2, 'x'.repeat(65_536)), framed(2, 'x'.repeat(4464)), framed(8, '\x03\xe8')];
  expect(body === parts.join('')).toBe(true);
});

test('attach/ws of a client that vanishes leaves no session', async () => {
  await using served = await serveFake();
  served.engine.process = new FakeProcess();
  const client = await served.dial().send(handshake(ATTACH)).until('\r\n\r\n');
  client.socket.destroy();
  await eventually(() => served.engine.process.closed);
  expect(served.defects).toEqual([]);
});

test('attach/ws closes with 1002 what breaks the protocol and with 1009 what is too large', async () => {
  const wrong: readonly [sent: string, code: string][] = [
    [framed(OPCODES.text, 'unmasked'), '\x03\xea'],
    ['\xf1\x80\0\0\0\0', '\x03\xea'],
    ['\x83\x80\0\0\0\0', '\x03\xea'],
    ['\x09\x80\0\0\0\0', '\x03\xea'],
    ['\x82\xff\0\0\0\0\0\x01\0\x01\0\0\0\0', '\x03\xf1'],
    ['\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0', '\x03\xf1'],
  ];
  await using served = await serveFake();
  for (const [sent, code] of wrong) {
    served.engine.process = new FakeProcess();
    const client = await served.dial().send(handshake(ATTACH)).until('\r\n\r\n');
    client.send(sent);
    expect(await client.untilEnd()).toEndWith(framed(OPCODES.close, code));
    client.socket.destroy();
  }
  expect(served.defects).toEqual([]);
});

test('attach/ws refuses what is no handshake with 400, and an unknown container with 404', async () => {
  await using served = await serveFake();
  const plain = await served.ask('GET', ATTACH);
  expect(plain).toMatchObject({ status: 400, body: { message: 'not websocket protocol' } });
  for (const headers of [
    `Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: ${KEY}`,
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short',
    'Sec-WebSocket-Version: 13',
  ]) {
    const text = await served.dial().send(handshake(ATTACH, headers)).untilEnd();
    expect(text).toStartWith('HTTP/1.1 400 ');
  }
  const nobody = handshake(ATTACH.replace('box', 'nobody'));
  expect(await served.dial().send(nobody).untilEnd()).toStartWith('HTTP/1.1 404 ');
  expect(served.engine.calls).toEqual([]);
});

test('FrameDecoder takes frames of every length, byte by byte', () => {
  for (const size of [0, 1, 125, 126, 65_535, limits.frameBytes]) {
    const decoder = new FrameDecoder();
    const bytes = Buffer.from(masked(OPCODES.binary, 'y'.repeat(size)), 'latin1');
    const cut = Math.min(bytes.length, 20);
    const found = [];
    for (let at = 0; at < cut; at++) found.push(...decoder.push(bytes.subarray(at, at + 1)));
    found.push(...decoder.push(bytes.subarray(cut)));
    expect(found.map(({ payload }) => payload.length)).toEqual([size]);
    expect(found[0]?.payload.every((byte) => byte === 0x79)).toBe(true);
  }
});
