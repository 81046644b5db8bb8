/** The engine itself. */

import { TiffinError } from '../../base/errors.ts';
import type { RegistryAuth } from '../../spec/docker.ts';
import type { Call } from '../call.ts';
import { parseFilters } from '../filters.ts';
import { bodyObject } from '../parse/fields.ts';
import { json, type Reply, stream } from '../reply.ts';
import { eventLine } from '../stream/json-lines.ts';

const PING_HEADERS = {
  // The classic one: clients take BuildKit for granted otherwise.
  'Builder-Version': '1',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  Swarm: 'inactive',
};

export function ping(): Reply {
  return { kind: 'text', status: 200, text: 'OK', headers: PING_HEADERS };
}

export async function info({ engine }: Call): Promise<Reply> {
  return json(await engine.system.info());
}

export function version({ engine }: Call): Reply {
  return json(engine.system.version());
}

/** Tiffin's own: reads everything in the store. */
export async function checkStore({ engine, query }: Call): Promise<Reply> {
  return json(await engine.system.check(query.flag('repair')));
}

/** The lists of a data usage answer by the `type` that asks for them. */
const DF_TYPES = {
  container: 'Containers',
  image: 'Images',
  volume: 'Volumes',
  'build-cache': 'BuildCache',
} as const;

export async function dataUsage({ engine, query }: Call): Promise<Reply> {
  const wanted = query.all('type');
  for (const type of wanted) {
    if (!Object.hasOwn(DF_TYPES, type)) {
      throw new TiffinError('invalid', 'bad-type', `unknown object type: ${type}`);
    }
  }
  const usage = await engine.system.df();
  if (wanted.length === 0) return json(usage);
  const hidden: Record<string, null> = {};
  for (const [type, list] of Object.entries(DF_TYPES)) {
    if (!wanted.includes(type)) hidden[list] = null;
  }
  return json({ ...usage, ...hidden });
}

export function events({ engine, query, signal }: Call): Reply {
  const sinceNs = query.timestamp('since');
  const untilNs = query.timestamp('until');
  const source = engine.system.events({
    ...(sinceNs !== undefined && { sinceNs }),
    ...(untilNs !== undefined && { untilNs }),
    filters: parseFilters(query, 'events'),
    signal,
  });
  return stream('application/json', eventLines(source));
}

async function* eventLines(source: ReturnType<Call['engine']['system']['events']>) {
  for await (const event of source) yield eventLine(event);
}

/** Checks credentials with their registry; nothing is kept here. */
export async function login({ engine, body, signal }: Call): Promise<Reply> {
  const fields = bodyObject(await body.json());
  const auth: RegistryAuth = {};
  for (const key of ['username', 'password', 'identitytoken', 'serveraddress'] as const) {
    const value = fields.text(key);
    if (value !== undefined && value !== '') auth[key] = value;
  }
  await engine.system.login(auth, signal);
  return json({ Status: 'Login Succeeded', IdentityToken: '' });
}
