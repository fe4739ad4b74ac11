/** Each asks `posthaste complete` for the candidates, so that a script stays true when commands change; where there are none the shell offers files. */
const bash = `# posthaste completion for bash: eval "$(posthaste completion bash)"
_posthaste() {
  local word says
  COMPREPLY=()
  while IFS=$'\\t' read -r word says; do
    COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _posthaste posthaste`;

const zsh = `#compdef posthaste
# posthaste completion for zsh: eval "$(posthaste completion zsh)" after compinit
_posthaste() {
  local -a found
  local word says
  while IFS=$'\\t' read -r word says; do
    found+=("\${word//:/\\\\:}:$says")
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe posthaste found; else _files; fi
}
compdef _posthaste posthaste`;

const fish = `# posthaste completion for fish: posthaste completion fish | source
function __posthaste_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] complete -- $words[2..-1] 2>/dev/null
end
complete -c posthaste -a '(__posthaste_complete)'`;

export const completionScripts: Readonly<Record<string, string>> = { bash, zsh, fish };
