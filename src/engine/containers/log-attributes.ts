/** What `--log-opt labels=…,env=…,tag=…` of json-file adds to every line; `logs --details` shows it. */

import { TiffinError } from '../../base/errors.ts';
import type { LogConfig } from '../../spec/docker.ts';
import type { Definition } from './record.ts';

export type Described = Pick<Definition, 'id' | 'name' | 'imageId' | 'config'> & {
  hostConfig: { LogConfig: LogConfig };
};

/** In Docker's form: `key=value,key=value`, sorted, each part as in a URL's query; empty without any. */
export function logAttributes(definition: Described): string {
  const options = definition.hostConfig.LogConfig.Config;
  const attributes = new Map<string, string>(chosenAttributes(definition));
  if (options.tag !== undefined) attributes.set('tag', expandTag(options.tag, definition));
  return [...attributes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${queryWord(key)}=${queryWord(value)}`)
    .join(',');
}

/** The labels and variables that the options name. */
export function chosenAttributes(definition: Described): [string, string][] {
  const { Labels, Env } = definition.config;
  const options = definition.hostConfig.LogConfig.Config;
  const environment = Env.map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return [...chosen(Object.entries(Labels), options.labels), ...chosen(environment, options.env)];
}

/** Names are separated by commas. */
function chosen(pairs: readonly [string, string][], names: string | undefined): [string, string][] {
  const wanted = new Set((names ?? '').split(','));
  return pairs.filter(([key]) => wanted.has(key));
}

const PLACES: ReadonlyMap<string, (definition: Described) => string> = new Map<
  string,
  (definition: Described) => string
>([
  ['.ID', ({ id }) => id.slice(0, 12)],
  ['.FullID', ({ id }) => id],
  ['.Name', ({ name }) => name],
  ['.ImageID', ({ imageId }) => imageId.replace(/^sha256:/, '').slice(0, 12)],
  ['.ImageFullID', ({ imageId }) => imageId],
  ['.ImageName', ({ config }) => config.Image],
  ['.DaemonName', () => 'docker'],
]);

/** `{{.Name}}/{{.ID}}`. Throws `invalid` for a place that does not exist. */
export function expandTag(template: string, definition: Described): string {
  const [text = '', ...places] = template.slice(0, 1024).split('{{');
  return places.reduce((expanded, part) => {
    const end = part.indexOf('}}');
    const place = end < 0 ? undefined : PLACES.get(part.slice(0, end).trim());
    if (place === undefined) {
      const shown = JSON.stringify(template.slice(0, 120));
      throw new TiffinError('invalid', 'bad-log-option', `invalid value for tag: ${shown}`);
    }
    return expanded + place(definition) + part.slice(end + 2);
  }, text);
}

/** Go's url.QueryEscape: spaces are plus signs. */
function queryWord(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
