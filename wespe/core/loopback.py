"""Addresses of this machine itself, which no proxy has to do with."""

import ipaddress
import os
from collections.abc import MutableMapping
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine: localhost, 127.0.0.0/8, ::1.

    False for what is no URL.
    """
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def past_proxies(url: str, environment: MutableMapping[str, str] = os.environ) -> None:
    """Let clients that read the environment reach `url` without a proxy, if it is loopback."""
    if not is_loopback(url):
        return
    host = urlsplit(url).hostname or ""
    # Of the two spellings the lower one wins.
    known = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    if host not in known.split(","):
        environment["no_proxy"] = ",".join(filter(None, [known, host]))
