"""What a scenario may say, in code and in a file, and the words with which it is refused."""

from __future__ import annotations

import copy
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from worlds import LINK, restriction, several

from supplychain import scenario_file
from supplychain.coverage import resolve
from supplychain.errors import ScenarioError, UnknownNameError
from supplychain.scenario import Range, StockRelease, check, month_number, restrict
from supplychain.scenario_file import load_scenario, parse_scenario, scenario_ids

FILE = {
    "id": "test",
    "title": "A test",
    "restriction": [{"actor": "China", "products": ["magnet"]}],
}
MEANT = "Did you mean 'severity'?"
ALLOWED = (
    "Allowed: actor, products, kind, severity, months, start, to, except, form, stage, path, "
    "path_level, dead_time_months, ramp_months, end, announced, delay_months, suspended, uses, "
    "sharing, priority, approval_luck, rate, elasticity, pass_through, content_rule, compliance, "
    "leakage, leakage_enforced, enforcement."
)


def file(*, top=None, **first):
    """The smallest file, with further keys of its first restriction and of the file."""
    data = copy.deepcopy(FILE) | (top or {})
    data["restriction"][0] |= first
    return data


def refused(call, *args, **keywords):
    """The lines with which something is refused."""
    with pytest.raises(ScenarioError) as caught:
        call(*args, **keywords)
    return str(caught.value).splitlines()


# In code ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"severity": 80}, "severity: 80 is not between 0 and 1; write 0.8 for 80 per cent"),
        ({"severity": 1.5}, "severity: 1.5 is not between 0 and 1; write 0.015 for 1.5 per cent"),
        ({"severity": 101}, "severity: 101 is not between 0 and 1"),
        ({"severity": -0.1}, "severity: -0.1 is not between 0 and 1"),
        ({"severity": Range(0.5, 0.6, 0.7)}, "severity: low, mode and high must not fall"),
        ({"severity": Range(0.5, 0.4, 0.3)}, "severity: low, mode and high must not fall"),
        ({"severity": Range(0.5, 0.5, 2)}, "severity: 2 is not between 0 and 1; write 0.02 for 2"),
        ({"months": 0}, "months: 0 is not between 1 and 120"),
        ({"months": 121}, "months: 121 is not between 1 and 120"),
        ({"items": []}, "products: name at least one mineral or product"),
        ({"to": []}, "to: name at least one country, or * for everyone"),
        ({"kind": "embargo"}, "kind: 'embargo' is not one of ban, quota, licence, path, tax"),
        ({"kind": "tax"}, "rate: a tax needs one: its share of the price, such as 0.2"),
        ({"kind": "tax", "rate": 20.5}, "rate: 20.5 is not between 0 and 20; write 0.205 for 20.5"),
        (
            {"kind": "tax", "rate": 0.2, "severity": 1},
            "severity: a tax withholds nothing by itself",
        ),
        (
            {"kind": "ban", "rate": 0.2},
            "rate: belongs to kind 'tax', and only to it (this is a ban",
        ),
        ({"kind": "ban", "delay_months": 12}, "delay_months: 12 months of delay leave nothing to"),
        ({"kind": "ban", "announced": "spring"}, "announced: 'spring' is not a month; write it as"),
        ({"form": "any"}, "form: 'any' is not one of listed, refined, contained"),
        ({"stage": "smelt"}, "stage: 'smelt' is not one of mine, refine, component, industry"),
        ({"kind": "path"}, "path: a list of monthly ceilings belongs to kind 'path', and only to"),
        ({"kind": "ban", "path": [0.5]}, "path: a list of monthly ceilings belongs to kind 'path'"),
        ({"path": [0.5, 5.5]}, "path: 5.5 is not between 0 and 5"),
        ({"path": [-0.5]}, "path: -0.5 is not between 0 and 5"),
    ],
)
def test_a_value_that_no_restriction_may_have_is_refused_by_its_field(words, line):
    options = dict(words)
    (found,) = refused(restrict, "China", options.pop("items", "magnet"), **options)
    assert found.startswith("restriction 1: ")
    assert line in found


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"start": "2025-13"}, "start: '2025-13' is not a month; write it as 2025-04"),
        ({"start": "2025-00"}, "start: '2025-00' is not a month; write it as 2025-04"),
        ({"start": "April 2025"}, "start: 'April 2025' is not a month; write it as 2025-04"),
        ({"start": "2025-04-01"}, "start: '2025-04-01' is not a month; write it as 2025-04"),
        ({"horizon": 121}, "horizon: 121 is not between 1 and 120 months"),
        ({"horizon": -1}, "horizon: -1 is not between 1 and 120 months"),
        ({"focus": []}, "focus: name at least one country, such as KOR"),
    ],
)
def test_a_frame_that_no_scenario_may_have_is_refused(words, line):
    assert refused(restrict, "China", "magnet", **words) == [line]


def test_all_problems_are_told_at_once_and_counted_from_one():
    bad = several(
        restriction("CHN", "magnet"),
        restriction("CHN", months=0, severity=Range.of(2), start="soon"),
        restriction("CHN", "magnet", kind="licence", dead_time_months=-1.0, ramp_months=121.0),
        releases=[StockRelease("KOR", "magnet", 60), StockRelease("KOR", "magnet", -60)],
    )
    assert refused(check, replace(bad, focus=(), start="2025", horizon=300)) == [
        "start: '2025' is not a month; write it as 2025-04",
        "horizon: 300 is not between 1 and 120 months",
        "focus: name at least one country, such as KOR",
        "restriction 2: products: name at least one mineral or product",
        "restriction 2: start: 'soon' is not a month; write it as 2025-04",
        "restriction 2: severity: 2 is not between 0 and 1; write 0.02 for 2 per cent",
        "restriction 2: months: 0 is not between 1 and 120",
        "restriction 3: dead_time_months: -1 is not between 0 and 120",
        "restriction 3: ramp_months: 121 is not between 0 and 120",
        "mitigation 2: days, release_days and lag_months must be finite and not negative",
    ]


@pytest.mark.parametrize("field", ["days", "release_days", "lag_months", "share"])
@pytest.mark.parametrize("size", [float("nan"), float("inf"), -1])
def test_a_release_of_no_finite_size_is_refused(field, size):
    release = replace(StockRelease("KOR", "magnet", 60), **{field: size})
    (line,) = refused(check, several(restriction("CHN", "magnet"), releases=[release]))
    assert line.startswith("mitigation 1")
    assert field in line


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            {"sharing": "priority"},
            ["sharing: 'priority' belongs to kind 'quota'", "priority: a list"],
        ),
        ({"sharing": "lottery"}, ["sharing: 'lottery' is not one of pro_rata, priority"]),
        (
            {"kind": "quota", "priority": ("KOR",)},
            ["priority: a list of countries and user product"],
        ),
        ({"elasticity": Range.of(-1)}, ["elasticity: belongs to kind 'tax', and only to it"]),
        ({"pass_through": Range.of(0.5)}, ["pass_through: belongs to kind 'tax', and only to it"]),
        ({"approval_luck": Range.of(1)}, ["approval_luck: belongs to kind 'licence', and only to"]),
        (
            {"kind": "licence", "approval_luck": Range(0.5, 0.6, 2)},
            [
                "approval_luck: 2 is not between 0 and 1; write 0.02 for 2 per cent",
                "approval_luck: low, mode and high must not fall",
            ],
        ),
        (
            {
                "kind": "tax",
                "rate": Range.of(0.2),
                "elasticity": Range.of(1),
                "severity": Range.of(0),
            },
            ["elasticity: 1 is not between -10 and 0"],
        ),
        (
            {"compliance": Range.of(0.5)},
            ["compliance: is that with a content rule; give content_r"],
        ),
        ({"content_rule": 1.5}, ["content_rule: 1.5 is not between 0 and 1; write 0.015 for 1.5"]),
        ({"end": "2025-12"}, ["start: a restriction with an end date needs a start date"]),
        ({"start": "2025-04", "end": "2025-03"}, ["end: 2025-03 lies before the start"]),
        (
            {"start": "2025-04", "end": "2035-04"},
            ["end: 2035-04 is more than 120 months after the"],
        ),
        ({"start": "2025-04", "announced": "2025-05"}, ["announced: 2025-05 lies after the start"]),
        (
            {"suspended": (("2025-12", "2025-11"),)},
            ["suspended: 2025-12 to 2025-11 runs backwards"],
        ),
        (
            {"start": "2025-04", "enforcement": "2025-03"},
            ["enforcement: 2025-03 lies before the start"],
        ),
        (
            {"dead_time_months": 1.0, "ramp_months": 2.0},
            [
                "dead_time_months: belongs to kind 'licence', and only to it (this is a ban)",
                "ramp_months: belongs to kind 'licence', and only to it (this is a ban)",
            ],
        ),
        ({"suspended": (("2025-12", ""),)}, ["suspended: '' is not a month; write it as 2025-04"]),
        (
            {"suspended": (("2025-10", "2025-12"), ("2025-12", "2026-02"))},
            ["suspended: two suspensions overlap"],
        ),
        (
            {"start": "2025-01", "suspended": (("2025-01", "2025-12"),)},
            ["suspended: it is never in force"],
        ),
        (
            {"kind": "licence", "sharing": "priority", "rate": Range.of(1), "leakage": Range.of(2)},
            [
                "leakage: 2 is not between 0 and 1; write 0.02 for 2 per cent",
                "rate: belongs to kind 'tax', and only to it (this is a licence)",
                "sharing: 'priority' belongs to kind 'quota', and only to it (this is a licence)",
                "priority: a list of countries and user products belongs to sharing = 'priority'",
            ],
        ),
    ],
)
def test_what_contradicts_itself_is_refused_all_of_it_at_once(words, lines):
    found = refused(check, several(restriction("CHN", "magnet", **words)))
    assert len(found) == len(lines)
    for line, wanted in zip(found, lines, strict=True):
        assert line.startswith(f"restriction 1: {wanted}")


@pytest.mark.parametrize(
    ("months", "horizon", "counted"),
    [((6,), 0, 12), ((6, 18), 0, 18), ((18,), 6, 6), ((), 0, 12), ((1,), 120, 120)],
)
def test_the_horizon_is_given_or_the_longest_of_a_year_and_all_restrictions(
    months, horizon, counted
):
    scenario = several(*(restriction("CHN", "magnet", months=m) for m in months), horizon=horizon)
    assert scenario.counted_months == counted


@pytest.mark.parametrize(
    ("words", "kind", "severity", "ladder"),
    [
        ({}, "ban", 1, True),
        ({"kind": "ban"}, "ban", 1, False),
        ({"kind": "quota"}, "quota", 0.5, False),
        ({"kind": "licence"}, "licence", 0, False),
        ({"severity": 0}, "ban", 0, False),
        ({"kind": "quota", "severity": 0.3}, "quota", 0.3, False),
        ({"path": [0.5, 1]}, "path", 0, False),
    ],
)
def test_what_is_not_said_is_the_same_in_code_and_in_a_file(words, kind, severity, ladder):
    for scenario in (restrict("China", "magnet", **words), parse_scenario(file(**words))):
        (found,) = scenario.restrictions
        assert (found.kind, found.severity, scenario.ladder) == (kind, Range.of(severity), ladder)


def test_further_mitigations_leave_the_scenario_as_it_was():
    before = restrict("China", "magnet")
    release = StockRelease("KOR", "magnet", 60)
    after = before.plus(release).plus(release)
    assert (before.mitigations, after.mitigations) == ((), (release, release))
    assert replace(after, mitigations=()) == before


def test_months_are_counted_through_the_turn_of_the_year():
    # January 2026 is nine months after April 2025; days do not count.
    assert month_number("2026-01-31") - month_number("2025-04") == 9


# In a file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ({}, ["id: is missing", "title: is missing", "restriction: is missing"]),
        (file(top={"titel": "x"}), ["titel: unknown key. Did you mean 'title'? Allowed: id, "]),
        (
            file(top={"extends": "april"}),
            [
                "extends: unknown key.",
            ],
        ),
        (file(top={"horizon": {"month": 3}}), ["horizon.month: unknown key. Did you mean 'mon"]),
        (file(sevrity=0.5), [f"restriction.1.sevrity: unknown key. {MEANT} {ALLOWED}"]),
        (file(severity="high"), ["restriction.1.severity: a number between 0 and 1, or a table"]),
        (file(severity=True), ["restriction.1.severity: a number between 0 and 1, or a table"]),
        (
            file(severity={"low": 0, "high": 1, "mod": 0.5}),
            [
                "restriction.1.severity.mode: is missing",
                "restriction.1.severity.mod: unknown key. Did you mean 'mode'? Allowed: low, mode",
            ],
        ),
        (file(severity={"low": 0, "mode": "x", "high": 1}), ["restriction.1.severity.mode: Input"]),
        (file(months="6"), ["restriction.1.months: Input should be a valid integer (found '6')"]),
        (file(kind="halt"), ["restriction.1.kind: Input should be 'ban', 'quota', 'licence', 'p"]),
        (
            file(rate=[0.2]),
            ["restriction.1.rate: a number, or a table {low, mode, high} is wanted"],
        ),
        (
            file(kind="tax", rate={"low": 0.1, "mode": 0.2, "hihg": 0.3}),
            [
                "restriction.1.rate.high: is missing",
                "restriction.1.rate.hihg: unknown key. Did you mean 'high'? Allowed: low, mode",
            ],
        ),
        (
            file(suspended=[["2025-11"]]),
            ["restriction.1.suspended.1: List should have at least 2 items"],
        ),
        (
            file(months=6, end="2025-12", start="2025-01"),
            ["restriction.1.end: months says it too; keep one of the two"],
        ),
        (
            file(actor=3, products="magnet"),
            [
                "restriction.1.actor: Input should be a valid string (found 3)",
                "restriction.1.products: Input should be a valid list (found 'magnet')",
            ],
        ),
        (
            file(top={"mitigation": [{"kind": "stock", "country": "KOR", "days": 60}]}),
            [
                "mitigation.1.kind: Input should be 'stock_release' or 'new_capacity' (found 's",
            ],
        ),
    ],
)
def test_a_file_is_refused_line_by_line_with_its_name_and_the_place_as_people_count(data, lines):
    found = refused(parse_scenario, data, place="april.toml")
    assert len(found) == len(lines)
    for line, wanted in zip(found, lines, strict=True):
        assert line.startswith(f"april.toml: {wanted}")


def test_a_well_formed_file_still_answers_for_its_values():
    bad = file(severity=80, path=[0.5], top={"focus": [], "horizon": {"start": "soon"}})
    assert refused(parse_scenario, bad) == [
        "start: 'soon' is not a month; write it as 2025-04",
        "focus: name at least one country, such as KOR",
        "restriction 1: severity: 80 is not between 0 and 1; write 0.8 for 80 per cent",
    ]


def test_the_further_keys_of_a_file_arrive_too():
    said = {
        "end": "2026-03",
        "start": "2025-04",
        "announced": "2025-02",
        "delay_months": 1,
        "suspended": [["2025-11", "2025-12"]],
        "uses": ["cars"],
        "content_rule": 0.001,
        "compliance": 0.5,
        "leakage": {"low": 0, "mode": 0.3, "high": 0.5},
        "leakage_enforced": 0.1,
        "enforcement": "2025-09",
    }
    dates = {k: said[k] for k in ("end", "start", "announced", "enforcement", "delay_months")}
    common = dates | {
        "suspended": (("2025-11", "2025-12"),),
        "uses": ("cars",),
        "content_rule": 0.001,
        "compliance": Range.of(0.5),
        "leakage": Range(0.3, 0, 0.5),
        "leakage_enforced": Range.of(0.1),
    }
    kinds = [
        ({"kind": "quota", "sharing": "priority", "priority": ["JPN", "cars"]}, Range.of(0.5)),
        ({"kind": "licence", "approval_luck": 0.5}, Range.of(0)),
        ({"kind": "tax", "rate": 0.2, "elasticity": -1, "pass_through": 0.5}, Range.of(0)),
    ]
    for own, severity in kinds:
        (found,) = parse_scenario(file(**said, **own)).restrictions
        numbers = {k: Range.of(v) for k, v in own.items() if not isinstance(v, str | list)}
        words = {k: tuple(v) if k == "priority" else v for k, v in own.items() if k not in numbers}
        wanted = restriction("China", "magnet", severity=severity, **common, **numbers, **words)
        assert found == wanted


def test_every_key_of_a_file_arrives_in_the_scenario():
    data = file(
        kind="licence",
        severity={"low": 0, "mode": 0.1, "high": 0.5},
        months=9,
        start="2025-05",
        to=["KOR", "JPN"],
        form="contained",
        stage="component",
        dead_time_months=1.5,
        ramp_months=3,
        top={
            "focus": ["JPN"],
            "horizon": {"start": "2025-04", "months": 18},
            "mitigation": [
                {
                    "kind": "stock_release",
                    "country": "KOR",
                    "product": "magnet",
                    "days": 60,
                    "release_days": 15,
                    "lag_months": 2,
                }
            ],
        },
    )
    data["restriction"][0]["except"] = ["USA"]
    scenario = parse_scenario(data)
    assert scenario.restrictions == (
        restriction(
            "China",
            "magnet",
            kind="licence",
            severity=Range(0.1, 0, 0.5),
            months=9,
            start="2025-05",
            to=("KOR", "JPN"),
            exclude=("USA",),
            form="contained",
            stage="component",
            dead_time_months=1.5,
            ramp_months=3,
        ),
    )
    assert scenario.mitigations == (StockRelease("KOR", "magnet", 60, 15, 2),)
    assert (scenario.id, scenario.title, scenario.focus) == ("test", "A test", ("JPN",))
    assert (scenario.start, scenario.horizon, scenario.ladder) == ("2025-04", 18, False)


@pytest.mark.parametrize(
    ("months", "horizon", "lasts"), [(3, 18, 3), (None, 18, 18), (3, None, 3), (None, None, 12)]
)
def test_a_restriction_of_a_file_lasts_its_months_or_the_horizon_or_a_year(months, horizon, lasts):
    top = {} if horizon is None else {"horizon": {"months": horizon}}
    own = {} if months is None else {"months": months}
    assert parse_scenario(file(top=top, **own)).restrictions[0].months == lasts


def test_one_restriction_with_a_kind_takes_the_whole_file_off_the_ladder():
    data = file()
    data["restriction"].append({"actor": "China", "products": ["cell"], "kind": "quota"})
    scenario = parse_scenario(data)
    assert [r.kind for r in scenario.restrictions] == ["ban", "quota"]
    assert not scenario.ladder


def test_no_months_at_all_are_refused_in_a_file_as_in_code():
    assert refused(parse_scenario, file(months=0)) == [
        "restriction 1: months: 0 is not between 1 and 120"
    ]


# Overrides ----------------------------------------------------------------------------------------


def test_a_bare_key_of_a_restriction_is_put_into_every_restriction():
    data = file()
    data["restriction"].append({"actor": "China", "products": ["cell"], "severity": 0.1})
    scenario = parse_scenario(data, ["severity=0.5", "months=6", "to=['JPN']", "kind=quota"])
    for found in scenario.restrictions:
        assert (found.severity.value, found.months, found.to) == (0.5, 6, ("JPN",))
        assert found.kind == "quota"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("horizon.months=18", lambda s: (s.horizon, s.restrictions[0].months) == (18, 18)),
        ("horizon.start=2025-04", lambda s: s.start == "2025-04"),
        ("horizon={ months = 6 }", lambda s: (s.horizon, s.start) == (6, "")),
        ("focus=['JPN', 'USA']", lambda s: s.focus == ("JPN", "USA")),
        ("title=A = B", lambda s: s.title == "A = B"),
        (" severity = 0.25", lambda s: s.restrictions[0].severity == Range.of(0.25)),
        ("start=2025-06", lambda s: (s.start, s.restrictions[0].start) == ("2020-01", "2025-06")),
        (
            "severity={ low = 0.1, mode = 0.2, high = 0.9 }",
            lambda s: s.restrictions[0].severity == Range(0.2, 0.1, 0.9),
        ),
        ("except=['KOR']", lambda s: s.restrictions[0].exclude == ("KOR",)),
    ],
)
def test_an_override_reaches_its_key(text, read):
    data = file(top={"horizon": {"start": "2020-01", "months": 3}})
    before = copy.deepcopy(data)
    assert read(parse_scenario(data, [text]))
    assert data == before


def test_the_last_override_of_a_key_wins_and_a_dotted_one_keeps_its_neighbours():
    top = {"horizon": {"start": "2025-04", "months": 3}}
    found = parse_scenario(file(top=top), ["horizon.months=6", "severity=0.1", "severity=0.2"])
    assert (found.start, found.horizon) == ("2025-04", 6)
    assert found.restrictions[0].severity == Range.of(0.2)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("severity", "-S severity: write key=value, such as severity=0.5"),
        ("", "-S : write key=value, such as severity=0.5"),
        ("sevrity=0.5", "-S sevrity=0.5: unknown key."),
        ("horizon.month=3", "scenario: horizon.month: unknown key. Did you mean 'months'?"),
        ("extends=april", "-S extends=april: unknown key."),
        ("months=six", "scenario: restriction.1.months: Input should be a valid integer"),
        ("months=", "scenario: restriction.1.months: Input should be a valid integer (found '')"),
        ("severity=high", "scenario: restriction.1.severity: a number between 0 and 1, or a table"),
        ("severity=80", "restriction 1: severity: 80 is not between 0 and 1; write 0.8 for 80"),
        ("focus=KOR", "scenario: focus: Input should be a valid list (found 'KOR')"),
        ("start=2025-04-01", "scenario: restriction.1.start: Input should be a valid string"),
        ("horizon=3", "scenario: horizon: Input should be a valid dictionary"),
        ("horizon.months=121", "horizon: 121 is not between 1 and 120 months"),
    ],
)
def test_a_wrong_override_is_refused_where_it_lands(text, line):
    found = refused(parse_scenario, file(), [text])
    assert any(one.startswith(line) for one in found), found


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (file(), "title.x=1"),
        (file() | {"horizon": 3}, "horizon.months=6"),
        (file() | {"restriction": {"actor": "China", "products": ["magnet"]}}, "severity=0.5"),
        (file(form="listed"), "restriction.severity=0.5"),
    ],
)
def test_an_override_of_what_has_no_such_parts_is_refused(data, text):
    assert refused(parse_scenario, data, [text])


def test_a_misspelt_bare_override_is_offered_the_key_of_a_restriction():
    (line,) = refused(parse_scenario, file(), ["sevrity=0.5"])
    assert "'severity'" in line


# Files on disk ------------------------------------------------------------------------------------


def test_a_file_is_read_by_its_path_whatever_its_ending(tmp_path):
    text = 'id = "a"\ntitle = "b"\n[[restriction]]\nactor = "China"\nproducts = ["magnet"]\n'
    for name in ("april.toml", "april"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert load_scenario(tmp_path / name).restrictions[0].items == ("magnet",)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"id = ", "april.toml: not a TOML file in UTF-8: Invalid value (at end of document)"),
        (b"id = '\xff'", "april.toml: not a TOML file in UTF-8: 'utf-8' codec can't decode"),
        (b"id = 'a'\nid = 'b'", "april.toml: not a TOML file in UTF-8: Cannot overwrite a value"),
        (b"id = 'a'", "april.toml: title: is missing"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused_by_its_name(tmp_path, content, part):
    (tmp_path / "april.toml").write_bytes(content)
    assert refused(load_scenario, tmp_path / "april.toml")[0].startswith(part)


def test_a_file_that_is_not_there_names_the_shipped_ones(tmp_path):
    (line,) = refused(load_scenario, tmp_path / "april.toml")
    assert line.endswith(f"no such scenario file; shipped ones are {', '.join(scenario_ids())}")
    assert str(tmp_path) in line


@pytest.mark.parametrize(
    ("name", "first"), [("china-april-205", "china-april-2025"), ("zzz", scenario_ids()[0])]
)
def test_an_unknown_id_is_offered_the_nearest_or_all_of_them(name, first):
    with pytest.raises(UnknownNameError) as caught:
        load_scenario(name)
    assert (caught.value.kind, caught.value.suggestions[0]) == ("scenario", first)
    assert (len(caught.value.suggestions) == len(scenario_ids())) == (name == "zzz")


def test_ids_are_the_names_of_files_in_order():
    assert scenario_ids() == tuple(sorted(scenario_ids()))
    for name in scenario_ids():
        assert load_scenario(name).id == name


# Against a pack -----------------------------------------------------------------------------------


def test_every_unknown_name_of_every_restriction_and_release_is_told_at_once(tmp_path):
    scenario = several(
        restriction("Chna", "magnet", to=("KR",), exclude=("JPX",)),
        restriction("CHN", "magnt", "cells"),
        releases=[StockRelease("Korea", "magnet", 60), StockRelease("KOR", "magnets", 60)],
    )
    with pytest.raises(ScenarioError) as caught:
        resolve(replace(scenario, focus=("CHN", "KORE")), LINK.network(tmp_path))
    lines = str(caught.value).splitlines()
    assert [line.split(".")[0] for line in lines] == [
        "unknown country 'KORE'",
        "focus: CHN has no export sectors in this pack; it has KOR",
        "unknown country 'Chna'",
        "unknown country 'KR'",
        "unknown country 'JPX'",
        "unknown mineral or product 'magnt'",
        "unknown mineral or product 'cells'",
        "unknown country 'Korea'",
        "unknown mineral or product 'magnets'",
    ]
    assert {"magnet", "land of KOR"} <= set(caught.value.suggestions)


def test_one_unknown_name_is_an_error_of_its_own_kind(tmp_path):
    with pytest.raises(UnknownNameError) as caught:
        resolve(restrict("CHN", "magnt"), LINK.network(tmp_path))
    assert (caught.value.value, caught.value.suggestions) == ("magnt", ("magnet",))


def test_a_restriction_before_the_horizon_is_refused_with_both_dates(tmp_path):
    early = several(restriction("CHN", "magnet", start="2024-12"))
    assert refused(resolve, early, LINK.network(tmp_path)) == [
        "start: a restriction that starts in 2024-12 lies before the horizon (2025-01)"
    ]
    # Twelve months later it is the twelfth month of the horizon, counted from 0.
    late = several(restriction("CHN", "magnet", start="2025-12"))
    assert resolve(late, LINK.network(tmp_path)).measures[0].first_month == 11


def test_a_restriction_after_the_last_counted_month_is_refused(tmp_path):
    late = several(restriction("CHN", "magnet", start="2026-01"), horizon=12)
    (line,) = refused(resolve, late, LINK.network(tmp_path))
    assert line.startswith("start: a restriction from 2026-01 starts after the 12 months")


def test_a_horizon_that_is_not_given_holds_every_restriction_whole(tmp_path):
    # Six months from October: until March, the fifteenth month.
    late = several(restriction("CHN", "magnet", start="2025-10", months=6))
    assert resolve(late, LINK.network(tmp_path)).months == 15


def test_the_page_of_scenario_files_names_every_key_and_its_example_is_read():
    page = (Path(__file__).parent.parent / "docs" / "scenarios.md").read_text(encoding="utf-8")
    example = tomllib.loads(page.split("```toml\n")[1].split("```")[0])
    assert parse_scenario(example).priorities[0].order == ("defence", "domestic", "export")
    mitigations = scenario_file._MITIGATIONS.values()
    models = (scenario_file._Restriction, *mitigations, scenario_file._Priority)
    for model in models:
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}`" in page or name == "kind", name
