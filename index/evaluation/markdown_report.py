"""The report as a text to read, in Markdown. Pure."""

from collections.abc import Sequence

from index.evaluation.comparison import Change, Comparison, Pair
from index.evaluation.markdown import grid, line, number, percent, points, share
from index.evaluation.metrics import Figures, Row, figures, worst_refused, worst_wrong
from index.evaluation.report import Head
from index.evaluation.retrieval_benchmark import OURS, Score
from index.evaluation.run import Judged, Reason
from index.evaluation.slices import JUDGEMENT, parts

NO_PICTURES = "No pictures: matplotlib is not installed (it comes with the build dependencies)."
SHOWN = ("first", "right", "wrong")  # measures of a comparison; report.json has all
_TITLES = {JUDGEMENT: "Judgement part: {} questions", "all": "All {} questions"}
_SET_ASIDE = (
    "These are set aside from fitting. They are unseen as long as the decision named above was fitted on the "
    "calibration part alone."
)
_LEGEND = (
    "Shares of n, each with its 95 % bootstrap interval. *Right*: the expected outcome. *Answered*: an entry was "
    "shown as the answer. *Wrong*: an answer or a choice was shown that is not right. *Refused*: an answerable "
    "question was refused."
)


def document(
    head: Head, judged: Sequence[Judged], comparisons: Sequence[Comparison], pictures: Sequence[tuple[str, str]]
) -> str:
    """The whole report; ``pictures`` are file names with their captions."""
    sections = [f"# Evaluation of {head.made}", _head(head), _LEGEND]
    for name, found in parts(judged).items():
        sections += [f"## {_TITLES[name].format(len(found))}", *([_SET_ASIDE] if name == JUDGEMENT else [])]
        sections += [_part(figures(found))]
    sections += ["## Pictures", *([f"![{caption}]({name})" for name, caption in pictures] or [NO_PICTURES])]
    for one in comparisons:
        sections += [f"## {one.before} and {one.after}", comparison(one)]
    sections += ["## The worst wrong answers", _cases(worst_wrong(judged))]
    sections += ["## The answerable questions most surely refused", _cases(worst_refused(judged))]
    return "\n\n".join(sections) + "\n"


def _head(head: Head) -> str:
    return (
        f"Questions: {head.questions}. Encoder: {head.encoder}. Content: {head.content[:16]}. "
        f"Decision: {head.fitted_on}; answers from a probability of {head.answer_from}, offers a choice from "
        f"{head.offer_from}."
    )


def _part(found: Figures) -> str:
    tables = (("total", found.totals), ("kind", found.kinds), ("language", found.languages))
    return "\n\n".join((headline(("value",), (found,)), *(rows(name, shown) for name, shown in tables)))


def _cases(found: Sequence[Judged]) -> str:
    return "\n".join(map(case, found)) or "None."


def rows(name: str, found: Sequence[Row]) -> str:
    """The shares of some slices, with their intervals."""
    lines = [
        [row.slice, str(row.count), *map(share, (row.right, row.answered, row.wrong, row.refused))] for row in found
    ]
    return grid((name, "n", "right", "answered", "wrong", "refused"), lines)


def headline(names: Sequence[str], found: Sequence[Figures]) -> str:
    """The figures that need no slices, a column for each of the judgements named."""
    lines = (
        ("first in the ranking is right, of the answerable", [share(one.first) for one in found]),
        ("AUROC, right answers against far", [number(one.auroc_far) for one in found]),
        ("AUROC, right answers against near and unanswerable", [number(one.auroc_near) for one in found]),
        ("expected calibration error", [f"{one.calibration_error:.3f}" for one in found]),
        ("duration of a search, p50, ms", [f"{one.p50:.1f}" for one in found]),
        ("duration of a search, p95, ms", [f"{one.p95:.1f}" for one in found]),
    )
    return grid(("figure", *names), [(label, *values) for label, values in lines])


def case(one: Judged) -> str:
    """One question that went wrong, with what spoke for and against the first in the ranking."""
    item = one.item
    about = ", ".join(text for text in (item.kind, item.lang, item.split) if text)
    expected = f"answered with {' or '.join(item.entries)}" if item.answerable else item.expect
    ranked = sorted(one.reasons, key=lambda reason: -abs(reason.share))
    return "\n".join(
        (
            f"- **{item.id}** ({about}): {line(item.question)}",
            f"  - expected: {expected}",
            f"  - came: {one.came}; probability {one.probability:.2f} for {one.best or 'nothing'}",
            f"  - for: {_reasons([reason for reason in ranked if reason.share > 0])}",
            f"  - against: {_reasons([reason for reason in ranked if reason.share < 0])}",
        )
    )


def comparison(found: Comparison) -> str:
    """What differs between two judgements: a table, and the questions that turned."""
    sections = [differences(found)]
    for name, pairs in (("right", found.turned_right), ("wrong", found.turned_wrong)):
        sections += [f"Turned {name}, {found.before} → {found.after}: {len(pairs)}"]
        sections += [turned(pairs)] if pairs else []
    return "\n\n".join(sections)


def differences(found: Comparison) -> str:
    """What differs between two judgements, slice by slice."""
    if not found.count:
        return f"No question in common with {found.before}."
    measured = [[change for change in found.changes if change.measure == measure] for measure in SHOWN]
    table = grid(("slice", "n", *SHOWN), [_change(changes) for changes in zip(*measured, strict=True)])
    both = headline((found.before, found.after), found.figures)
    return "\n\n".join((*([found.note] if found.note else []), _counts(found), both, table))


def turned(pairs: Sequence[Pair]) -> str:
    """The questions whose outcome turned from right to wrong, or the other way."""
    return "\n".join(
        f"- {after.item.id} ({after.item.kind}): {line(after.item.question)} — {before.came} → {after.came}"
        for before, after in pairs
    )


def retrieval(scores: Sequence[Score]) -> str:
    """Retrieval alone, a table for each file of passages."""
    languages = dict.fromkeys(score.passages for score in scores)
    return "\n\n".join(
        f"Passages in {lang}:\n\n{_scores([score for score in scores if score.passages == lang])}"
        for lang in languages
    )


def _scores(scores: Sequence[Score]) -> str:
    lines = [
        (
            f"{score.questions}: {score.method}",
            str(score.count),
            share(score.hit_at_1),
            f"{score.mrr_at_10:.3f}",
            f"{score.ndcg_at_10:.3f}",
            f"{score.p50:.1f} / {score.p95:.1f}" if score.method == OURS else "",
        )
        for score in scores
    ]
    return grid(("questions: method", "n", "hit@1", "MRR@10", "nDCG@10", "p50 / p95, ms"), lines)


def _reasons(reasons: Sequence[Reason]) -> str:
    shown = [
        f"{reason.feature} {reason.value:.3g} ({reason.share:+.2f})"
        for reason in reasons
        if abs(reason.share) >= 0.005
    ]
    return "; ".join(shown) or "nothing"


def _sides(found: Comparison) -> tuple[str, str, str]:
    return found.before, found.after, "difference"


def _change(changes: Sequence[Change]) -> list[str]:
    cells = [f"{percent(one.before)} → {percent(one.after)}, {points(one.difference)}" for one in changes]
    return [changes[0].slice, str(changes[0].count), *cells]


def _counts(found: Comparison) -> str:
    text = f"{found.count} questions in common"
    if found.dropped or found.added:
        text += f"; {found.dropped} only in {found.before}, {found.added} only in {found.after}"
    if found.relabelled:
        text += f"; {found.relabelled} carry another label, so they may turn without a change in the bot"
    return f"{text}. {found.before} → {found.after}, and the difference in percentage points with its 95 % interval."
