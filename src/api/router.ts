/** Matches a method and a path against a table of routes. */

import { TiffinError } from '../base/errors.ts';
import type { Handler } from './call.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

/**
 * Method, pattern, handler. In a pattern `{id}` takes one segment of the path and `{name*}` one or more (image names hold slashes).
 * The first match wins.
 */
export type Route = readonly [method: Method, pattern: string, handler: Handler];

export class PathParameters {
  readonly #values = new Map<string, string>();

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  get(name: string): string {
    return this.#values.get(name) ?? '';
  }
}

type Segment = { literal: string } | { parameter: string; many: boolean };

interface CompiledRoute {
  segments: Segment[];
  many: boolean;
  handler: Handler;
}

export class Router {
  readonly #byMethod = new Map<string, CompiledRoute[]>();

  constructor(routes: readonly Route[]) {
    for (const [method, pattern, handler] of routes) {
      const segments = pattern.slice(1).split('/').map(parseSegment);
      const many = segments.some((segment) => 'many' in segment && segment.many);
      const list = this.#byMethod.get(method) ?? [];
      list.push({ segments, many, handler });
      this.#byMethod.set(method, list);
    }
  }

  /** `path` without version prefix and query. Undefined: no such route. Throws `invalid` on a broken percent escape. */
  find(method: string, path: string): { handler: Handler; parameters: PathParameters } | undefined {
    const segments = path.slice(1).split('/');
    for (const route of this.#byMethod.get(method) ?? []) {
      const parameters = matchRoute(route, segments);
      if (parameters !== undefined) return { handler: route.handler, parameters };
    }
    return undefined;
  }
}

function parseSegment(text: string): Segment {
  if (!text.startsWith('{')) return { literal: text };
  const many = text.endsWith('*}');
  return { parameter: text.slice(1, many ? -2 : -1), many };
}

function matchRoute(route: CompiledRoute, path: readonly string[]): PathParameters | undefined {
  const surplus = path.length - route.segments.length;
  if (surplus < 0 || (surplus > 0 && !route.many)) return undefined;
  const taken: [string, string][] = [];
  let at = 0;
  for (const segment of route.segments) {
    const width = 'many' in segment && segment.many ? surplus + 1 : 1;
    const text = path.slice(at, at + width).join('/');
    at += width;
    if ('literal' in segment) {
      if (segment.literal !== text) return undefined;
    } else {
      if (text === '') return undefined;
      taken.push([segment.parameter, text]);
    }
  }
  const parameters = new PathParameters();
  for (const [name, text] of taken) parameters.set(name, unescapeSegment(text));
  return parameters;
}

function unescapeSegment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new TiffinError('invalid', 'bad-path', `invalid escape in the path: ${text}`, { cause });
  }
}
