"""Files of answers: what is read, what is refused, and the shares that they add up to.

References: scipy's interval of a binomial share, and sums by hand.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

import evaluate
from osu.blind.answers import (
    ANSWERS_FORMAT,
    MOST_ANSWERS,
    MOST_BYTES,
    AnswersError,
    parse_answers,
    read_answers,
)
from osu.blind.summary import add_up, answers_needed, first_answers, report, share_right, wilson


def written(right: str, name: str = "", session: str = "ab12", **more) -> dict:
    """A file's content; `right` has a + or a - for each pair."""
    answers = [
        {"pair": f"pair{n}", "picked": "left", "human": "left" if sign == "+" else "right"}
        for n, sign in enumerate(right)
    ]
    head = {"format": ANSWERS_FORMAT, "version": 1, "protocol": 1, "page": "p", "seed": 0}
    head |= {"model": "diffusion", "session": session, "began_s": 1000, "name": name}
    return head | {"answers": answers} | more


def parsed(*args, **more):
    return parse_answers(json.dumps(written(*args, **more)).encode())


def test_answers_are_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(written("+-+", name=" Ann ")))
    answers = read_answers(path)
    assert [answer.right for answer in answers.answers] == [True, False, True]
    assert (answers.person, answers.model) == ("ann", "diffusion")
    assert parsed("+").person == "unnamed ab12"


ROW = {"pair": "a", "picked": "left", "human": "left"}


@pytest.mark.parametrize(
    "change",
    [
        {"format": "else"},
        {"version": 2},
        {"version": True, "answers": None},
        {"answers": [ROW, ROW]},
        {"answers": [ROW | {"picked": "middle"}]},
        {"answers": [ROW | {"human": ["left"]}]},
        {"answers": [ROW | {"pair": "x" * 100}]},
        {"answers": [7]},
        {"answers": {}},
        {"answers": [ROW | {"pair": str(n)} for n in range(MOST_ANSWERS + 1)]},
        {"name": 5},
        {"name": "x" * 65},
        {"model": None},
        {"began_s": -1},
        {"began_s": 1.5},
        {"began_s": True},
        {"protocol": 10**30},
        {"question": "you"},
        {"question": ["me"]},
    ],
)
def test_what_is_no_file_of_answers_is_refused_in_a_sentence(change, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(written("+") | change))
    with pytest.raises(AnswersError, match=r"a\.json is not a file of answers") as error:
        read_answers(path)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"[" * 100_000, b"{", b"null", b"1" * 10_000, b" " * (MOST_BYTES + 1)],
    ids=["empty", "bytes", "deep", "cut", "null", "long number", "large"],
)
def test_foreign_bytes_are_refused(data, tmp_path):
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(AnswersError):
        read_answers(tmp_path / "a.json")
    with pytest.raises(AnswersError):
        read_answers(tmp_path / "not there.json")
    with pytest.raises(AnswersError):
        read_answers(tmp_path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(written("+"))), json_values)
def test_any_value_in_any_place_is_read_or_refused(name, value):
    data = json.dumps(written("+-") | {name: value}).encode()
    try:
        answers = parse_answers(data)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        report(*first_answers([answers])).encode()


@pytest.mark.parametrize("right, count", [(0, 5), (6, 12), (12, 12), (61, 100)])
def test_wilson_is_scipys(right, count):
    low, high = binomtest(right, count).proportion_ci(0.95, "wilson")
    assert np.allclose(wilson(right, count), (right / count, low, high), atol=1e-4)


def test_so_many_answers_are_needed():
    for margin in (0.05, 0.1):
        needed = answers_needed(margin)
        needed += needed % 2
        low, _ = binomtest(needed // 2, needed).proportion_ci(0.95, "wilson")
        assert 0.5 - margin <= low <= 0.5 - 0.97 * margin
    assert (answers_needed(0.05), answers_needed(0.1)) == (381, 93)


def test_the_first_answer_of_a_person_to_a_pair_counts():
    early = parsed("--", name="Ann", session="1", began_s=10)
    late = parsed("+++", name="ANN", session="2", began_s=20)
    counted, left_out = first_answers([late, early])
    assert [answer.right for answer in counted] == [False, False, True]
    assert left_out == 2
    other = parsed("++", name="Ben", session="3")
    assert len(first_answers([early, other])[0]) == 4


def test_a_session_saved_twice_counts_once():
    part, whole = parsed("+"), parsed("+-")
    counted, left_out = first_answers([part, whole])
    assert (len(counted), left_out) == (2, 1)


def test_answers_of_one_clip_are_not_taken_for_independent():
    """Eighty people, all right about one pair and all wrong about another: any share could be."""
    files = [parsed("+-", session=f"s{n:02d}") for n in range(80)]
    share = share_right(first_answers(files)[0])
    assert share.value == 0.5 and share.low < 0.1 and share.high > 0.9
    # Independent ones: Wilson's interval, or a little more.
    rng = np.random.default_rng(0)
    signs = ["".join(rng.choice(["+", "-"], 12)) for _ in range(20)]
    share = share_right(first_answers(parsed(s, session=s) for s in signs)[0])
    width = wilson(120, 240)
    assert (width.high - width.low) <= share.high - share.low < 1.6 * (width.high - width.low)


def test_the_command_adds_files_and_folders_up(tmp_path, capsys):
    for n, (name, model) in enumerate([("Ann", "diffusion"), ("Ben", "diffusion"), ("Ben", "rnn")]):
        # pairs of another model are other pairs
        content = written("++-+", name=name, session=str(n), model=model)
        for answer in content["answers"]:
            answer["pair"] += model
        (tmp_path / f"{n}.json").write_text(json.dumps(content))
    (tmp_path / "bad.json").write_text("\x1b[31m")
    assert evaluate.main(["blind", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    lines = {line.split()[0]: line for line in printed.splitlines()}
    assert "12 answers, people: 2, pairs of clips: 8" in printed
    assert "9 of   12 told right: 0.75" in lines["all"]
    assert "6 of    8" in lines["diffusion"] and "3 of    4" in lines["rnn"]
    assert "3 of    4" in lines["ann"] and "6 of    8" in lines["ben"]
    assert "bad.json" in lines["left"] and "93 answers to ± 0.10" in printed
    assert "\x1b" not in printed
    assert evaluate.main(["blind", str(tmp_path / "bad.json")]) == 2
    assert "not JSON" in capsys.readouterr().err


def test_the_two_questions_are_added_up_each_for_itself():
    files = [
        parsed("++--", name="Ann", session="1"),  # of before there were two
        parsed("+---", name="Ann", session="2", question="me", model="diffusion --like"),
        parsed("+++-", name="Ben", session="3", question="human"),
    ]
    for file in files[1:]:
        object.__setattr__(
            file, "answers", tuple(replace(a, pair=f"{a.pair}{file.session}") for a in file.answers)
        )
    lines = report(*first_answers(files)).splitlines()
    assert lines[0].startswith("Which one is the human? 8 answers, people: 2, pairs of clips: 8")
    assert "5 of    8 told right" in lines[1]
    me = next(n for n, line in enumerate(lines) if line.startswith("Which one is me? 4 answers"))
    assert "1 of    4 told right: 0.25" in lines[me + 1]
    assert lines[me + 2].startswith("diffusion --like") and lines[me + 3].startswith("ann")


def test_no_answers_are_said(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(written("")))
    assert add_up([path]) == "no answers"
