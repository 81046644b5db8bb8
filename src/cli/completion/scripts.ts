/** The completion scripts. All three ask `tiffin __complete WORD…`, the last word being the one at the cursor. */

/** Undefined: a shell that there is no script for. */
export function completionScript(shell: string): string | undefined {
  return new Map([
    ['bash', BASH],
    ['zsh', ZSH],
    ['fish', FISH],
  ]).get(shell);
}

/** bash cuts words at `:` and `=` and replaces only what follows the last of them. */
const BASH = `# bash completion for tiffin
_tiffin() {
  local typed="\${COMP_LINE:0:COMP_POINT}" cut=0 current before line word
  local -a words=()
  read -ra words <<< "$typed"
  [[ $typed == *[[:space:]] ]] && words+=('')
  current="\${words[-1]}"
  before="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "\${current##*[:=]}")
      continue
    fi
    word="\${line%%$'\\t'*}"
    [[ $word == "$current"* ]] && COMPREPLY+=("\${word#"$before"}")
  done < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
}

complete -F _tiffin tiffin
`;

const ZSH = `#compdef tiffin
_tiffin() {
  local -a names shown
  local line files=0
  for line in "\${(@f)$("$words[1]" __complete "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == :files ]]; then
      files=1
    else
      names+=("\${line%%$'\\t'*}")
      shown+=("\${line/$'\\t'/  -- }")
    fi
  done
  (( $#names )) && compadd -l -d shown -a names
  (( files )) && _files
}

if [[ $funcstack[1] == _tiffin ]]; then
  _tiffin "$@"
else
  compdef _tiffin tiffin
fi
`;

const FISH = `# fish completion for tiffin
function __tiffin_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    test (count $current) -eq 0; and set current ''
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = ':files'
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end

complete -c tiffin -f -a '(__tiffin_complete)'
`;
