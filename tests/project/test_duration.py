import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from featuresql.project.duration import MAX_DURATION_US, duration_text, parse_duration

UNITS_US = {
    "week": 7 * 24 * 3600 * 10**6,
    "day": 24 * 3600 * 10**6,
    "hour": 3600 * 10**6,
    "minute": 60 * 10**6,
    "second": 10**6,
    "millisecond": 10**3,
    "microsecond": 1,
}
parts = st.dictionaries(st.sampled_from(sorted(UNITS_US)), st.integers(1, 5_000), min_size=1)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("7 days", 604_800_000_000),
        ("6 hours", 21_600_000_000),
        ("90 minutes", 5_400_000_000),
        ("1 day 12 hours", 129_600_000_000),
        ("500 milliseconds", 500_000),
        ("3 microseconds", 3),
        ("2 weeks", 1_209_600_000_000),
        ("1 second", 1_000_000),
        ("  1  Day,  2HOURS ", 93_600_000_000),
        ("0 days 1 second", 1_000_000),
        ("36525 days", MAX_DURATION_US),
    ],
)
def test_a_duration_is_so_many_microseconds(text: str, microseconds: int) -> None:
    assert parse_duration(text) == microseconds


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "is no duration"),
        ("   ", "is no duration"),
        ("days", "is no duration"),
        ("7", "is no duration"),
        ("7 days,", "is no duration"),
        (", 7 days", "is no duration"),
        ("7 days and 2 hours", "is no duration"),
        ("-7 days", "is no duration"),
        ("1.5 hours", "is no duration"),
        ("1e3 hours", "'e' in '1e3 hours' is no unit of time"),
        ("٣ days", "is no duration"),
        ("0 days", "greater than 0"),
        ("1 month", "a month is not always as long as the next; write it in days or weeks"),
        ("2 months", "has no fixed length"),
        ("1 year", "a year is not always as long as the next"),
        ("1 quarter", "has no fixed length"),
        ("7 dayz", "did you mean 'days'?"),
        ("7 d", "is no unit of time: known: days, hours"),
        ("1 day 2 days", "names days twice"),
        ("36526 days", "longer than 100 years"),
        ("9" * 190 + " days", "longer than 100 years"),
        ("9" * 5_000 + " days", "more than 200 characters"),
    ],
)
def test_what_is_no_duration_says_why(text: str, fragment: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_duration(text)
    assert fragment in str(caught.value)


@settings(deadline=None)
@given(parts=parts, plural=st.booleans(), upper=st.booleans(), between=st.sampled_from([" ", ", "]))
def test_a_sum_of_units_is_the_sum_of_their_microseconds(
    parts: dict[str, int],
    plural: bool,  # noqa: FBT001 - hypothesis gives it
    upper: bool,  # noqa: FBT001 - as above
    between: str,
) -> None:
    text = between.join(f"{count} {unit}{'s' if plural else ''}" for unit, count in parts.items())
    expected = sum(count * UNITS_US[unit] for unit, count in parts.items())
    if expected <= MAX_DURATION_US:
        assert parse_duration(text.upper() if upper else text) == expected
    else:
        with pytest.raises(ValueError, match="100 years"):
            parse_duration(text)


@settings(deadline=None)
@given(st.text(max_size=250))
@example("1\n day")
@example("1 day\0")
def test_any_text_is_a_duration_in_bounds_or_a_value_error(text: str) -> None:
    try:
        microseconds = parse_duration(text)
    except ValueError:
        return
    assert 0 < microseconds <= MAX_DURATION_US


@given(st.integers(1, MAX_DURATION_US) | st.sampled_from(sorted(UNITS_US.values())))
def test_what_is_written_of_a_duration_reads_as_the_same(duration_us: int) -> None:
    assert parse_duration(duration_text(duration_us)) == duration_us


@pytest.mark.parametrize(
    "text", ["90 days", "2 weeks", "1 day 12 hours", "10 days", "1 microsecond"]
)
def test_a_duration_is_written_in_its_largest_units(text: str) -> None:
    assert duration_text(parse_duration(text)) == text
