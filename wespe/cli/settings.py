"""Settings: check them, and describe them."""

import argparse
import json

from wespe.cli.parser import Commands, load_settings

LISTED = ("ratings", "studies")
"""The tables of the settings that may be empty and that a stage depends on all of."""


def add(commands: Commands) -> None:
    """The commands about settings."""
    commands.add("check", check)
    commands.add("list", list_table, out="the JSON file to write").add_argument(
        "table", metavar="TABLE", choices=LISTED, help=" or ".join(LISTED)
    )
    described = commands.add("schema", schema, params=False).add_mutually_exclusive_group()
    for option, page in (("--markdown", "settings.md"), ("--records", "records.md")):
        described.add_argument(
            option, action="store_true", help=f"print the reference, docs/{page}"
        )


def check(arguments: argparse.Namespace) -> None:
    """Check a settings file and print it with all defaults."""
    print(load_settings(arguments).model_dump_json(indent=1))


def list_table(arguments: argparse.Namespace) -> None:
    """List the entries of a table of the settings, for the stages that depend on all of them."""
    from wespe.core.files import write_json

    table = getattr(load_settings(arguments), arguments.table)
    write_json(arguments.out, {name: item.model_dump(mode="json") for name, item in table.items()})
    print(f"{arguments.table}: {', '.join(table) or 'there are none'}")


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
