"""Pairs of answers that are alike where the class is not: leads, never verdicts.

The words of a course, its stub and its one obvious way make all answers alike. So runs of tokens
that stand in the stub, in the reference solution or in many answers are taken out first; what is
left of two answers is compared. Names of variables, comments and layout don't count, so that
renaming hides nothing. Short functions have nothing left, and are never flagged.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from pygments.lexers import PythonLexer
from pygments.token import Comment, Name, String, Text
from rapidfuzz import process
from rapidfuzz.distance import Indel

RUN = 6  # tokens in a row that make a run: about half a line of code
COMMON = 0.1  # a run that this part of the class has, tells nothing
COMMON_AT_LEAST = 3  # so does one that this many answers have, in a small class
LEAST = 30  # tokens of its own that an answer needs: some four lines of code
MOST = 20_000  # characters of an answer that are read: nobody's answer is as long
ALIKE = 0.7  # from here on a pair is a lead


@dataclass(frozen=True)
class Part:
    """One function of a pair."""

    function: str
    similarity: float  # of what is left, from 0 to 1
    tokens: int  # what is left, in tokens: of the answer that has less


@dataclass(frozen=True)
class Pair:
    """Two students and the functions in which their answers are alike."""

    students: tuple
    parts: tuple

    @property
    def weight(self):
        """Tokens that are alike, over all functions: the more, the stronger the lead."""
        return sum(part.similarity * part.tokens for part in self.parts)


def tokens(source):
    """Source as a list of tokens, without comments, docstrings, layout and names of variables.

    Parentheses are layout, too. Names of attributes and of what is called stay.
    """
    kept = [
        (kind, text)
        for kind, text in PythonLexer().get_tokens(source[:MOST])
        if kind not in Comment and kind not in Text and kind not in String.Doc
    ]
    words = []
    for index, (kind, text) in enumerate(kept):
        called = index + 1 < len(kept) and kept[index + 1][1] == "("
        attribute = index > 0 and kept[index - 1][1] == "."
        if text not in ("(", ")"):
            words.append("name" if kind is Name and not (called or attribute) else text)
    return words


def runs(words):
    """All runs of RUN tokens, in order."""
    return [tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)]


def own_tokens(answers, given):
    """What each answer has of its own: {student: tokens outside of any run that is common}.

    Arguments:
        answers: {student: source} of one function
        given: sources that everybody may have seen, the stub and the reference solution
    """
    # Many answers are the same to the letter, and the lexer takes some milliseconds for each.
    read = {source: tokens(source) for source in set(answers.values())}
    words = {student: read[source] for student, source in answers.items()}
    spread = Counter(run for student in words for run in set(runs(words[student])))
    limit = max(COMMON_AT_LEAST, COMMON * len(answers))
    common = {run for run, count in spread.items() if count > limit}
    common |= {run for source in given for run in runs(tokens(source))}
    own = {}
    for student, line in words.items():
        shared = np.zeros(len(line), bool)
        for index, run in enumerate(runs(line)):
            if run in common:
                shared[index : index + RUN] = True
        own[student] = [word for word, out in zip(line, shared, strict=True) if not out]
    return own


def alike_in(function, answers, given):
    """Pairs that are alike in one function: {(student, student): Part}."""
    own = own_tokens(answers, given)
    students = sorted(student for student in own if len(own[student]) >= LEAST)
    letters = {}
    # One letter a token: the library compares texts faster than lists, with the same result.
    texts = [
        "".join(chr(0x4E00 + letters.setdefault(word, len(letters))) for word in own[student])
        for student in students
    ]
    if len(texts) < 2:
        return {}
    table = process.cdist(
        texts, texts, scorer=Indel.normalized_similarity, score_cutoff=ALIKE, dtype=np.float32
    )
    rows, columns = np.nonzero(np.triu(table >= ALIKE, k=1))
    return {
        (students[i], students[j]): Part(
            function, float(table[i, j]), min(len(texts[i]), len(texts[j]))
        )
        for i, j in zip(rows, columns, strict=True)
    }


def alike(answers, given):
    """Pairs of students with answers that are alike, the strongest lead first.

    Arguments:
        answers: {function: {student: source}}
        given: {function: sources that everybody may have seen}
    """
    found = {}
    for function, by_student in answers.items():
        for students, part in alike_in(function, by_student, given.get(function, ())).items():
            found.setdefault(students, []).append(part)
    pairs = [Pair(students, tuple(parts)) for students, parts in found.items()]
    return sorted(pairs, key=lambda pair: (-pair.weight, pair.students))
