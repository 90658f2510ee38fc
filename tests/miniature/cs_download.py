"""Stands in for csDownload of the package cityscapesscripts: the same questions, another host."""

import getpass
import sys
from pathlib import Path

import requests


def main(host: str, options: list[str]) -> None:
    """Ask for name and password and download one package; only what WESPE calls is here."""
    resume, destination, folder, name = options
    assert (resume, destination) == ("--resume", "--destination_path")
    account = {"username": input("Cityscapes username or email address: ")}
    account["password"] = getpass.getpass("Cityscapes password: ")
    assert input("Store credentials unencrypted? [y/N]: ") != "y"
    with requests.Session() as session:
        session.trust_env = False
        form = session.post(f"{host}/login/", data=account, allow_redirects=False, timeout=60)
        if form.status_code != 302:
            sys.exit("Bad credentials.")
        listed = session.get(f"{host}/downloads/?list", timeout=60).json()
        number = next(package["packageID"] for package in listed if package["name"] == name)
        answer = session.get(f"{host}/file-handling/?packageID={number}", timeout=60)
        answer.raise_for_status()
    (Path(folder) / name).write_bytes(answer.content)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
