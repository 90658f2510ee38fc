"""Settings: check them, and describe them."""

import argparse
import json

from wespe.cli.parser import Commands, load_settings
from wespe.cli.starting import no_measure
from wespe.core.words import number_of


def add(commands: Commands) -> None:
    """The commands about settings."""
    checked = commands.add("check", check)
    checked.add_argument(
        "--json", action="store_true", help="only print all settings with their defaults"
    )
    no_measure(checked)
    no_measure(commands.add("plan", plan))
    described = commands.add("schema", schema, params=False).add_mutually_exclusive_group()
    for option, page in (("--markdown", "settings.md"), ("--records", "records.md")):
        described.add_argument(
            option, action="store_true", help=f"print the reference, docs/{page}"
        )


def check(arguments: argparse.Namespace) -> None:
    """Check a settings file and its photos, and show what training needs; or print all defaults."""
    params = load_settings(arguments)
    if arguments.json:
        print(params.model_dump_json(indent=1))
        return
    from wespe.apps.starting.needs import needs

    print(f"{arguments.params}: {number_of(len(params.pairs), 'pair')}, no mistakes found")
    for line in needs(params, measure=not arguments.no_measure):
        print(line)


def plan(arguments: argparse.Namespace) -> None:
    """Say what a whole run needs, by stage: downloads, disk, hours, and keys that are missing."""
    from wespe.apps.starting.plan import plan

    params = load_settings(arguments)
    for line in plan(params, measure=not arguments.no_measure):
        print(line)


def schema(arguments: argparse.Namespace) -> None:
    """Print the JSON schema of the settings, for editors, or a reference."""
    from wespe.results import docs as records
    from wespe.settings import docs as reference
    from wespe.settings import params as config

    if arguments.records:
        print(records.markdown())
    elif arguments.markdown:
        print(reference.markdown())
    else:
        print(json.dumps(config.json_schema(), indent=1, ensure_ascii=False))
