"""How the package says no."""

import json
import pickle
import unicodedata

import pytest

from supplychain.errors import (
    AmbiguousNameError,
    DataError,
    Fault,
    MissingExtraError,
    ScenarioError,
    SolverError,
    SupplychainError,
    UnknownNameError,
    UsageError,
    folded,
    misread_number,
    nearest,
)

TYPO = Fault(
    "recipes.csv",
    17,
    "input",
    "dysprosum_oxide",
    "is not in products.csv",
    "an id",
    "Did you mean 'dysprosium_oxide'?",
)


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (SupplychainError("x"), 1, "internal_error"),
        (UsageError("x"), 2, "usage"),
        (DataError([TYPO]), 3, "data_refused"),
        (ScenarioError("x"), 4, "scenario_refused"),
        (UnknownNameError("x", "country"), 4, "unknown_name"),
        (AmbiguousNameError("x", "country", ("a", "b")), 4, "ambiguous_name"),
        (MissingExtraError("x"), 6, "missing_extra"),
        (SolverError("x"), 7, "solver_failed"),
    ],
)
def test_each_error_has_its_exit_code_and_id(error, code, name):
    told = error.as_dict()["error"]
    assert (told["code"], told["id"]) == (code, name)
    assert told["message"] == str(error)
    assert json.loads(json.dumps(error.as_dict())) == error.as_dict()
    assert isinstance(error, SupplychainError)


def test_a_fault_is_one_line_with_place_value_problem_allowed_and_mend():
    assert str(TYPO) == (
        "recipes.csv row 17, input: 'dysprosum_oxide' is not in products.csv. "
        "Allowed: an id. Did you mean 'dysprosium_oxide'?"
    )


def test_a_fault_of_a_whole_file_names_the_file_alone():
    assert str(Fault("trade.csv", None, "", "", "holds no rows")) == "trade.csv: holds no rows."


def test_a_value_cannot_write_to_the_terminal_or_fill_it():
    nasty = str(Fault("a.csv", 2, "b", "\x1b[2J\u202e" + "x" * 500, "is odd"))
    assert nasty.isprintable()
    assert len(nasty) < 120


def test_faults_are_grouped_by_file_and_counted():
    other = Fault("trade.csv", None, "", "", "is missing")
    assert str(DataError([TYPO, other, TYPO])).splitlines() == [
        "2 problems in recipes.csv",
        f"  {TYPO.place}",
        f"  {TYPO.place}",
        "1 problem in trade.csv",
        "  is missing.",
    ]


def test_a_very_long_list_is_cut_in_print_but_whole_in_the_error():
    error = DataError([TYPO] * 400)
    assert len(error.faults) == 400
    assert str(error).splitlines()[-1] == "  ... and 350 more"


def test_the_faults_are_in_the_json_form():
    fault = DataError([TYPO]).as_dict()["error"]["faults"][0]
    assert fault == {
        "file": "recipes.csv",
        "row": 17,
        "column": "input",
        "value": "dysprosum_oxide",
        "problem": "is not in products.csv",
        "allowed": "an id",
        "mend": "Did you mean 'dysprosium_oxide'?",
    }


@pytest.mark.parametrize(
    "error",
    [
        DataError([TYPO]),
        UnknownNameError("Chna", "country", ("China",)),
        AmbiguousNameError("Korea", "country", ("North Korea", "South Korea")),
    ],
)
def test_errors_travel_between_processes(error):
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - the test wrote the bytes itself
    assert type(copy) is type(error)
    assert copy.as_dict() == error.as_dict()


def test_names_are_compared_without_case_joiner_width_or_composition():
    assert folded("  NdFeB-Magnet ") == folded("ndfeb_magnet") == folded("NdFe\uff22 magnet")
    assert folded(unicodedata.normalize("NFD", "대한민국")) == folded("대한민국")
    assert folded("Côte d’Ivoire") == folded("CÔTE D'IVOIRE")
    assert folded("Korea, Rep.") != folded("Korea Rep")


def test_a_long_value_has_no_suggestions():
    assert nearest("zinc" * 100_000, ["zinc"]) == ()


@pytest.mark.parametrize(
    ("cell", "problem", "mend"),
    [
        ("0,25", "has a decimal comma", "Write 0.25."),
        ("-1,5", "has a decimal comma", "Write -1.5."),
        (
            "1,234",
            "has a comma that separates thousands or decimals",
            "Write 1234 for thousands, 1.234 for decimals.",
        ),
        ("1,234,567.5", "has thousands separators", "Write 1234567.5."),
        ("1.234.567", "has thousands separators", "Write 1234567."),
        ("1 234", "has thousands separators", "Write 1234."),
        ("1'234", "has thousands separators", "Write 1234."),
        ("1_000", "has thousands separators", "Write 1000."),
        (
            "1.234,5",
            "has a decimal comma and thousands separators",
            "Write 1234.5.",
        ),
        ("25 %", "has a per cent sign", "Shares are 0-1: write 0.25."),
        ("W", "means 'withheld' in its source; a number is needed", "Give an estimate"),
        ("NA", "means 'not available'; a number is needed", "Give an estimate"),
        ("—", "is a dash, which may mean zero or unknown; a number is needed", "Write 0"),
        ("NaN", "is not a number; a number is needed", "Give a finite number."),
        ("-inf", "is not finite; a number is needed", "Give a finite number."),
        ("#REF!", "is a spreadsheet error or formula; a number is needed", "Paste the value"),
        ("\uff11\uff12", "is written with characters outside ASCII", "Write 12."),
        ("\u22125", "is written with characters outside ASCII", "Write -5."),
        ("<5", "is a bound or an approximation", "Write 5 and say how sure"),
        ("12e", "has letters after the number", "Write 12; a unit"),
        ("12 kt", "has letters after the number", "Write 12; a unit"),
        ("0x1F", "is not a number", ""),
        ("twelve", "is not a number", ""),
    ],
)
def test_each_habit_of_writing_numbers_has_its_own_message(cell, problem, mend):
    refusal = misread_number(cell, share=True)
    assert refusal.problem == problem
    assert refusal.mend.startswith(mend)
