/** The body of `POST /containers/create`. */

import { TiffinError } from '../../base/errors.ts';
import type { ContainerConfig, ContainerCreateRequest, HealthConfig } from '../../spec/docker.ts';
import { JsonObject } from '../../spec/json-object.ts';
import {
  bodyObject,
  command,
  integer,
  keySet,
  nullableTexts,
  optionalFlag,
  optionalInteger,
  text,
  textMap,
  texts,
} from './fields.ts';
import { parseHostConfig } from './host-config.ts';
import { parseNetworkingConfig } from './networking.ts';

export function parseContainerCreate(value: unknown): ContainerCreateRequest {
  const body = bodyObject(value);
  const config = parseContainerConfig(body);
  checkEnvironment(config.Env);
  return {
    ...config,
    HostConfig: parseHostConfig(body.object('HostConfig') ?? JsonObject.of({}, 'body.HostConfig')),
    NetworkingConfig: parseNetworkingConfig(body),
  };
}

/** Any of them, `null` or not, makes a body the description of a container. */
const CONFIG_FIELDS = [
  'Image',
  'Cmd',
  'Entrypoint',
  'Env',
  'Labels',
  'Tty',
  'OpenStdin',
  'User',
  'Hostname',
  'ExposedPorts',
  'Volumes',
  'WorkingDir',
] as const;

/** Throws `invalid` in Docker's words for a body that describes no container. */
export function requireConfig(value: unknown): void {
  const body = bodyObject(value);
  if (CONFIG_FIELDS.some((name) => body.has(name))) return;
  const message = 'config cannot be empty in order to create a container';
  throw new TiffinError('invalid', 'empty-config', message);
}

function checkEnvironment(entries: readonly string[]): void {
  const bad = entries.find((entry) => entry === '' || entry.startsWith('='));
  if (bad === undefined) return;
  throw new TiffinError('invalid', 'bad-environment', `invalid environment variable: ${bad}`);
}

/** The part that `POST /commit` takes too. */
export function parseContainerConfig(body: JsonObject): ContainerConfig {
  return {
    Hostname: text(body, 'Hostname'),
    Domainname: text(body, 'Domainname'),
    User: text(body, 'User'),
    AttachStdin: body.flag('AttachStdin'),
    AttachStdout: body.flag('AttachStdout'),
    AttachStderr: body.flag('AttachStderr'),
    ExposedPorts: keySet(body, 'ExposedPorts'),
    Tty: body.flag('Tty'),
    OpenStdin: body.flag('OpenStdin'),
    StdinOnce: body.flag('StdinOnce'),
    Env: texts(body, 'Env'),
    Cmd: command(body, 'Cmd'),
    Image: text(body, 'Image'),
    Volumes: keySet(body, 'Volumes'),
    WorkingDir: text(body, 'WorkingDir'),
    Entrypoint: command(body, 'Entrypoint'),
    OnBuild: nullableTexts(body, 'OnBuild'),
    Labels: textMap(body, 'Labels'),
    ...parseSeldomFields(body),
  };
}

/** The fields that stay absent when the client is silent. */
function parseSeldomFields(body: JsonObject): Partial<ContainerConfig> {
  const seldom: Partial<ContainerConfig> = {};
  const health = body.object('Healthcheck');
  if (health !== undefined) seldom.Healthcheck = parseHealthcheck(health);
  const argsEscaped = optionalFlag(body, 'ArgsEscaped');
  if (argsEscaped !== undefined) seldom.ArgsEscaped = argsEscaped;
  const disabled = optionalFlag(body, 'NetworkDisabled');
  if (disabled !== undefined) seldom.NetworkDisabled = disabled;
  const mac = text(body, 'MacAddress');
  if (mac !== '') seldom.MacAddress = mac;
  const signal = text(body, 'StopSignal');
  if (signal !== '') seldom.StopSignal = signal;
  const timeout = optionalInteger(body, 'StopTimeout');
  if (timeout !== undefined) seldom.StopTimeout = timeout;
  const shell = texts(body, 'Shell');
  if (shell.length > 0) seldom.Shell = shell;
  return seldom;
}

function parseHealthcheck(health: JsonObject): HealthConfig {
  const duration = (key: string) => integer(health, key);
  return {
    Test: texts(health, 'Test'),
    Interval: duration('Interval'),
    Timeout: duration('Timeout'),
    Retries: integer(health, 'Retries'),
    StartPeriod: duration('StartPeriod'),
    StartInterval: duration('StartInterval'),
  };
}
