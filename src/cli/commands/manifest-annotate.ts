/** `tiffin manifest annotate`. */

import type { Platform } from '../../spec/content.ts';
import { CliError, type Command } from '../command.ts';
import { listName, requireList, writeList } from '../image/manifest-list.ts';

export const manifestAnnotate: Command = {
  usage: '[OPTIONS] MANIFEST_LIST MANIFEST',
  summary: 'Add platform information to an image of a local manifest list',
  flags: [
    { name: 'arch', kind: 'string', help: 'Set architecture' },
    { name: 'os', kind: 'string', help: 'Set operating system' },
    { name: 'os-features', kind: 'list', help: 'Set operating system feature' },
    { name: 'os-version', kind: 'string', help: 'Set operating system version' },
    { name: 'variant', kind: 'string', help: 'Set architecture variant' },
  ],
  args: { min: 2, max: 2 },
  run: async ({ args: [list = '', image = ''], flags }) => {
    const name = listName(list);
    const entries = requireList(name);
    const entry = entries.find(({ from }) => from === listName(image));
    if (entry === undefined)
      throw new CliError(`manifest for image ${image} does not exist in ${list}`);
    const before = entry.descriptor.platform;
    const features = flags.list('os-features').flatMap((text) => text.split(','));
    const platform: Platform = {
      ...before,
      architecture: flags.text('arch') || (before?.architecture ?? ''),
      os: flags.text('os') || (before?.os ?? ''),
      ...given('variant', flags.text('variant')),
      ...given('os.version', flags.text('os-version')),
      ...(features.length === 0 ? {} : { 'os.features': features }),
    };
    if (platform.architecture === '' || platform.os === '') {
      throw new CliError('an image of a manifest list needs both --os and --arch');
    }
    entry.descriptor = { ...entry.descriptor, platform };
    writeList(name, entries);
    return 0;
  },
};

function given(key: 'variant' | 'os.version', value: string): Partial<Platform> {
  return value === '' ? {} : { [key]: value };
}
