"""Questions about dates in free wording, and attempts at them."""

from engine.trajectory import FINAL_RESPONSE, Attempt, Step


def question(story: str, asked: str, *options: str) -> str:
    lines = [f"({letter}) {option}" for letter, option in zip("ABCDEF", options, strict=False)]
    return "\n".join((f"{story} What is the date {asked} in MM/DD/YYYY?", "Options:", *lines))


CONCERT = question(
    "The concert was scheduled to be on 06/01/1943, but was delayed by one day to today.",
    "10 days ago",
    "05/23/1943",
    "05/22/1943",
)
BIRTHDAY = question(
    "Jane was born on the last day of Feburary in 2000. Today is her 16-year-old birthday.",
    "one year ago from today",
    "02/28/2015",
    "03/01/2015",
)
BRITISH = question(
    "In the UK, people usually put the day before the month when formatting the date. "
    "Therefore, today is 02/01/1987 to them.",
    "a month ago",
    "12/02/1986",
    "01/01/1987",
)
OPINIONS = question(
    "Jane thinks today is 6/18/2019, but John thinks today is 6/19/2019. Jane is correct.",
    "24 hours later",
    "06/19/2019",
    "06/20/2019",
)
CORRECTION = question(
    "Jane thought today is 3/11/2002, but today is in fact Mar 12, which is 1 day later.",
    "tomorrow",
    "03/13/2002",
    "03/12/2002",
)
TUESDAY = question(
    "Jane scheduled 3 apointments with 5 poeple for tomorrow (Tue, 7/9/1972).",
    "today",
    "07/08/1972",
    "07/10/1972",
)


def written(*texts: str) -> Attempt:
    steps = [Step(str(number), text) for number, text in enumerate(texts, 1)]
    return Attempt((*steps, Step(FINAL_RESPONSE, "So the answer is (A).")))
