/** COPY and ADD: files from the context, another stage, an image, an address, or the Dockerfile itself. */

import { layersKey, stepKey } from './cache-key.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { isHeredocWord } from './heredoc.ts';
import type { InstructionOf } from './instruction.ts';
import { namedSource, type StageWork, type StepOutcome, throughCache } from './stage.ts';
import { expandText } from './words.ts';
import type { CopyRequest, Source, StepReport } from './worker.ts';

type Copying = InstructionOf<'copy'> | InstructionOf<'add'>;

export async function copyStep(
  work: StageWork,
  instruction: Copying,
  { step, report }: { step: number; report: StepReport },
): Promise<StepOutcome> {
  const { state, scope } = work;
  const destination = state.absolute(required(state.expand(instruction.destination), instruction));
  const items = await itemsOf(work, instruction, step);
  if (items.length > 1 && !destination.endsWith('/')) {
    const name = instruction.kind.toUpperCase();
    const message = `When using ${name} with more than one source file, the destination must be a directory and end with a /`;
    throw new DockerfileError(message, instruction.range);
  }
  const flags = expandFlags(work, instruction);
  if (flags.keepGitDir) {
    const message = 'ADD --keep-git-dir is not supported by this engine';
    throw new DockerfileError(message, instruction.range);
  }
  const request: CopyRequest = {
    onto: flags.link ? [] : work.layers,
    items,
    destination,
    flags,
    extract: instruction.kind === 'add',
    platform: state.platform,
    epoch: scope.epoch,
    report,
  };
  const digests = await Promise.all(
    items.map(({ source, path }) =>
      scope.worker.digest(source, path, { exclude: flags.exclude, parents: flags.parents, report }),
    ),
  );
  const key = stepKey(
    instruction.kind,
    layersKey(request.onto),
    digests,
    destination,
    { ...flags, from: '' },
    scope.epoch,
  );
  const outcome = await throughCache(work, key, instruction.text, () => scope.worker.copy(request));
  return { ...outcome, createdBy: instruction.text };
}

async function itemsOf(
  work: StageWork,
  instruction: Copying,
  step: number,
): Promise<{ source: Source; path: string }[]> {
  const { from } = instruction.flags;
  const named = from === undefined ? undefined : await namedSource(work, from, step);
  let heredocs = 0;
  return instruction.sources.map((word) => {
    const body = isHeredocWord(word) ? instruction.heredocs[heredocs] : undefined;
    if (body !== undefined) {
      heredocs += 1;
      const content = body.expand ? expandText(body.content, work.state.expansion) : body.content;
      return { source: { kind: 'inline', name: body.name, content }, path: body.name } as const;
    }
    const path = required(work.state.expand(word), instruction);
    if (named !== undefined) return { source: named, path };
    return {
      source: instruction.kind === 'add' ? sourceOf(path) : ({ kind: 'context' } as const),
      path,
    };
  });
}

/** ADD takes addresses and repositories too. */
function sourceOf(path: string): Source {
  const [address = ''] = path.split('#', 1);
  const isWeb = path.startsWith('http://') || path.startsWith('https://');
  const isGit =
    path.startsWith('git://') ||
    path.startsWith('ssh://') ||
    path.startsWith('git@') ||
    (isWeb && address.endsWith('.git'));
  if (isGit) return { kind: 'git', url: path };
  return isWeb ? { kind: 'url', url: path } : { kind: 'context' };
}

function expandFlags(work: StageWork, { flags }: Copying): Copying['flags'] {
  const expand = (text: string | undefined) =>
    text === undefined ? undefined : work.state.expand(text);
  return {
    ...flags,
    chown: expand(flags.chown),
    chmod: expand(flags.chmod),
    checksum: expand(flags.checksum),
    exclude: flags.exclude.map((text) => work.state.expand(text)),
  };
}

function required(value: string, { range, kind }: Copying): string {
  if (value === '' || value.includes('\0')) {
    throw new DockerfileError(`${kind.toUpperCase()}: a path is empty`, range);
  }
  return value;
}
