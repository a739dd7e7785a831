"""Every way in which the package says no, and which name was meant. Knows nothing of tables.

An error carries an exit code for the shell, a short id for programs and a message for people.
A fault is one wrong cell (or file) of a data pack; a `DataError` carries all of them at once.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import ClassVar

SHOWN_PER_FILE = 50
LONGEST_SHOWN = 60
LONGEST_COMPARED = 80
WORD = r"[^\W_]+"
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
NO_NUMBER = {
    "w": ("means 'withheld' in its source", "Give an estimate graded D, or leave the row out."),
    "na": ("means 'not available'", "Give an estimate graded D, or leave the cell or row out."),
    "dash": ("is a dash, which may mean zero or unknown", "Write 0, or leave the row out."),
    "nan": ("is not a number", "Give a finite number."),
    "inf": ("is not finite", "Give a finite number."),
    "sheet": ("is a spreadsheet error or formula", "Paste the value itself."),
}
NO_NUMBER_WORDS = {
    **dict.fromkeys(("w", "(w)"), "w"),
    **dict.fromkeys(("na", "n/a", "n.a.", "null", "none", "xx", "..", "...", "?"), "na"),
    **dict.fromkeys(("-", "--", "\u2010", "\u2012", "\u2013", "\u2014", "\u2212"), "dash"),
    **dict.fromkeys(("nan", "+nan", "-nan"), "nan"),
    **dict.fromkeys(("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "\u221e"), "inf"),
}
FIRST_LOOK = 64
MARKS = (
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
ENCODINGS = (
    ("cp949", "CP949 (Korean)", "[\uac00-\ud7a3]+"),
    ("cp932", "Shift-JIS (Japanese)", "[\u3040-\u30ff\u4e00-\u9fff]+"),
    ("gb18030", "GB 18030 (Chinese)", "[\u4e00-\u9fff]+"),
    ("cp1252", "Windows-1252 (Latin)", "[\u00a0-\u00ff\u2013-\u2026\u20ac]{1,3}"),
)
LOOK_ALIKE = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "MATHEMATICAL")
AGGREGATE = re.compile(
    r"(?:the |grand |sub)?(?:total|world|global|sum|all countries|world ?wide)\b.*|.* total\b.*"
    r"|(?:all )?other(?:s| countr.*|.*\((?:rounded|total)\))?|rest|rounded.*|unspecified"
    r"|areas,? n.*"
    r"|(?:eu|e\.u\.)[ -]?(?:[0-9]{2})?|european union.*|europe|asia|africa|oceania|oecd|asean|opec"
    r"|g7|g20|(?:north|south|latin|central) america|various|undisclosed"
)


def quoted(value: str) -> str:
    r"""A value as it may be shown on a terminal: quoted, escaped and not too long.

    >>> quoted("dys\x1bprosium")
    "'dys\\x1bprosium'"
    """
    return repr(value if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 3] + "...")


def folded(name: str) -> str:
    """The form in which names are compared: NFKC, no case; hyphen, underscore and space alike.

    >>> folded("NdFeB_Magnet") == folded(" ndfeb  magnet")
    True
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(re.sub(r"[\s_\-\u2010-\u2015]+", " ", plain.replace("\u2019", "'")).split())


def foreign_letter(text: str) -> str:
    """The first letter that only looks like a Latin one, or nothing.

    >>> foreign_letter("K\u041eR")[4:]
    '(U+041E, cyrillic capital letter o)'
    """
    for character in text:
        name = unicodedata.name(character, "")
        if name.startswith(LOOK_ALIKE):
            return f"{quoted(character)} (U+{ord(character):04X}, {name.lower()})"
    return ""


def is_aggregate(name: str) -> bool:
    """Whether a name is that of a total or a group, which no row may stand for.

    >>> is_aggregate("World total (rounded)"), is_aggregate("Other countries"), is_aggregate("Oman")
    (True, True, False)
    """
    return AGGREGATE.fullmatch(folded(name)) is not None


def containing(word: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names of which a word (or several) is a strict part, in their own order.

    >>> containing("Korea", ["South Korea", "North Korea", "Japan"])
    ('South Korea', 'North Korea')
    """
    part = f" {' '.join(re.findall(WORD, folded(word)))} "
    spaced = {name: f" {' '.join(re.findall(WORD, folded(name)))} " for name in names}
    return tuple(name for name, text in spaced.items() if part.strip() and part in text != part)


def nearest(
    value: str, choices: Iterable[str], *, most: int = 3, alike: float = 0.6
) -> tuple[str, ...]:
    """The choices that look most like a value, best first; empty where none is `alike` enough.

    >>> nearest("dysprosum_oxide", ["dysprosium_oxide", "terbium_oxide", "zinc"], most=1)
    ('dysprosium_oxide',)
    """
    if len(value) > LONGEST_COMPARED:  # the comparison is quadratic, and no name is that long
        return ()
    return tuple(difflib.get_close_matches(value, list(choices), n=most, cutoff=alike))


def did_you_mean(suggestions: Iterable[str]) -> str:
    """A question that offers names, or nothing where there is nothing to offer.

    >>> did_you_mean(["Japan", "Jordan"])
    "Did you mean 'Japan' or 'Jordan'?"
    """
    names = " or ".join(quoted(name) for name in suggestions)
    return f"Did you mean {names}?" if names else ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a data pack: where, what, what is allowed, and the likely mend.

    `row` is the line number in the file (the header is row 1), `None` for the file as a whole.

    >>> print(Fault("recipes.csv", 17, "input", "dysprosum_oxide", "is not in products.csv",
    ...             mend="Did you mean 'dysprosium_oxide'?"))
    recipes.csv row 17, input: 'dysprosum_oxide' is not in products.csv. Did you mean \
'dysprosium_oxide'?
    """

    file: str
    row: int | None
    column: str
    value: str
    problem: str
    allowed: str = ""
    mend: str = ""

    def __str__(self) -> str:
        """The fault on one line, its file first."""
        joint = " " if self.row else ", " if self.column else ": "
        return f"{self.file}{joint}{self.place}"

    @property
    def place(self) -> str:
        """The fault on one line without its file (for a list that has the file as its title)."""
        row = f"row {self.row}" if self.row else ""
        where = ", ".join(part for part in (row, self.column) if part)
        what = f"{quoted(self.value)} {self.problem}" if self.value else self.problem
        sentences = [what.rstrip(".") + "."]
        if self.allowed:
            sentences.append(f"Allowed: {self.allowed.rstrip('.')}.")
        if self.mend:
            sentences.append(self.mend)
        return f"{where}: {' '.join(sentences)}" if where else " ".join(sentences)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a cell is refused: the problem, what is allowed, and the likely mend."""

    problem: str
    allowed: str = ""
    mend: str = ""

    def at(self, file: str, row: int | None, column: str, value: str) -> Fault:
        """The refusal as a fault of a place."""
        return Fault(file, row, column, value, self.problem, self.allowed, self.mend)


def misread_encoding(data: bytes) -> Refusal | None:
    """Why bytes are not UTF-8, and in which encodings they would make words; `None` where they are.

    >>> misread_encoding("자동차".encode("cp949")).problem
    "is not UTF-8 (byte 0xC0); it reads '자동차' in CP949 (Korean), '磊悼瞒' in GB 18030 (Chinese)"
    """
    mend = "Save the file anew as 'CSV UTF-8'."
    for mark, name in MARKS:
        if data.startswith(mark):
            return Refusal(f"is {name}, not UTF-8", "UTF-8", mend)
    start = data[:FIRST_LOOK]
    if start.count(b"\0") > len(start) // 4:
        return Refusal("is UTF-16 or UTF-32 without a mark, not UTF-8", "UTF-8", mend)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        readings = ", ".join(_readings(data, error.start))
        reason = f"is not UTF-8 (byte 0x{data[error.start]:02X})"
        return Refusal(f"{reason}; it reads {readings}" if readings else reason, "UTF-8", mend)
    return None


def _readings(data: bytes, at: int) -> list[str]:
    """The encodings in which the first bytes outside ASCII would be words of one script."""
    run = re.match(rb"[^,\"\r\n]{1,24}", data[at:])
    found = []
    for encoding, name, script in ENCODINGS:
        text = (run.group() if run else b"").decode(encoding, "ignore").strip()
        letters = "".join(c for c in text if not c.isascii())
        if letters and re.fullmatch(script, letters):
            found.append(f"{quoted(text)} in {name}")
    return found


def misread_number(cell: str, *, share: bool) -> Refusal:
    """Name the likely reading of a cell that is no number, one message for each habit."""
    kind = "sheet" if cell[0] in "#=" else NO_NUMBER_WORDS.get(cell.casefold(), "")
    if kind:
        problem, mend = NO_NUMBER[kind]
        return Refusal(f"{problem}; a number is needed", mend=mend)
    plain = unicodedata.normalize("NFKC", cell).replace("\u2212", "-")
    if plain != cell and NUMBER.fullmatch(plain):
        return Refusal("is written with characters outside ASCII", mend=f"Write {plain}.")
    if plain[-1] == "%":
        return _per_cent(plain[:-1].strip(), share=share)
    if (refusal := _separated(plain)) is not None:
        return refusal
    if match := re.match(r"(?:[<>~]=?|ca\.?|about)\s*", plain):
        return Refusal(
            "is a bound or an approximation",
            mend=f"Write {plain[match.end() :]} "
            "and say how sure it is with low, high and evidence.",
        )
    if (match := NUMBER.match(plain)) and plain[match.end() :].strip().isalpha():
        return Refusal(
            "has letters after the number",
            mend=f"Write {match.group()}; a unit or a mark for an estimate has its own column.",
        )
    return Refusal("is not a number", "digits with sign, decimal point and exponent")


def _per_cent(cell: str, *, share: bool) -> Refusal:
    mend = "Write the number without it, in the unit of the column."
    if share and NUMBER.fullmatch(cell):
        mend = f"Shares are 0-1: write {float(cell) / 100:.12g}."
    return Refusal("has a per cent sign", mend=mend)


def _separated(cell: str) -> Refusal | None:
    """Commas, dots, spaces, quotes and underscores between digits: thousands or decimals."""
    sign, body = (cell[0], cell[1:]) if cell[0] in "+-" else ("", cell)
    if re.fullmatch(r"[1-9][0-9]{0,2},[0-9]{3}", body):
        whole, point = sign + body.replace(",", ""), sign + body.replace(",", ".")
        return Refusal(
            "has a comma that separates thousands or decimals",
            mend=f"Write {whole} for thousands, {point} for decimals.",
        )
    if re.fullmatch(r"[0-9]+,[0-9]+", body):
        return Refusal("has a decimal comma", mend=f"Write {sign}{body.replace(',', '.')}.")
    if re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+", body):
        plain = body.replace(".", "").replace(",", ".")
        return Refusal("has a decimal comma and thousands separators", mend=f"Write {sign}{plain}.")
    grouped = re.fullmatch(
        r"[0-9]{1,3}(?:([,.\s'\u2019_])[0-9]{3})(?:\1[0-9]{3})*(\.[0-9]+)?", body
    )
    if grouped:
        mark, decimals = grouped.group(1), grouped.group(2) or ""
        digits = body[: len(body) - len(decimals)].replace(mark, "")
        return Refusal("has thousands separators", mend=f"Write {sign}{digits}{decimals}.")
    return None


class SupplychainError(Exception):
    """The root of all errors of this package; on its own it means a fault of the package itself."""

    code: ClassVar[int] = 1
    id: ClassVar[str] = "internal_error"
    value: str = ""
    suggestions: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def as_dict(self) -> dict[str, dict[str, object]]:
        """The error as one JSON object, the form in which `--json` prints it.

        >>> UsageError("--months wants a number").as_dict()["error"]["code"]
        2
        """
        return {
            "error": {
                "code": self.code,
                "id": self.id,
                "message": str(self),
                "value": self.value,
                "did_you_mean": list(self.suggestions),
                "faults": [asdict(fault) for fault in self.faults],
            }
        }


class UsageError(SupplychainError):
    """The command line, or a call, cannot be understood."""

    code = 2
    id = "usage"


class DataError(SupplychainError):
    """A data pack is refused; `faults` names every reason, not only the first.

    >>> print(DataError([Fault("trade.csv", None, "", "", "is missing")]))
    1 problem in trade.csv
      is missing.
    """

    code = 3
    id = "data_refused"

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Keep the faults, and list them by file."""
        self.faults = tuple(faults)
        super().__init__(listing(self.faults))

    def __reduce__(self) -> tuple[type[DataError], tuple[tuple[Fault, ...]]]:
        """Rebuild from the faults, so that the error survives the way back from a worker."""
        return type(self), (self.faults,)


def listing(faults: Iterable[Fault], *, most: int = SHOWN_PER_FILE) -> str:
    """Faults grouped by file, each group under a line that counts them."""
    groups: dict[str, list[Fault]] = {}
    for fault in faults:
        groups.setdefault(fault.file, []).append(fault)
    lines: list[str] = []
    for file, group in groups.items():
        lines.append(f"{len(group)} problem{'s' if len(group) > 1 else ''} in {file}")
        lines.extend(f"  {fault.place}" for fault in group[:most])
        if len(group) > most:
            lines.append(f"  ... and {len(group) - most} more")
    return "\n".join(lines)


class ScenarioError(SupplychainError):
    """A scenario is refused."""

    code = 4
    id = "scenario_refused"


class UnknownNameError(ScenarioError):
    """A name that no table knows; never guessed, always with the nearest names.

    >>> print(UnknownNameError("Chna", "country", ("China",)))
    unknown country 'Chna'. Did you mean 'China'?
    """

    id = "unknown_name"

    def __init__(self, value: str, kind: str, suggestions: Iterable[str] = ()) -> None:
        """Keep what was asked for, what kind of thing it should be, and the nearest names."""
        self.value, self.kind, self.suggestions = value, kind, tuple(suggestions)
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        offer = did_you_mean(self.suggestions)
        return f"unknown {self.kind} {quoted(self.value)}. {offer}".rstrip()

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, tuple[str, ...]]]:
        """Rebuild from the parts, so that the error survives the way back from a worker."""
        return type(self), (self.value, self.kind, self.suggestions)


class AmbiguousNameError(UnknownNameError):
    """A name that fits several entries; `suggestions` holds the candidates.

    >>> print(AmbiguousNameError("Korea", "country", ("North Korea", "South Korea")))
    ambiguous country 'Korea': it may be 'North Korea' or 'South Korea'. Write which one.
    """

    id = "ambiguous_name"

    def _sentence(self) -> str:
        names = " or ".join(quoted(name) for name in self.suggestions)
        return f"ambiguous {self.kind} {quoted(self.value)}: it may be {names}. Write which one."


class MissingExtraError(SupplychainError):
    """An optional part of the package is needed and not installed."""

    code = 6
    id = "missing_extra"


class SolverError(SupplychainError):
    """A solver found no answer, or an answer that fails its certificate."""

    code = 7
    id = "solver_failed"
