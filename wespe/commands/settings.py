"""Settings: check them, and describe them."""

import argparse
import json

from wespe.commands.parser import Commands, load_settings


def add(commands: Commands) -> None:
    """The commands about settings."""
    commands.add("check", check)
    commands.add("schema", schema, params=False).add_argument(
        "--markdown", action="store_true", help="the reference, docs/settings.md"
    )


def check(arguments: argparse.Namespace) -> None:
    """Check a settings file and print it with all defaults."""
    print(load_settings(arguments).model_dump_json(indent=1))


def schema(arguments: argparse.Namespace) -> None:
    """Print the JSON schema of settings files, for editors, or their reference, for people."""
    from wespe import config, reference

    schema = json.dumps(config.json_schema(), indent=1, ensure_ascii=False)
    print(reference.markdown() if arguments.markdown else schema)
