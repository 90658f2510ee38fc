"""Settings: check them, and describe them."""

import argparse
import json

from wespe.cli.parser import Commands, load_settings


def add(commands: Commands) -> None:
    """The commands about settings."""
    commands.add("check", check)
    described = commands.add("schema", schema, params=False).add_mutually_exclusive_group()
    for option, page in (("--markdown", "settings.md"), ("--records", "records.md")):
        described.add_argument(
            option, action="store_true", help=f"print the reference, docs/{page}"
        )


def check(arguments: argparse.Namespace) -> None:
    """Check a settings file and print it with all defaults."""
    print(load_settings(arguments).model_dump_json(indent=1))


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
