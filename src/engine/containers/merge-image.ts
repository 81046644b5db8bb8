/** Docker's rules for what a container takes from its image. */

import type { ContainerConfig, HealthConfig } from '../../spec/docker.ts';
import type { Healthcheck, ImageDefaults } from '../../spec/image-config.ts';
import { mergeEnvironment } from '../spec/environment.ts';

/** A new configuration; `config` stays as it is. */
export function mergeImage(config: ContainerConfig, image: ImageDefaults): ContainerConfig {
  const healthcheck = mergeHealthcheck(config.Healthcheck, image.healthcheck);
  const stopSignal = config.StopSignal || image.stopSignal;
  const stopTimeout = config.StopTimeout ?? image.stopTimeout;
  return {
    ...config,
    User: config.User || image.user,
    ExposedPorts: { ...keys(image.exposedPorts), ...config.ExposedPorts },
    Env: mergeEnvironment(image.env, config.Env),
    ...program(config, image),
    Volumes: { ...keys(image.volumes), ...config.Volumes },
    WorkingDir: config.WorkingDir || image.workingDir,
    Labels: Object.assign(Object.create(null), image.labels, config.Labels),
    ...(stopSignal === '' ? {} : { StopSignal: stopSignal }),
    ...(stopTimeout === undefined ? {} : { StopTimeout: stopTimeout }),
    ...(healthcheck === undefined ? {} : { Healthcheck: healthcheck }),
  };
}

/** The image's command belongs to the image's entrypoint: with another entrypoint it falls away. */
function program(
  config: ContainerConfig,
  image: ImageDefaults,
): Pick<ContainerConfig, 'Cmd' | 'Entrypoint'> {
  const ownEntrypoint = config.Entrypoint !== null && config.Entrypoint.length > 0;
  const cleared = config.Entrypoint?.length === 1 && config.Entrypoint[0] === '';
  if (ownEntrypoint) {
    return { Entrypoint: cleared ? null : config.Entrypoint, Cmd: config.Cmd };
  }
  const ownCommand = config.Cmd !== null && config.Cmd.length > 0;
  return {
    Entrypoint: config.Entrypoint ?? image.entrypoint ?? null,
    Cmd: ownCommand ? config.Cmd : (image.cmd ?? null),
  };
}

function mergeHealthcheck(
  own: HealthConfig | undefined,
  image: Healthcheck | undefined,
): HealthConfig | undefined {
  if (image === undefined) return own;
  const fromImage: HealthConfig = {
    Test: image.test,
    Interval: image.intervalNs,
    Timeout: image.timeoutNs,
    Retries: image.retries,
    StartPeriod: image.startPeriodNs,
    StartInterval: image.startIntervalNs,
  };
  if (own === undefined) return fromImage;
  return {
    Test: own.Test.length > 0 ? own.Test : fromImage.Test,
    Interval: own.Interval || fromImage.Interval,
    Timeout: own.Timeout || fromImage.Timeout,
    Retries: own.Retries || fromImage.Retries,
    StartPeriod: own.StartPeriod || fromImage.StartPeriod,
    StartInterval: own.StartInterval || fromImage.StartInterval,
  };
}

function keys(names: readonly string[]): Record<string, Record<string, never>> {
  const map: Record<string, Record<string, never>> = Object.create(null);
  for (const name of names) map[name] = {};
  return map;
}
