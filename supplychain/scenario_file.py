"""Read scenario files (TOML): strict keys, every problem at once, every number a value or a range.

A misspelt key is refused with a suggestion; nothing is ignored and nothing is guessed.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from supplychain.errors import ScenarioError, UnknownNameError, did_you_mean, nearest
from supplychain.restriction import Range, Restriction
from supplychain.scenario import NewCapacity, Priority, Scenario, StockRelease, check, how
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR, Form, Kind, Sharing, Stage
from supplychain.world import shipped

_LARGEST_BYTES = 1 << 20
_A_RANGE = "a number, or a table {low, mode, high}"
_A_SHARE = "a number between 0 and 1, or a table {low, mode, high}"


class _Strict(BaseModel):
    """No unknown keys, no silent conversion of text to numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class _Spread(_Strict):
    """A range: most likely value with 10 and 90 % quantiles."""

    low: float
    mode: float
    high: float


_Pair = Annotated[list[str], Field(min_length=2, max_length=2)]
"""First and last month of a suspension."""


class _Horizon(_Strict):
    start: str = ""
    months: int = 0


class _Restriction(_Strict):
    actor: str
    products: list[str]
    kind: Kind | None = None
    severity: float | _Spread | None = None
    months: int | None = None
    start: str = ""
    to: list[str] = [EVERYONE]
    exclude: Annotated[list[str], Field(alias="except")] = []
    form: Form = "listed"
    stage: Stage | None = None
    path: list[float] = []
    path_level: float | _Spread | None = None
    dead_time_months: float | None = None
    ramp_months: float | None = None
    end: str = ""
    announced: str = ""
    delay_months: int = 0
    suspended: list[_Pair] = []
    uses: list[str] = []
    sharing: Sharing = "pro_rata"
    priority: list[str] = []
    approval_luck: float | _Spread | None = None
    rate: float | _Spread | None = None
    elasticity: float | _Spread | None = None
    pass_through: float | _Spread | None = None
    content_rule: float | None = None
    compliance: float | _Spread | None = None
    leakage: float | _Spread | None = None
    leakage_enforced: float | _Spread | None = None
    enforcement: str = ""


_RANGES = frozenset(
    name for name, field in _Restriction.model_fields.items() if "_Spread" in str(field.annotation)
)
"""Keys that take a number or a range."""
_ONLY_PER_RESTRICTION = frozenset({"actor", "products"})
_PER_RESTRICTION = (
    frozenset(field.alias or name for name, field in _Restriction.model_fields.items())
    - _ONLY_PER_RESTRICTION
)
"""Keys that an override may put into every restriction."""


class _Release(_Strict):
    kind: Literal["stock_release"]
    country: str
    product: str
    days: float
    release_days: float | None = None
    lag_months: int = 0
    to: list[str] = []
    share: float = 1.0


class _Plant(_Strict):
    kind: Literal["new_capacity"]
    country: str
    product: str
    capacity: float
    start: str
    ramp_months: float = 0.0


_MITIGATIONS: dict[str, type[_Strict]] = {"stock_release": _Release, "new_capacity": _Plant}
_Mitigation = Annotated[_Release | _Plant, Field(discriminator="kind")]


class _Priority(_Strict):
    country: str = EVERYONE
    order: list[str]


class _File(_Strict):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: str
    description: str = ""
    source: str = ""
    focus: list[str] = ["KOR"]
    horizon: _Horizon = _Horizon()
    restriction: Annotated[list[_Restriction], Field(min_length=1)]
    mitigation: list[_Mitigation] = []
    priority: list[_Priority] = []


def scenario_ids() -> tuple[str, ...]:
    """Ids of the shipped scenarios, sorted."""
    return tuple(sorted(path.stem for path in shipped("scenarios").glob("*.toml")))


def load_scenario(name: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """A scenario from a file, or a shipped one by its id.

    Args:
        name: path of a TOML file, or an id such as ``china-april-2025``.
        overrides: ``key=value`` texts; a bare key such as ``severity=0.5`` applies to every
            restriction, a dotted one such as ``horizon.months=18`` to the file.

    Raises:
        UnknownNameError: neither a file nor a shipped id; with suggestions.
        ScenarioError: every problem of the file, one line each.
    """
    path = Path(name)
    if path.suffix != ".toml" and not path.is_file():
        known = scenario_ids()
        if str(name) not in known:
            raise UnknownNameError(str(name), "scenario", nearest(str(name), known) or known)
        path = shipped("scenarios") / f"{name}.toml"
    if not path.is_file():
        raise ScenarioError(
            f"{path}: no such scenario file; shipped ones are {', '.join(scenario_ids())}"
        )
    return parse_scenario(_parsed(path), overrides, place=path.name)


def _parsed(path: Path) -> dict[str, Any]:
    """The file as TOML values."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
        if len(data) > _LARGEST_BYTES:
            raise ScenarioError(f"{path.name}: larger than {_LARGEST_BYTES >> 20} MiB")
        return tomllib.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise ScenarioError(f"{path.name}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # syntax, encoding, endless digits or brackets
        raise ScenarioError(f"{path.name}: not a TOML file in UTF-8: {error}") from error


def parse_scenario(
    data: Mapping[str, Any], overrides: Sequence[str] = (), *, place: str = "scenario"
) -> Scenario:
    """A scenario from TOML values (see `load_scenario`)."""
    values = _overridden(dict(data), overrides)
    try:
        file = _File.model_validate(values)
    except ValidationError as error:
        raise ScenarioError("\n".join(f"{place}: {line}" for line in _lines(error))) from error
    if twice := _twice_ended(file):
        raise ScenarioError("\n".join(f"{place}: {line}" for line in twice))
    horizon = file.horizon.months
    scenario = Scenario(
        file.id,
        file.title,
        tuple(_restriction(r, horizon) for r in file.restriction),
        tuple(
            StockRelease(
                m.country, m.product, m.days, m.release_days, m.lag_months, tuple(m.to), m.share
            )
            for m in file.mitigation
            if isinstance(m, _Release)
        ),
        tuple(file.focus),
        file.horizon.start,
        horizon,
        ladder=all(r.kind is None and r.severity is None and not r.path for r in file.restriction),
        priorities=tuple(Priority(tuple(p.order), p.country) for p in file.priority),
        capacities=tuple(
            NewCapacity(m.country, m.product, m.capacity, m.start, m.ramp_months)
            for m in file.mitigation
            if isinstance(m, _Plant)
        ),
    )
    check(scenario)
    return scenario


def _twice_ended(file: _File) -> list[str]:
    """Restrictions that say both how long they last and when they end."""
    return [
        f"restriction.{number}.end: months says it too; keep one of the two"
        for number, r in enumerate(file.restriction, 1)
        if r.end and r.months is not None
    ]


def _restriction(r: _Restriction, horizon: int) -> Restriction:
    """The frozen value of one restriction."""
    kind, severity = how(r.kind, _range(r.severity), r.path)
    return Restriction(
        r.actor,
        tuple(r.products),
        kind,
        severity,
        (horizon or MONTHS_PER_YEAR) if r.months is None else r.months,
        r.start,
        tuple(r.to),
        tuple(r.exclude),
        r.form,
        r.stage,
        tuple(r.path),
        r.dead_time_months,
        r.ramp_months,
        end=r.end,
        announced=r.announced,
        delay_months=r.delay_months,
        suspended=tuple((first, last) for first, last in r.suspended),
        uses=tuple(r.uses),
        sharing=r.sharing,
        priority=tuple(r.priority),
        approval_luck=_range(r.approval_luck),
        rate=_range(r.rate),
        elasticity=_range(r.elasticity),
        pass_through=_range(r.pass_through),
        content_rule=r.content_rule,
        compliance=_range(r.compliance),
        leakage=_range(r.leakage),
        leakage_enforced=_range(r.leakage_enforced),
        enforcement=r.enforcement,
        path_level=_range(r.path_level),
    )


def _range(number: float | _Spread | None) -> Range | None:
    """A number of a file as a range; None where nothing is said."""
    if isinstance(number, _Spread):
        return Range(number.mode, number.low, number.high)
    return None if number is None else Range.of(number)


def _overridden(data: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The file's values with ``key=value`` texts put in."""
    for text in overrides:
        key, equals, raw = text.partition("=")
        if not equals:
            raise ScenarioError(f"-S {text}: write key=value, such as severity=0.5")
        try:
            value = tomllib.loads(f"value = {raw}")["value"]
        except (ValueError, RecursionError):
            value = raw
        _put(data, key.strip(), value, text)
    return data


def _put(data: dict[str, Any], key: str, value: object, text: str) -> None:
    """Put one override into the file's values.

    Raises:
        ScenarioError: the key is none of a file or a restriction, or the file has no such part.
    """
    target, *rest = key.split(".")
    if key in _PER_RESTRICTION:
        restrictions = data.get("restriction", [])
        if not isinstance(restrictions, list):
            raise ScenarioError(f"-S {text}: restriction is not a list; write [[restriction]]")
        data["restriction"] = [dict(r) | {key: value} for r in restrictions]
    elif target not in _File.model_fields:
        allowed = sorted({*_PER_RESTRICTION, *_File.model_fields} - {"restriction", "mitigation"})
        near = did_you_mean(nearest(target, allowed))
        raise ScenarioError(f"-S {text}: unknown key. {near} Allowed: {', '.join(allowed)}.")
    elif rest:
        if not isinstance(data.get(target, {}), dict):
            raise ScenarioError(f"-S {text}: {target} has no parts of its own")
        data[target] = dict(data.get(target, {})) | {".".join(rest): value}
    else:
        data[target] = value


def _lines(error: ValidationError) -> list[str]:
    """One line per problem, with the place in the file and the nearest allowed key."""
    found = [_line(problem) for problem in error.errors()]
    return [line for line in dict.fromkeys(found) if line]


def _line(problem: ErrorDetails) -> str:
    """One problem as a line; empty where another line says the same better."""
    loc = problem["loc"]
    if loc[-2:-1] and loc[-2] in _RANGES:  # one form of it does not fit; a table is told by key
        is_table = isinstance(problem["input"], Mapping)
        meant = _A_RANGE if loc[-2] in {"rate", "elasticity", "path_level"} else _A_SHARE
        wanted = f"{meant} is wanted (found {_shown(problem['input'])})"
        return "" if is_table else f"{_where(loc)}: {wanted}"
    match problem["type"]:
        case "missing":
            return f"{_where(loc)}: is missing"
        case "extra_forbidden":
            allowed = _keys_at(loc[:-1])
            near = did_you_mean(nearest(str(loc[-1]), allowed))
            return f"{_where(loc)}: unknown key. {near} Allowed: {', '.join(allowed)}."
        case "union_tag_not_found":
            return f"{_where(loc)}.kind: is missing"
        case "union_tag_invalid":
            kinds = " or ".join(map(repr, _MITIGATIONS))
            found = _shown(problem["ctx"]["tag"])
            return f"{_where(loc)}.kind: Input should be {kinds} (found {found})"
        case _:
            return f"{_where(loc)}: {problem['msg']} (found {_shown(problem['input'])})"


def _where(loc: Sequence[int | str]) -> str:
    """A place of the file as users count, ``restriction.1.severity``; no name of its forms."""
    said = [
        p
        for before, p in zip(("", *loc), loc, strict=False)
        if before not in _RANGES and p not in _MITIGATIONS
    ]
    return ".".join(str(p + 1) if isinstance(p, int) else p for p in said)


def _shown(value: object) -> str:
    """A value of the file, cut to a length that can be read."""
    return f"{value!r:.60}"


def _keys_at(place: Sequence[int | str]) -> tuple[str, ...]:
    """Keys that may stand at a place of the file."""
    models: dict[str, type[_Strict]] = {
        "horizon": _Horizon,
        "restriction": _Restriction,
        **_MITIGATIONS,
        "priority": _Priority,
        **dict.fromkeys(_RANGES, _Spread),
    }
    model: type[_Strict] = _File
    for part in place:
        model = models.get(str(part), model)
    return tuple(field.alias or name for name, field in model.model_fields.items())
