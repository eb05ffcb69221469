"""The catalogues' gate, and the way for translators.

`python -m bot.i18n.check` fails when the template is not up to date, when a translation is wrong,
or when a language lacks too many. It says how much of each language is there.

`--update` writes the template and `docs/texts.md`, `--update all` (or a language) the catalogues;
`--missing LANGUAGE` and `--all LANGUAGE` print texts as lines of JSON, and `--fill LANGUAGE FILE`
takes such lines back.
"""

import sys
from pathlib import Path

from bot.i18n.catalogues import (
    TEMPLATE,
    extracted,
    ids_of,
    is_translated,
    key_of,
    read,
    template,
    translated,
    write,
    write_template,
)
from bot.i18n.page import PAGE, out_of_date, page
from bot.i18n.translating import fill, missing
from bot.i18n.wording import faults, limit_of

# Percent of the texts that every catalogue has to have; what is missing is shown in English.
NEEDED = 98


def problems() -> list[str]:
    """A line for everything that is wrong with template and catalogues."""
    wanted = extracted()
    ids = {(ids_of(message), message.context) for message in wanted if message.id}
    present = {(ids_of(message), message.context) for message in template() if message.id}
    found = [f"{TEMPLATE.name}: {text} is missing" for text, _ in sorted(ids - present, key=str)]
    found += [f"{TEMPLATE.name}: {text} is unused" for text, _ in sorted(present - ids, key=str)]
    found += out_of_date(wanted)
    for language in translated():
        catalog = read(language)
        for message in catalog:
            source = wanted.get(key_of(message), message.context) if message.id else None
            limit = limit_of(source) if source is not None else None
            if message.id:
                wrong = faults(message, catalog, limit)
                found += [f"{language}: {message.id!r} {what}" for what in wrong]
    found += [
        f"{language}: {share:.1%} is translated, {NEEDED} % is needed"
        for language, share in coverage().items()
        if share * 100 < NEEDED
    ]
    return found


def coverage() -> dict[str, float]:
    """How much of each language is there, from 0 to 1."""
    wanted = [message for message in extracted() if message.id]
    shares = {}
    for language in translated():
        catalog = read(language)
        done = (is_translated(catalog.get(key_of(m), m.context)) for m in wanted)
        shares[language] = sum(done) / len(wanted)
    return shares


def update(languages: list[str]) -> None:
    """Write the template anew, and these catalogues."""
    wanted = extracted()
    write_template(wanted)
    PAGE.write_text(page(wanted), "utf-8")
    for language in translated() if "all" in languages else languages:
        write(language, read(language), wanted)


def main(arguments: list[str]) -> int:
    """The exit code: 0 when nothing is wrong."""
    match arguments:
        case ["--missing" | "--all" as which, language]:
            everything = which == "--all"
            sys.stdout.writelines(f"{line}\n" for line in missing(language, everything=everything))
            return 0
        case ["--fill", language, file]:
            taken, refused = fill(language, Path(file).read_text("utf-8").splitlines())
            sys.stdout.writelines(f"{line}\n" for line in refused)
            left = len(list(missing(language)))
            sys.stdout.write(f"{taken} taken, {len(refused)} refused, {left} still missing\n")
            return 1 if refused else 0
        case ["--update", *languages]:
            update(languages)
    found = problems()
    sys.stdout.writelines(f"{line}\n" for line in found)
    shares = (f"{language} {share:.1%}" for language, share in coverage().items())
    sys.stdout.write(f"translated: {', '.join(shares)}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
