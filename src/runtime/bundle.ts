/** A bundle: a directory with config.json and usually the root file system (runtime-spec bundle.md). */

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoName, errorMessage, TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { parseExactJson, parseRuntimeSpec, type RuntimeSpec } from '../spec/runtime/index.ts';

export interface Bundle {
  path: string;
  spec: RuntimeSpec;
  /** config.json as it was read. */
  text: string;
  /** Absolute, links followed. */
  rootfs: string;
}

/** @throws TiffinError `invalid`, naming the file and, for a wrong field, its path. */
export function loadBundle(
  directory: string,
  workingDirectory: string,
  config = 'config.json',
): Bundle {
  const path = resolve(workingDirectory, directory);
  const file = resolve(path, config);
  const text = readText(file);
  const spec = parseRuntimeSpec(parseJson(text, file));
  if (spec.root === undefined) {
    throw new TiffinError('invalid', 'no-root', `${file}: root: expected a value, got nothing`);
  }
  return { path, spec, text, rootfs: resolveRoot(resolve(path, spec.root.path)) };
}

/** `process` is required only of what is to be started (config.md «Process»). */
export function noProcess(): TiffinError {
  return new TiffinError('invalid', 'no-process', 'process: expected a value, got nothing', {
    hint: 'config.json must say which program to run',
  });
}

function resolveRoot(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error;
    throw new TiffinError(
      'invalid',
      'no-root',
      `invalid rootfs: ${path}: no such file or directory`,
    );
  }
}

/** Reads a bounded text file: a configuration, or another one that an option names. */
export function readText(file: string, kind: 'config' | 'input' = 'config'): string {
  try {
    if (statSync(file).size > limits.bundleConfigBytes) {
      throw new TiffinError(
        'invalid',
        'too-large',
        `${file}: larger than ${limits.bundleConfigBytes} bytes`,
      );
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoName(error) === 'ENOENT') {
      if (kind === 'input') {
        throw new TiffinError('not-found', 'no-file', `open ${file}: no such file or directory`);
      }
      throw new TiffinError('not-found', 'no-config', `JSON specification file ${file} not found`, {
        hint: 'make one: tiffin oci spec',
      });
    }
    throw error;
  }
}

export function parseJson(text: string, file: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    throw new TiffinError('invalid', 'invalid-json', `${file}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}
