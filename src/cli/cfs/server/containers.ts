/** The server's containers: how they are started, stopped and listed. The engine says how each one is; the history how each one ended. */

import { type ErrorClass, errorClass, errorMessage } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import { ApiError, type Client, withQuery } from '../../client/client.ts';
import { attachTo, waitFor } from '../../container/attach.ts';
import { withEngineImage } from '../../image-folder/engine-image.ts';
import { createRequest, labels } from '../create-request.ts';
import { locateImage, ROOM } from '../locate.ts';
import type { Console } from './console.ts';
import type { History, HistoryEntry, RunState } from './history.ts';

/** How a run came out, when it could not even begin. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
  /** For the HTTP answer. */
  readonly status: number;
  readonly entry: HistoryEntry;

  constructor(status: number, message: string, entry: HistoryEntry) {
    super(message);
    this.status = status;
    this.entry = entry;
  }
}

export interface ContainersOptions {
  client: Client;
  /** Where images are. */
  folder: string;
  history: History;
  /** Tells this server's containers from those of others. */
  server: string;
  console: Console;
  /** Containers that are kept at most; the default is in `limits`. */
  most?: number;
}

interface Listed {
  Id: string;
  State: string;
  Labels?: Record<string, string>;
}

interface Ours {
  engineId: string;
  running: boolean;
  entry: HistoryEntry;
}

/** Words of the engine. */
const ENDED: ReadonlySet<string> = new Set(['exited', 'dead', 'removing']);

export class Containers {
  readonly #options: ContainersOptions;
  /** Ids that are told to stop: what ends them is no error. */
  readonly #stopping = new Set<string>();
  readonly #starting = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ContainersOptions) {
    this.#options = options;
  }

  /** Takes up what an earlier server left: what runs is watched, what never began is removed. */
  async adopt(): Promise<void> {
    const begun = (await this.#listed()).filter(({ State }) => State === 'created');
    await Promise.all(begun.map(({ Id }) => this.#remove(Id)));
    for (const { engineId, running } of await this.refresh()) {
      if (!running) continue;
      await this.#follow(engineId);
      this.#watch(engineId).catch(() => undefined);
    }
  }

  /**
   * Starts a command; resolves once it runs, with `wait` once it has ended.
   * @throws RunFailure
   */
  async run(request: { image: string; argv: readonly string[]; command: string; wait: boolean }) {
    const entry: HistoryEntry = {
      id: crypto.randomUUID(),
      state: 'Running',
      image: request.image,
      command: request.command,
    };
    const { history } = this.#options;
    const engineId = await this.#begin(entry, request.argv);
    const end = this.#watch(engineId);
    // A lost engine is noticed at the next look.
    end.catch(() => undefined);
    if (!request.wait) return { entry };
    const exitCode = await end;
    return { entry: history.latest().get(entry.id) ?? entry, exitCode };
  }

  /** Its first word in the history comes before its last, however short the command is. */
  async #begin(entry: HistoryEntry, argv: readonly string[]): Promise<string> {
    const { history } = this.#options;
    this.#starting.add(entry.id);
    try {
      const engineId = await this.#create(entry, argv);
      await this.#start(engineId, entry);
      history.append(entry);
      return engineId;
    } catch (error) {
      if (error instanceof RunFailure) history.append(error.entry);
      throw error;
    } finally {
      this.#starting.delete(entry.id);
    }
  }

  /** Undefined: there is no such container. Resolves when it has ended and is gone. */
  async stop(id: string): Promise<HistoryEntry | undefined> {
    const { client } = this.#options;
    const found = (await this.#ours()).find(({ entry }) => entry.id === id);
    if (found === undefined) return undefined;
    this.#stopping.add(id);
    try {
      await ignoring([304, 404, 409], client.text('POST', `/containers/${found.engineId}/stop`));
      await this.refresh();
      await this.#remove(found.engineId);
    } finally {
      this.#stopping.delete(id);
    }
    return { ...found.entry, state: 'Stopped' };
  }

  /** All that were started and not stopped since, with what the engine says of them now. */
  async list(): Promise<HistoryEntry[]> {
    return (await this.refresh()).map(({ entry }) => entry);
  }

  /** Brings the history up to what the engine says; one at a time, so that nothing is told twice. */
  refresh(): Promise<Ours[]> {
    const result = this.#turn.then(() => this.#refreshNow());
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #refreshNow(): Promise<Ours[]> {
    const { history } = this.#options;
    const ours = await this.#ours();
    const latest = history.latest();
    for (const one of ours) {
      const known = latest.get(one.entry.id)?.state;
      if (one.running) continue;
      if (known === undefined || known === 'Running') {
        one.entry.state = await this.#endState(one);
        history.append({ ...one.entry });
      } else {
        one.entry.state = known;
      }
    }
    const there = new Set(ours.map(({ entry }) => entry.id));
    for (const entry of latest.values()) {
      if (entry.state !== 'Running' || there.has(entry.id)) continue;
      // Removed behind the server's back.
      history.append({ ...entry, state: 'Stopped' });
    }
    return ours;
  }

  async #endState({ engineId, entry }: Ours): Promise<RunState> {
    if (this.#stopping.has(entry.id)) return 'Stopped';
    return (await this.#exitCode(engineId)) === 0 ? 'Stopped' : 'Stopped: ERROR';
  }

  async #exitCode(engineId: string): Promise<number> {
    const { State } = await this.#options.client.json<{ State: { ExitCode: number } }>(
      'GET',
      `/containers/${engineId}/json`,
    );
    return State.ExitCode;
  }

  /** In the order in which they were made, without those that are only being started. */
  async #ours(): Promise<Ours[]> {
    return (await this.#listed()).flatMap(({ Id, State, Labels = {} }) => {
      const id = Labels[labels.id];
      if (id === undefined || State === 'created' || this.#starting.has(id)) return [];
      const running = !ENDED.has(State);
      const image = Labels[labels.image] ?? '';
      const command = Labels[labels.command] ?? '';
      return [{ engineId: Id, running, entry: { id, state: 'Running', image, command } }];
    });
  }

  async #listed(): Promise<Listed[]> {
    const { client, server } = this.#options;
    const filters = JSON.stringify({ label: [`${labels.server}=${server}`] });
    const target = withQuery('/containers/json', { all: true, filters });
    return (await client.json<Listed[]>('GET', target)).toReversed();
  }

  async #create(entry: HistoryEntry, argv: readonly string[]): Promise<string> {
    const { client, folder, server } = this.#options;
    await this.#makeRoom(entry);
    const container = {
      image: entry.image,
      command: argv,
      tty: false,
      stdin: false,
      autoRemove: false,
      labels: { [labels.id]: entry.id, [labels.command]: entry.command, [labels.server]: server },
    };
    try {
      const image = locateImage(folder, entry.image);
      const { Id } = await withEngineImage(client, image, ROOM, (name) =>
        client.json<{ Id: string }>(
          'POST',
          `/containers/create?name=cfs-${entry.id}`,
          createRequest(container, name),
        ),
      );
      return Id;
    } catch (error) {
      throw failure(error, entry);
    }
  }

  /** Ended ones stay until they are told to stop, the oldest only as long as there is room. */
  async #makeRoom(entry: HistoryEntry): Promise<void> {
    const dropped = this.#turn.then(() => this.#dropEnded());
    this.#turn = dropped.catch(() => undefined);
    const room = await dropped.catch((error: unknown) => {
      throw failure(error, entry);
    });
    if (room) return;
    throw new RunFailure(503, 'too many containers run', { ...entry, state: 'Stopped: ERROR' });
  }

  /** Whether there is room for those that are being started. In turn, so that two starts do not count on the same one to go. */
  async #dropEnded(): Promise<boolean> {
    const { most = limits.cfsContainers } = this.#options;
    // The history is to say how they ended before they are gone.
    const ours = await this.#refreshNow();
    const excess = Math.max(0, ours.length + this.#starting.size - most);
    const ended = ours.filter(({ running }) => !running).slice(0, excess);
    for (const { engineId } of ended) await this.#remove(engineId);
    return ended.length === excess;
  }

  async #start(engineId: string, entry: HistoryEntry): Promise<void> {
    try {
      await this.#follow(engineId);
      await this.#options.client.text('POST', `/containers/${engineId}/start`);
    } catch (error) {
      await this.#remove(engineId);
      throw failure(error, entry);
    }
  }

  async #follow(engineId: string): Promise<void> {
    const { client, console } = this.#options;
    if (!console.listens) return;
    const streams = { stdin: false, stdout: true, stderr: true, detachKeys: '' };
    console.follow(await attachTo(client, engineId, streams));
  }

  /** Resolves with the exit code when the command has ended and the history says so. */
  async #watch(engineId: string): Promise<number> {
    const exitCode = await waitFor(this.#options.client, engineId, 'not-running').exit;
    await this.refresh();
    return exitCode;
  }

  async #remove(engineId: string): Promise<void> {
    const { client } = this.#options;
    await ignoring([404, 409], client.text('DELETE', `/containers/${engineId}?force=1`));
  }
}

/** Of what is wrong with the image; everything else is between the engine and us. */
const STATUS: ReadonlyMap<ErrorClass, number> = new Map([
  ['not-found', 404],
  ['invalid', 400],
  ['conflict', 400],
  ['unsupported', 400],
]);

/** What the client did wrong is said as such; the rest is the engine's. */
function failure(error: unknown, entry: HistoryEntry): RunFailure {
  if (error instanceof RunFailure) return error;
  const failed: HistoryEntry = { ...entry, state: 'Stopped: ERROR' };
  if (error instanceof ApiError) {
    return new RunFailure(error.status < 500 ? 400 : 502, error.message, failed);
  }
  const status = STATUS.get(errorClass(error)) ?? 502;
  return new RunFailure(status, errorMessage(error), failed);
}

async function ignoring(statuses: readonly number[], request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof ApiError) || !statuses.includes(error.status)) throw error;
  }
}
