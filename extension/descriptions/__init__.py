"""What events, checks and their parameters are about, in the language of who reads it.

English stands with the code, as docstrings, and Chinese in the tables beside this file. A check that somebody else
wrote is described in what they wrote.
"""

import inspect
from typing import Any

import msgspec

from extension import titles
from extension.catalogue import Entry, Module
from extension.checks import Check, built_in
from extension.descriptions.judged import JUDGED
from extension.descriptions.words import EXPLAINED, FORMS, PARAMETERS
from extension.schema import docs
from extension.verdict import Language


def check(described: Check, language: Language) -> str:
    """What a check judges, in a sentence or two."""
    return " ".join(prose(described, language).partition("\n\n")[0].split())


def prose(described: Check, language: Language) -> str:
    """What a check judges, and why, as paragraphs: all that its docstring says but for the examples."""
    if language is Language.ZH and built_in(described.id) is described:
        return JUDGED[described.id]
    return (inspect.getdoc(described.judge) or "").partition("\nPasses: ")[0].strip()


def parameter(described: Check, name: str, language: Language) -> str:
    """What a parameter of a check means; `name` is the one that a policy writes. Empty where nobody has said it."""
    about = docs(described.settings)
    english = next(
        (
            about.get(field.name, "")
            for field in msgspec.structs.fields(described.settings)
            if name == field.encode_name
        ),
        "",
    )
    return PARAMETERS.get(english, english) if language is Language.ZH else english


def form(kind: Any, language: Language) -> str:  # noqa: ANN401  a setting type, see `settings.kind_of`
    """What the form of a parameter is called: `whole number`. It takes what `settings.kind_of` gives for a field."""
    english: str = kind.FORM
    return FORMS.get(english, english) if language is Language.ZH else english


def explained(kind: Any, language: Language) -> str:  # noqa: ANN401  as `form`
    """What the form of a parameter means, as paragraphs."""
    english = inspect.getdoc(kind) or ""
    return EXPLAINED.get(kind.FORM, english) if language is Language.ZH else english


def event(entry: Entry, language: Language) -> str:
    """When DataWorks sends an event, in a sentence."""
    return titles.EVENTS[language][entry.code]


def module(entry: Module, language: Language) -> str:
    """What a module of DataWorks is called in its console."""
    return titles.MODULES[language][entry]
