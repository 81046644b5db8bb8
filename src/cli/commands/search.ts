/** `tiffin search`. */

import { readText, withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { asFilter, filterFlag, filtersParameter } from '../filters.ts';
import type { OldSpelling } from '../flags/old-spelling.ts';
import { registryAuthHeader } from '../image/registry-auth.ts';
import { type ListFormat, printList } from '../render/list.ts';

interface Result {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
}

const SHORT = 45;

const searchList: ListFormat = {
  type: 'search',
  id: 'Name',
  columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
  headers: {
    Name: 'NAME',
    Description: 'DESCRIPTION',
    StarCount: 'STARS',
    IsOfficial: 'OFFICIAL',
    IsAutomated: 'AUTOMATED',
  },
};

const oldFilters: readonly OldSpelling[] = [
  ...['-s', '-stars', '--stars'].map((word) => asFilter(word, 'stars')),
  ...['-t', '-trusted', '--trusted', '--automated'].map((word) => ({
    ...asFilter(word, 'is-automated'),
    kind: 'bool' as const,
  })),
];

export const search: Command = {
  usage: '[OPTIONS] TERM',
  summary: 'Search a registry for images',
  flags: [
    { ...filterFlag, deprecated: oldFilters },
    { name: 'format', kind: 'string', help: 'Pretty-print search using a Go template' },
    { name: 'limit', kind: 'int', help: 'Max number of search results' },
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate output", deprecated: ['-notrunc'] },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const [term = ''] = args;
    const host = term.split('/', 1)[0] ?? '';
    const auth = await registryAuthHeader(/[.:]/.test(host) ? host : 'docker.io');
    const headers: Record<string, string> = auth === undefined ? {} : { 'X-Registry-Auth': auth };
    const target = withQuery('/images/search', {
      term,
      limit: flags.has('limit') ? flags.number('limit') : undefined,
      filters: filtersParameter(flags),
    });
    const response = await client.stream('GET', target, { headers });
    const results = JSON.parse(await readText(response.body)) as Result[];
    const whole = flags.bool('no-trunc');
    const rows = results.map(({ name, description, star_count, is_official }) => {
      const line = description.replaceAll('\n', ' ');
      return {
        Name: name,
        Description: whole || line.length <= SHORT ? line : `${line.slice(0, SHORT - 1)}…`,
        StarCount: String(star_count),
        IsOfficial: is_official ? '[OK]' : '',
        IsAutomated: '',
      };
    });
    printList(searchList, rows, { format: flags.text('format'), out });
    return 0;
  },
};
