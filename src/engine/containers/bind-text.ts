/** The text of `-v`: `source:target[:options]`, where a source without a leading slash names a volume. */

import { normalize } from 'node:path/posix';
import { TiffinError } from '../../base/errors.ts';

export interface BindText {
  /** Host path, volume name, or empty for an anonymous volume. */
  source: string;
  target: string;
  readOnly: boolean;
  noCopy: boolean;
  /** Empty: not said. */
  propagation: string;
  /** The value of `idmap`, empty for the word alone. */
  idmap: string | undefined;
  /** As written, for inspection. */
  mode: string;
}

const PROPAGATIONS: ReadonlySet<string> = new Set([
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
]);

/** Accepted and without effect here: labels of SELinux, hints for other systems' shared folders. */
const IGNORED: ReadonlySet<string> = new Set(['rw', 'z', 'Z', 'consistent', 'cached', 'delegated']);

/** Throws `invalid` in Docker's words. */
export function parseBindText(text: string): BindText {
  const parts = text.split(':');
  if (text.length > 8192 || parts.length > 3 || parts.some((part) => part === '')) {
    throw invalid(text);
  }
  const [first = '', second, mode = ''] = parts;
  const bind: BindText = {
    source: second === undefined ? '' : first,
    target: checkTarget(second ?? first, text),
    readOnly: false,
    noCopy: false,
    propagation: '',
    idmap: undefined,
    mode,
  };
  for (const option of mode === '' ? [] : mode.split(',')) applyOption(bind, option, text);
  if (bind.source.startsWith('/')) bind.source = cleanPath(bind.source);
  return bind;
}

/** A path without `.`, `..`, doubled or trailing slashes. */
export function cleanPath(path: string): string {
  const clean = normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** A mount target: absolute, not the root itself. */
export function checkTarget(target: string, text: string): string {
  if (!target.startsWith('/')) {
    throw invalid(
      text,
      `invalid mount path: '${target.slice(0, 200)}' mount path must be absolute`,
    );
  }
  const clean = cleanPath(target);
  if (clean === '/') throw invalid(text, "destination can't be '/'");
  return clean;
}

function applyOption(bind: BindText, option: string, text: string): void {
  if (option === 'ro') bind.readOnly = true;
  else if (option === 'nocopy') bind.noCopy = true;
  else if (PROPAGATIONS.has(option) && bind.propagation === '') bind.propagation = option;
  else if (option === 'idmap') bind.idmap = '';
  else if (option.startsWith('idmap=')) bind.idmap = option.slice('idmap='.length);
  else if (!IGNORED.has(option)) throw invalid(text, `invalid mode: ${bind.mode}`);
}

function invalid(text: string, why?: string): TiffinError {
  const shown = text.slice(0, 200);
  const reason = why === undefined ? '' : `: ${why}`;
  return new TiffinError(
    'invalid',
    'bad-volume-text',
    `invalid volume specification: '${shown}'${reason}`,
    { hint: 'write it as source:target or source:target:ro' },
  );
}
