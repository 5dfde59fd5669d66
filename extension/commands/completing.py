"""`completion`: what makes a shell complete the command line."""

import click
from click.shell_completion import get_completion_class

from extension.verbs import COMPLETE, PROGRAM

_BASH = """
_python_m_extension() {
    if [[ "${COMP_WORDS[*]:1:2}" != "-m extension" || $COMP_CWORD -lt 3 ]]; then
        [[ -z ${_python_without_extension-} ]] || "$_python_without_extension" "$@"
        return
    fi
    local program=$1$'\\n-m\\nextension'
    local COMP_WORDS=(extension "${COMP_WORDS[@]:3}") COMP_CWORD=$((COMP_CWORD - 2))
    %(function)s "$program"
}

declare -F _completion_loader >/dev/null && _completion_loader python
if [[ $(complete -p python 2>/dev/null) =~ -F\\ ([^ ]+) && ${BASH_REMATCH[1]} != _python_m_extension ]]; then
    _python_without_extension=${BASH_REMATCH[1]}
fi
complete -o nosort -o bashdefault -o default -F _python_m_extension python python3
"""
"""The same for `python -m extension`, by click's function. What else stands behind `python` is completed as before."""

_ZSH = """
_python_m_extension() {
    if [[ "$words[2] $words[3]" != "-m extension" || $CURRENT -lt 4 ]]; then
        _python "$@"
        return
    fi
    local -a response described plain
    local type key descr
    response=("${(@f)$(env COMP_WORDS="extension ${words[4,-1]}" COMP_CWORD=$((CURRENT - 3)) \\
        %(variable)s=zsh_complete $words[1] -m extension)}")
    for type key descr in $response; do
        case $type in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            *) [[ $descr == _ ]] && plain+=("$key") || described+=("$key:$descr") ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#plain )) && compadd -U -V unsorted -a plain
}

compdef _python_m_extension python python3
"""
"""The same in the terms of zsh."""

_SHELLS = {"bash": _BASH, "zsh": _ZSH}


@click.command()
@click.argument("shell", type=click.Choice([*_SHELLS]), metavar="SHELL")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    r"""Print what makes bash or zsh complete the command line.

    SHELL is bash or zsh. Put this into ~/.bashrc, or the same with zsh into ~/.zshrc, behind compinit:

    \b
      eval "$(dataworks-extension completion bash)"

    Completed are dataworks-extension and python -m extension: verbs, options, their values, event codes and paths.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  click has both
    script = kind(ctx.find_root().command, {}, PROGRAM, COMPLETE)
    more = _SHELLS[shell] % {"function": script.func_name, "variable": COMPLETE}
    click.echo(f"{script.source()}{more}", nl=False)
