/**
 * Writes docs/reference/cli.md from the command table and docs/reference/api-coverage.md from the route table.
 * Usage: bun tools/generate-docs.ts. `test/tidy/generated-docs.test.ts` tells when they are out of date.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Call, Handler } from '../src/api/call.ts';
import { errorStatus } from '../src/api/errors.ts';
import { routes } from '../src/api/route-table.ts';
import { PathParameters } from '../src/api/router.ts';
import * as absent from '../src/api/routes/absent.ts';
import { errorMessage } from '../src/base/errors.ts';
import { commands } from '../src/cli/commands.ts';
import { commandHelp, flagHelp } from '../src/cli/flags/help.ts';
import { globalFlags } from '../src/cli/global-flags.ts';
import { HELP as ociHelp } from '../src/cli/oci/help.ts';
import { API_VERSION, MIN_API_VERSION } from '../src/spec/api-version.ts';

import { createFields } from './create-fields.ts';
import { queryExceptions, queryParameters } from './query-parameters.ts';

const NOTE = '<!-- Written by tools/generate-docs.ts: change the source, then run it. -->';

/** Path below the root to content. */
export async function generatedDocs(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['docs/reference/cli.md', await cliPage()],
    ['docs/reference/api-coverage.md', apiPage()],
  ]);
}

async function cliPage(): Promise<string> {
  const parts = [
    '# Command line',
    NOTE,
    'Flags are written as docker writes them: `--name value`, `--name=value`, `-n value`; short switches may be joined. The engine is the\n' +
      'one of `-H`, `--context`, `TIFFIN_HOST`, `DOCKER_HOST`, `DOCKER_CONTEXT`, or `tiffin context use`, in this order; without any of them the one at\n' +
      '`/run/tiffin/tiffin.sock`, which is started when it does not answer.',
    code(`Global options:\n${flagHelp(globalFlags.filter((flag) => flag.hidden !== true))}\n`),
  ];
  const shown = commands.filter((entry) => entry.hidden !== true);
  const sorted = shown.sort((a, b) => (a.names[0] < b.names[0] ? -1 : 1));
  for (const { names, load } of sorted) {
    const called = names.map((name) => `tiffin ${name}`);
    parts.push(`## ${called[0]}`, code(commandHelp(await load(), called)));
  }
  parts.push('## tiffin oci', 'Also: the binary under the name `tiffin-oci`.', code(ociHelp));
  return page(parts);
}

function apiPage(): string {
  const rows = routes.map(
    ([method, pattern, handler]) => `| \`${method} ${pattern}\` | ${outcome(handler)} |`,
  );
  return page([
    '# Docker Engine API: what is there',
    NOTE,
    `Versions ${MIN_API_VERSION} to ${API_VERSION}, with or without the prefix \`/v${API_VERSION}\`. A path that is not listed is answered with 404, \`page not found\`.\n` +
      'What this engine does not have is refused with a status and a sentence, never silently ignored. `{name*}` may hold slashes.',
    ['| route | |', '|---|---|', ...rows].join('\n'),
    '## Parameters in the query',
    'Routes of swarm and plugins take none. Parameters that Docker does not have are not looked at, as in Docker.',
    ['| route | parameter | |', '|---|---|---|', ...queryParameters.flatMap(parameterRows)].join(
      '\n',
    ),
    '## Fields of `POST /containers/create`',
    "`[]` stands for each item of a list, `{}` for each value of a map. Values that are wrong are refused with Docker's status and text.",
    [
      '| field | |',
      '|---|---|',
      ...createFields.map(([name, verdict]) => `| \`${name}\` | ${verdict} |`),
    ].join('\n'),
  ]);
}

function parameterRows([route, names]: readonly [string, string]): string[] {
  return names.split(' ').map((name, at) => {
    const verdict = queryExceptions[route]?.[name] ?? 'yes';
    return `| ${at === 0 ? `\`${route}\`` : ''} | \`${name}\` | ${verdict} |`;
  });
}

const ABSENT: ReadonlySet<Handler> = new Set(
  Object.values(absent).filter(
    (value): value is Handler => value !== absent.unsupported && value !== absent.gone,
  ),
);
/** What those handlers look like that are made for one route. */
const MADE: ReadonlySet<string> = new Set(
  [absent.unsupported(''), absent.gone('')].map((handler) => handler.toString()),
);

/** A route of `absent.ts` is asked and answers at once; all others are there. */
function outcome(handler: Handler): string {
  if (!MADE.has(handler.toString()) && !ABSENT.has(handler)) return 'yes';
  try {
    handler(emptyCall());
    return 'yes, always empty';
  } catch (error) {
    return `${errorStatus(error)}: ${errorMessage(error).split('. ')[0]}`;
  }
}

/** Handlers of `absent.ts` look at the path only. */
function emptyCall(): Call {
  const path = new PathParameters();
  path.set('name', '{name}');
  return { path } as Call;
}

function code(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}

function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}

if (import.meta.main) {
  for (const [path, text] of await generatedDocs()) {
    writeFileSync(join(import.meta.dir, '..', path), text);
  }
}
