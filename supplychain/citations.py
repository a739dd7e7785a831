"""The sources of a pack as a bibliography that other tools read."""

from __future__ import annotations

from supplychain.schema import Row
from supplychain.tables import Tables

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)


def as_bibtex(tables: Tables) -> str:
    """All citable sources of a pack as BibTeX, sorted by id.

    A source is a `@misc` entry: title, publisher as author, year, address on the web, licence. The
    pack's own assumptions have no entry, because nobody published them.
    """
    rows = sorted(tables.rows("sources"), key=lambda row: str(row["source_id"]))
    return "\n".join(_entry(row) for row in rows if row["url"])


def _entry(row: Row) -> str:
    fields = {
        "title": f"{{{_escaped(row['title'])}}}",
        "author": f"{{{_escaped(row['publisher'])}}}",
        "year": str(row["year"]),
        "url": str(row["url"]).replace("{", "%7B").replace("}", "%7D"),
        "urldate": str(row["accessed"]),
        "note": f"Licence: {_escaped(row['licence'])}",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{row['source_id']},", *lines, "}"]) + "\n"


def _escaped(text: str) -> str:
    """Text without anything that BibTeX or LaTeX would read as a command."""
    return str(text).translate(_ESCAPES)
