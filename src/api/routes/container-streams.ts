/** What flows out of and into a container: attach, logs, file system. */

import { TiffinError } from '../../base/errors.ts';
import type { Call } from '../call.ts';
import type { Query } from '../query.ts';
import { type Reply, stream } from '../reply.ts';
import { parseDetachKeys } from '../stream/detach-keys.ts';
import { encodeLogs } from '../stream/log-encoder.ts';
import { started } from '../stream/started.ts';
import { streamType } from '../stream/types.ts';
import { webSocketKey } from '../websocket/handshake.ts';

export async function attachContainer(call: Call): Promise<Reply> {
  const { engine, path, query, version } = call;
  const id = path.get('id');
  const raw = engine.containers.hasTerminal(id);
  const detachKeys = parseDetachKeys(query.text('detachKeys') ?? '');
  const options = { ...attachedStreams(query), ...attachMode(query) };
  if (options.stdin && options.stream) call.requireInput();
  const session = await engine.containers.attach(id, options);
  return {
    kind: 'hijack',
    contentType: streamType(raw, version),
    raw,
    input: options.stdin && options.stream,
    detachKeys: raw ? detachKeys : new Uint8Array(),
    open: async () => session,
  };
}

/** Output of both streams in binary messages, unframed: a web socket has messages of its own. */
export async function attachWebSocket(call: Call): Promise<Reply> {
  const { engine, path, query, version } = call;
  const id = path.get('id');
  const key = webSocketKey(call.header);
  const detachKeys = parseDetachKeys(query.text('detachKeys') ?? '');
  const tty = engine.containers.hasTerminal(id);
  const everything = { stdin: true, stdout: true, stderr: true };
  const streams = version < FIRST_WITH_CHOICE ? everything : attachedStreams(query);
  const options = { ...streams, ...attachMode(query) };
  call.requireInput();
  const session = await engine.containers.attach(id, options);
  return {
    kind: 'hijack',
    contentType: '',
    webSocketKey: key,
    raw: true,
    input: options.stdin && options.stream,
    detachKeys: tty ? detachKeys : new Uint8Array(),
    open: async () => session,
  };
}

/** Web sockets of before carry all three streams whatever is asked for. */
const FIRST_WITH_CHOICE = 42;

function attachedStreams(query: Query) {
  return {
    stdin: query.flag('stdin'),
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr'),
  };
}

function attachMode(query: Query) {
  return { logs: query.flag('logs'), stream: query.flag('stream') };
}

export async function containerLogs(call: Call): Promise<Reply> {
  const { engine, path, query, signal, version } = call;
  const id = path.get('id');
  const streams = outputStreams(query);
  const raw = engine.containers.hasTerminal(id);
  const options = {
    ...streams,
    follow: query.flag('follow'),
    tail: tailLines(query),
    sinceNs: query.timestamp('since'),
    untilNs: query.timestamp('until'),
    signal,
  };
  const encoding = {
    raw,
    timestamps: query.flag('timestamps'),
    details: query.flag('details') ? engine.containers.logAttributes(id) : undefined,
    follow: options.follow,
  };
  // Open ahead of the answer: a client that has the answer may remove the container.
  const logs = await engine.containers.logs(id, options);
  return stream(streamType(raw, version), encodeLogs(logs, encoding));
}

export async function exportContainer({ engine, path }: Call): Promise<Reply> {
  const archive = await started(engine.containers.export(path.get('id')));
  return stream('application/x-tar', archive);
}

function outputStreams(query: Query): { stdout: boolean; stderr: boolean } {
  const streams = { stdout: query.flag('stdout'), stderr: query.flag('stderr') };
  if (streams.stdout || streams.stderr) return streams;
  const message = 'Bad parameters: you must choose at least one stream';
  throw new TiffinError('invalid', 'no-stream', message);
}

/** A number of lines; `all`, and anything else that is no number, is everything. */
function tailLines(query: Query): number | undefined {
  const text = query.nonEmpty('tail') ?? 'all';
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
