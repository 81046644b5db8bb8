/** systemd's manager, of the machine or of a user, over D-Bus: org.freedesktop.systemd1(5). */

import { existsSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import { BusConnection, busErrorName } from '../../dbus/connection.ts';
import type { Message } from '../../dbus/message.ts';
import type { Value } from '../../dbus/values.ts';
import type { Property } from './properties.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const MANAGER = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
} as const;
const INTERFACE = 'org.freedesktop.systemd1.Manager';
const SIGNALS = `type='signal',interface='${INTERFACE}'`;
const UNIT_EXISTS = 'org.freedesktop.systemd1.UnitExists';
const NO_SUCH_UNIT = 'org.freedesktop.systemd1.NoSuchUnit';
const JOB_TIMEOUT_MS = 30_000;
const REMOVAL_TIMEOUT_MS = 1000;

export class Manager {
  readonly #connection: BusConnection;
  /** Results of jobs by their path, which may come ahead of the answer that names the job. */
  readonly #ended = new Map<string, string>();
  readonly #removed = new Set<string>();
  #wake: () => void = () => {};

  private constructor(connection: BusConnection) {
    this.#connection = connection;
  }

  /** @throws TiffinError `no-bus` when neither the bus nor systemd itself answers. */
  static async open(environment: Environment, user: boolean): Promise<Manager> {
    const { path, bus } = user ? userSocket(environment) : systemSocket(environment);
    const manager = new Manager(await BusConnection.open(path, { bus }));
    await manager.#connection.listen(SIGNALS, (message) => manager.#heard(message));
    await manager.#call('Subscribe');
    return manager;
  }

  close(): void {
    this.#connection.close();
  }

  /** 252 of `252.38-1~deb12u1`. */
  async version(): Promise<number> {
    return Number(/^v?(\d{1,6})/.exec(await this.#property('Version'))?.[1] ?? 0);
  }

  /** The group that all of the manager's units lie in; empty: the top. */
  async controlGroup(): Promise<string> {
    return (await this.#property('ControlGroup')).replace(/\/$/, '');
  }

  /** Starts a transient unit and waits for it. @throws TiffinError `systemd-refused`. */
  async startUnit(name: string, properties: readonly Property[]): Promise<void> {
    const start = () =>
      this.#runJob('StartTransientUnit', 'ssa(sv)a(sa(sv))', [name, 'replace', properties, []]);
    try {
      await start().catch(async (cause) => {
        if (busErrorName(cause) !== UNIT_EXISTS) throw cause;
        // An earlier container's unit holds the name: failed, until it is reset; or about to go.
        await this.resetFailed(name);
        await this.#unitRemoved(name);
        await start();
      });
    } catch (cause) {
      throw refused('start', name, cause);
    }
  }

  async stopUnit(name: string): Promise<void> {
    try {
      await this.#runJob('StopUnit', 'ss', [name, 'replace']);
    } catch (cause) {
      if (busErrorName(cause) !== NO_SUCH_UNIT) throw refused('stop', name, cause);
    }
    await this.resetFailed(name);
  }

  async resetFailed(name: string): Promise<void> {
    try {
      await this.#call('ResetFailedUnit', 's', [name]);
    } catch (error) {
      // Nothing of that name, or nothing that has failed.
      if (busErrorName(error) === undefined) throw error;
    }
  }

  /** Until the unit's end. */
  async setProperties(name: string, properties: readonly Property[]): Promise<void> {
    try {
      await this.#call('SetUnitProperties', 'sba(sv)', [name, true, properties]);
    } catch (cause) {
      throw refused('change', name, cause);
    }
  }

  async #runJob(member: string, signature: string, body: readonly Value[]): Promise<void> {
    const [job] = await this.#call(member, signature, body);
    const result = await this.#jobResult(String(job));
    if (result !== 'done') {
      throw new TiffinError('unavailable', 'systemd-refused', `the job ended as ${result}`);
    }
  }

  async #jobResult(job: string): Promise<string> {
    await this.#until(() => this.#ended.has(job), JOB_TIMEOUT_MS);
    return this.#ended.get(job) ?? 'timeout';
  }

  async #unitRemoved(name: string): Promise<void> {
    await this.#until(() => this.#removed.has(name), REMOVAL_TIMEOUT_MS);
  }

  /** Looks again at each signal. */
  async #until(so: () => boolean, timeoutMs: number): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, timeoutMs);
    while (!so() && !late) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(timer);
  }

  /** JobRemoved(u id, o job, s unit, s result), UnitRemoved(s unit, o path). */
  #heard({ member, body }: Message): void {
    const [first, second, , fourth] = body;
    if (member === 'JobRemoved' && typeof second === 'string' && typeof fourth === 'string') {
      this.#ended.set(second, fourth);
    } else if (member === 'UnitRemoved' && typeof first === 'string') this.#removed.add(first);
    this.#wake();
  }

  async #property(name: string): Promise<string> {
    const [found] = await this.#connection.call({
      ...MANAGER,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: [INTERFACE, name],
    });
    const value = typeof found === 'object' && 'value' in found ? found.value : '';
    return typeof value === 'string' ? value : '';
  }

  #call(member: string, signature = '', body: readonly Value[] = []): Promise<readonly Value[]> {
    return this.#connection.call({ ...MANAGER, interface: INTERFACE, member, signature, body });
  }
}

interface Socket {
  path: string;
  bus: boolean;
}

/** The bus, and without one the socket on which systemd serves root alone. */
function systemSocket(environment: Environment): Socket {
  const bus = addressPath(environment.DBUS_SYSTEM_BUS_ADDRESS) ?? '/run/dbus/system_bus_socket';
  return choose(bus, '/run/systemd/private');
}

function userSocket(environment: Environment): Socket {
  const runtime = environment.XDG_RUNTIME_DIR ?? '';
  const bus = addressPath(environment.DBUS_SESSION_BUS_ADDRESS) ?? `${runtime}/bus`;
  return choose(bus, `${runtime}/systemd/private`);
}

function choose(bus: string, own: string): Socket {
  return existsSync(bus) || !existsSync(own) ? { path: bus, bus: true } : { path: own, bus: false };
}

/** `unix:path=/run/user/1000/bus,guid=…`; others are not sockets with a path. */
function addressPath(address = ''): string | undefined {
  for (const each of address.split(';')) {
    const path = /^unix:(?:.*,)?path=([^,]+)/.exec(each)?.[1];
    if (path !== undefined) return path;
  }
  return undefined;
}

function refused(verb: string, name: string, cause: unknown): TiffinError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new TiffinError(
    'unavailable',
    'systemd-refused',
    `unable to ${verb} unit "${name}": ${words}`,
    { hint: `see what systemd tells: systemctl status ${name}`, cause },
  );
}
