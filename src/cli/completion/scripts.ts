/** The completion scripts. Names of objects come from the engine, but only when it runs: completing a word starts nothing. */

import { type CompletionEntry, completionTable, firstWords } from './table.ts';

/** Which command lists the names of a kind. */
const LISTS: Readonly<Record<string, string>> = {
  containers: "ps -a --format '{{.Names}}'",
  running: "ps --format '{{.Names}}'",
  images: "images --format '{{.Repository}}:{{.Tag}}'",
  networks: "network ls --format '{{.Name}}'",
  volumes: 'volume ls -q',
};

export async function completionScript(shell: string): Promise<string | undefined> {
  const make = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell];
  return make?.(await completionTable());
}

function bashScript(table: readonly CompletionEntry[]): string {
  const words = firstWords(table).map(({ word }) => word);
  const cases = table.map((entry) => {
    const flags = entry.flags.flatMap(({ long, short }) => [
      `--${long}`,
      ...(short === undefined ? [] : [`-${short}`]),
    ]);
    return `    '${entry.name}') flags='${[...flags, '--help'].join(' ')}'; kind='${entry.operands}' ;;`;
  });
  const lists = Object.entries(LISTS).map(
    ([kind, list]) => `    ${kind}) tiffin ${list} 2>/dev/null ;;`,
  );
  return `# bash completion for tiffin
_tiffin_names() {
  # Without a running engine there is nothing to ask, and completing must not start one.
  [ -S "\${TIFFIN_HOST:-/run/tiffin/tiffin.sock}" ] || [ -n "$TIFFIN_HOST" ] || return
  case "$1" in
${lists.join('\n')}
  esac
}

_tiffin() {
  local cur flags='' kind='' name='' word at
  cur="\${COMP_WORDS[COMP_CWORD]}"
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    [[ $word == -* ]] && continue
    if [ -z "$name" ]; then
      name="$word"
      case "$name" in container|image|network|system|volume) ;; *) break ;; esac
    else
      name="$name $word"
      break
    fi
  done
  if [ -z "$name" ]; then
    COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur"))
    return
  fi
  case "$name" in
${groupCases(table).join('\n')}
${cases.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [ "$kind" = words ]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [ "$kind" = files ] || [ "$kind" = none ]; then
    COMPREPLY=($(compgen -f -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$(_tiffin_names "$kind")" -- "$cur"))
    type __ltrim_colon_completions >/dev/null 2>&1 && __ltrim_colon_completions "$cur"
  fi
}

complete -F _tiffin tiffin
`;
}

function groupCases(table: readonly CompletionEntry[]): string[] {
  return ['container', 'image', 'network', 'system', 'volume'].map((group) => {
    const words = table
      .filter((entry) => entry.name.startsWith(`${group} `))
      .map((entry) => entry.name.slice(group.length + 1));
    return `    '${group}') flags='${words.join(' ')}'; kind=words ;;`;
  });
}

/** zsh reads bash completions through its own compatibility layer. */
function zshScript(table: readonly CompletionEntry[]): string {
  const first = firstWords(table).map(({ word, help }) => `    '${word}:${quoteZsh(help)}'`);
  const cases = table.map((entry) => {
    const flags = entry.flags.flatMap(({ long, short, help, takesValue }) => {
      const value = takesValue ? ':value:_files' : '';
      const text = `[${quoteZsh(help).replace(/[[\]]/g, '')}]${value}`;
      return [
        `'*--${long}${takesValue ? '=' : ''}${text}'`,
        ...(short === undefined ? [] : [`'*-${short}${text}'`]),
      ];
    });
    const list = LISTS[entry.operands];
    const operands =
      list === undefined ? "'*:file:_files'" : `'*:${entry.operands}:_tiffin_${entry.operands}'`;
    return `    '${entry.name}') _arguments -s ${[...flags, operands].join(' ')} ;;`;
  });
  const functions = Object.entries(LISTS).map(
    ([kind, list]) => `_tiffin_${kind}() {
  local socket="\${\${TIFFIN_HOST:-/run/tiffin/tiffin.sock}#unix://}"
  [[ -S $socket ]] && compadd -- \${(f)"$(_call_program ${kind} tiffin ${list.replaceAll("'", "\\'")} 2>/dev/null)"}
}`,
  );
  return `#compdef tiffin
${functions.join('\n')}

_tiffin() {
  local -a words_first
  words_first=(
${first.join('\n')}
  )
  local name="$words[2]"
  if (( CURRENT == 2 )); then
    _describe command words_first
    return
  fi
  local shift_by=1
  case "$name" in
    container|image|network|system|volume)
      if (( CURRENT == 3 )); then
        case "$name" in
${groupCases(table)
  .map((line) => line.replace(/flags='([^']*)'; kind=words/, 'compadd $1'))
  .map((line) => `      ${line.trimStart()}`)
  .join('\n')}
        esac
        return
      fi
      name="$name $words[3]"
      shift_by=2
      ;;
  esac
  shift $shift_by words
  (( CURRENT -= shift_by ))
  case "$name" in
${cases.join('\n')}
  esac
}

_tiffin "$@"
`;
}

function fishScript(table: readonly CompletionEntry[]): string {
  const lines = ['# fish completion for tiffin', 'complete -c tiffin -f'];
  for (const { word, help } of firstWords(table)) {
    lines.push(`complete -c tiffin -n __fish_use_subcommand -a ${word} -d '${quoteFish(help)}'`);
  }
  for (const entry of table) {
    const condition = entry.name
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ');
    for (const { long, short, help, takesValue } of entry.flags) {
      const names = `-l ${long}${short === undefined ? '' : ` -s ${short}`}${takesValue ? ' -r' : ''}`;
      lines.push(`complete -c tiffin -n '${condition}' ${names} -d '${quoteFish(help)}'`);
    }
    const list = LISTS[entry.operands];
    if (list !== undefined) {
      const call = `test -S /run/tiffin/tiffin.sock; and tiffin ${list.replaceAll("'", '"')} 2>/dev/null`;
      lines.push(`complete -c tiffin -n '${condition}' -a '(${call})'`);
    }
    const [group, word] = entry.name.split(' ');
    if (word !== undefined) {
      lines.push(
        `complete -c tiffin -n '__fish_seen_subcommand_from ${group}' -a ${word} -d '${quoteFish(entry.summary)}'`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function quoteZsh(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(':', '\\:');
}

function quoteFish(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
}
