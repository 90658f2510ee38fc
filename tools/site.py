"""What MkDocs cannot do by itself: pages and files of the project outside `docs/`.

README, CHANGELOG and CONTRIBUTING are pages of the site without a second copy of them. Links are
written as they work in the repository; those that leave `docs/` lead to a copy of the file in the
site. A page that would load anything from the network fails the build.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
}
"""Pages of the site that lie elsewhere in the project."""

_LINK = re.compile(r"(?<=\]\()([^)\s#]+)(?=[)#])")
_LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//"""
    r"""|<link\b[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon)[^>]*\bhref=["']?(?:https?:)?//"""
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of `PAGES`, and the files of the project that pages link to."""
    for page, source in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    linked: set[str] = set()
    for file in files.documentation_pages():
        for link in _LINK.findall(file.content_string):
            if outside := _outside(file.src_uri, link):
                linked.add(outside)
    for path in sorted(linked):
        files.append(File.generated(config, f"files/{path}", abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files of the project into links between pages of the site."""
    here = page.file.src_uri
    return _LINK.sub(lambda match: _in_site(here, match[0]), markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page that loads something from the network."""
    if found := _LOADED.search(output):
        raise PluginError(f"{page.file.src_uri} loads from the network: {found[0]}")
    return output


def _in_site(page: str, link: str) -> str:
    if ":" in link:
        return link
    path = _in_project(page, link)
    pages = {source: name for name, source in PAGES.items()}
    if path in pages:
        target = pages[path]
    elif path.startswith("docs/"):
        target = path.removeprefix("docs/")
    else:
        target = f"files/{path}"
    return posixpath.relpath(target, posixpath.dirname(page) or ".")


def _outside(page: str, link: str) -> str | None:
    """The file that `link` leads to, if it lies outside the site; the path is the project's."""
    path = _in_project(page, link)
    if ":" in link or path.startswith("docs/") or path in PAGES.values():
        return None
    return path if (ROOT / path).is_file() else None


def _in_project(page: str, link: str) -> str:
    source = PAGES.get(page, f"docs/{page}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
