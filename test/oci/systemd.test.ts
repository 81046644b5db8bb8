/**
 * The client of systemd over a real message bus, with a small stand-in for the manager at its other end: systemd itself runs
 * only in the emulated machine (test/vm/systemd.test.ts).
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BusConnection } from '../../src/dbus/connection.ts';
import { Manager } from '../../src/runtime/systemd/manager.ts';
import { property } from '../../src/runtime/systemd/properties.ts';
import { StandIn } from './systemd-stand-in.ts';

const directory = mkdtempSync(join(tmpdir(), 'tiffin-bus-'));
const path = join(directory, 'bus');
const environment = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path},guid=0` };
let daemon: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;
let standIn: StandIn;

beforeAll(async () => {
  daemon = Bun.spawn(
    ['dbus-daemon', '--session', `--address=unix:path=${path}`, '--nofork', '--print-address=1'],
    { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
  );
  // It tells its address when it listens.
  await daemon.stdout.getReader().read();
  standIn = await StandIn.start(path);
});

afterAll(async () => {
  standIn.close();
  daemon.kill();
  await daemon.exited;
  rmSync(directory, { recursive: true });
});

async function withManager(act: (manager: Manager) => Promise<void>): Promise<void> {
  const manager = await Manager.open(environment, true);
  try {
    await act(manager);
  } finally {
    manager.close();
  }
}

test('Manager reads version and control group', () =>
  withManager(async (manager) => {
    expect(await manager.version()).toBe(252);
    expect(await manager.controlGroup()).toBe('/user.slice/u@1.service');
  }));

test('Manager.startUnit hands over properties and waits for the job, also when its end comes ahead of the answer', () =>
  withManager(async (manager) => {
    const properties = [
      property('PIDs', 'au', [1, 4_294_967_295]),
      property('MemoryMax', 't', 2n ** 64n - 1n),
      property('DeviceAllow', 'a(ss)', [['/dev/char/1:3', 'rwm']]),
      property('AllowedCPUs', 'ay', Uint8Array.of(3)),
    ];
    await manager.startUnit('a-done.scope', properties);
    expect(standIn.units.get('a-done.scope')).toEqual(
      properties.map(([name, value]) => [name, value]),
    );
    await manager.startUnit('a-early.scope', []);
    await manager.setProperties('a-done.scope', [property('TasksMax', 't', 5n)]);
    expect(standIn.units.get('a-done.scope')?.length).toBe(5);
    await manager.stopUnit('a-done.scope');
    expect([...standIn.units.keys()]).toEqual(['a-early.scope']);
    await manager.stopUnit('a-done.scope');
  }));

test('Manager.startUnit takes the name of a failed unit, and tells how a job failed', () =>
  withManager(async (manager) => {
    standIn.failed.add('b-done.scope');
    await manager.startUnit('b-done.scope', []);
    expect(standIn.failed.size).toBe(0);
    await expect(manager.startUnit('b-done.scope', [])).rejects.toThrow(
      'unable to start unit "b-done.scope": org.freedesktop.systemd1.UnitExists: taken',
    );
    await expect(manager.startUnit('c-dependency.scope', [])).rejects.toThrow(
      'the job ended as dependency',
    );
    await expect(manager.setProperties('absent.scope', [])).rejects.toThrow('NoSuchUnit');
  }));

test('BusConnection.open tells when nobody answers, and a call when the other side goes away', async () => {
  await expect(BusConnection.open(join(directory, 'absent'), { bus: true })).rejects.toThrow(
    /cannot talk to the message bus: .*absent/,
  );
  const closing = Bun.listen({
    unix: join(directory, 'closing'),
    socket: {
      data: (socket) => {
        socket.end('REJECTED KERBEROS_V4\r\n');
      },
    },
  });
  await expect(BusConnection.open(join(directory, 'closing'), { bus: true })).rejects.toThrow(
    /refused: REJECTED KERBEROS_V4/,
  );
  closing.stop(true);
  const connection = await BusConnection.open(path, { bus: true });
  connection.close();
  const call = { destination: 'a.b', path: '/', interface: 'a.b', member: 'C' };
  await expect(connection.call(call)).rejects.toThrow(/closed/);
});
