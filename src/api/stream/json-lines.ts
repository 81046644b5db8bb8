/** A sequence of JSON documents, one to a line, as progress and events travel. */

import type { EngineEvent } from '../../spec/docker.ts';

export function jsonLine(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\r\n`);
}

/** With the fields `status`, `id` and `from` that clients of before 1.22 read. */
export function eventLine(event: EngineEvent): Uint8Array {
  const isObject = event.Type === 'container' || event.Type === 'image';
  const from = event.Type === 'container' ? event.Actor.Attributes.image : undefined;
  return jsonLine({
    ...(isObject && { status: event.Action, id: event.Actor.ID }),
    ...(from !== undefined && { from }),
    ...event,
    // A double cannot hold it.
    timeNano: rawNumber(event.timeNano),
  });
}

function rawNumber(value: bigint): unknown {
  return jsonWithRaw.rawJSON(String(value));
}

/** ECMAScript "JSON.parse source text access"; missing from the library types. */
const jsonWithRaw = JSON as JSON & { rawJSON(text: string): unknown };
