"""From what people write to ids."""

import pickle
import unicodedata

import pytest
from conftest import TINY, records, write_pack
from hypothesis import given
from hypothesis import strategies as st

from supplychain.errors import AmbiguousNameError, UnknownNameError
from supplychain.names import Named, Names
from supplychain.tables import load_tables

MORE = records(
    "iso3 name aliases region",
    "PRK North~Korea Korea,~Dem.~Rep. Asia",
    "COD DR~Congo Congo,~Dem.~Rep. Africa",
    "COG Congo~Republic Congo-Brazzaville Africa",
    "NAM Namibia NA Africa",
)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    pack = {**TINY, "countries": [*TINY["countries"], *MORE]}
    return Names.of(load_tables(write_pack(tmp_path_factory.mktemp("names"), **pack)))


@pytest.mark.parametrize(
    ("text", "iso3"),
    [
        ("KOR", "KOR"),
        ("kor", "KOR"),
        ("South Korea", "KOR"),
        ("  south   KOREA ", "KOR"),
        ("south_korea", "KOR"),
        ("Korea, Rep.", "KOR"),
        ("대한민국", "KOR"),
        (unicodedata.normalize("NFD", "대한민국"), "KOR"),
        ("PRC", "CHN"),
        ("NA", "NAM"),
        ("congo brazzaville", "COG"),
    ],
)
def test_countries_are_found_by_code_name_and_alias(names, text, iso3):
    assert names.country(text) == iso3


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("Korea", {"South Korea", "North Korea"}),
        ("Congo", {"DR Congo", "Congo Republic"}),
        ("korea ", {"South Korea", "North Korea"}),
    ],
)
def test_an_ambiguous_country_is_refused_with_its_candidates(names, text, candidates):
    with pytest.raises(AmbiguousNameError) as caught:
        names.country(text)
    assert set(caught.value.suggestions) == candidates
    assert caught.value.code == 4
    assert caught.value.value == text


@pytest.mark.parametrize(
    ("look_up", "text", "first"),
    [
        ("country", "Chna", "China"),
        ("country", "Noth Korea", "North Korea"),
        ("country", "Korea, Rep", "South Korea"),
        ("mineral", "dysprosum", "dysprosium"),
        ("product_or_mineral", "dysprosum_oxide", "dysprosium_oxide"),
        ("product_or_mineral", "ndfeb_magnt", "ndfeb_magnet"),
        ("industry", "auto_part", "auto_parts"),
    ],
)
def test_a_typo_is_refused_and_the_canonical_name_suggested_first(names, look_up, text, first):
    with pytest.raises(UnknownNameError) as caught:
        getattr(names, look_up)(text)
    assert caught.value.suggestions[0] == first
    assert len(caught.value.suggestions) <= 3


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("dysprosium", Named("mineral", "dysprosium")),
        ("Dy", Named("mineral", "dysprosium")),
        ("Dysprosium oxide", Named("product", "dysprosium_oxide")),
        ("ndfeb-magnet", Named("group", "ndfeb_magnet")),
        ("NDFEB_MAGNET_HRE", Named("product", "ndfeb_magnet_hre")),
    ],
)
def test_minerals_products_and_groups_are_told_apart(names, text, named):
    assert names.product_or_mineral(text) == named


def test_an_industry_is_no_mineral_and_a_mineral_no_industry(names):
    assert names.industry("Auto parts") == "auto_parts"
    assert names.mineral("DYSPROSIUM") == "dysprosium"
    with pytest.raises(UnknownNameError):
        names.mineral("auto_parts")
    with pytest.raises(UnknownNameError):
        names.industry("dysprosium")


def test_a_name_that_is_like_nothing_has_no_suggestion(names):
    with pytest.raises(UnknownNameError) as caught:
        names.country("qqqqqq")
    assert caught.value.suggestions == ()
    assert str(caught.value) == "unknown country 'qqqqqq'."


def test_a_homoglyph_is_not_the_name(names):
    with pytest.raises(UnknownNameError):
        names.country("\u0421hina")  # a Cyrillic Es


def test_names_travel_between_processes(names):
    copy = pickle.loads(pickle.dumps(names))  # noqa: S301 - the test wrote the bytes itself
    assert copy.country("Nippon") == "JPN"


@given(st.text(max_size=20))
def test_any_text_is_a_known_code_or_an_unknown_name(names, text):
    try:
        assert names.country(text) in {"CHN", "JPN", "KOR", "PRK", "COD", "COG", "NAM"}
    except UnknownNameError as error:
        assert error.value == text  # noqa: PT017 - both outcomes are right, nothing else is
