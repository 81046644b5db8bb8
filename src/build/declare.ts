/** ARG inside of a stage: a value from the client, from before the first FROM, from the platforms, or its own. */

import type { InstructionOf } from './instruction.ts';
import type { StageWork } from './stage.ts';

/** What the history says. */
export function expandArgs(work: StageWork, instruction: InstructionOf<'arg'>): string {
  const { state, scope } = work;
  const shown = instruction.pairs.map(({ key, value }) => {
    const name = state.expand(key);
    const own = value === undefined ? undefined : state.expand(value);
    const outer = scope.globals.get(name) ?? scope.args.automatic(name);
    const found = scope.args.given(name) ?? own ?? outer;
    state.args.set(name, found);
    return found === undefined ? name : `${name}=${found}`;
  });
  return `ARG ${shown.join(' ')}`;
}
