"""What the original project claims, field by field, and whether the evidence bears it.

It is a well-known kind of project: three sets merged, a ResNet18, "about 96 %". Where
it says nothing there is nothing to support. A verdict speaks of the run on the card:
one on simulated images, or trained otherwise, tests less. Few children support nothing:
where an interval agrees with the claim, and would with much else, it is not tested.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

from xraylab import evaluation, training
from xraylab.claim.evidence import Evidence
from xraylab.evaluation import Interval, calibration

SUPPORTED, NOT_SUPPORTED = "supported", "not supported"
NOT_TESTED = "not tested"
# "About 96 %": an interval that ends below the first excludes all that rounds to it,
# and one that begins at the second or above bears it out.
_ROUNDED, _ABOUT = 0.955, 0.95
_THRESHOLD, _NEAR = 0.5, 0.1  # a rule's range within this is one of about 0.5
_FAR = 0.05  # an ECE by chance above this could not tell true scores from false ones
_IF_TRUE = {"intercept": 0, "slope": 1}  # of scores that are chances
_LOOKS = "Three looks: each alone is off for 5 in 100 tests of true scores."
_ALONE = "Here one is, and not so far that three looks would not do it by chance."
# from a 95 % interval to one for three looks at once (Bonferroni), by normal quantiles
_STRETCH = NormalDist().inv_cdf(1 - 0.05 / 6) / NormalDist().inv_cdf(1 - 0.05 / 2)
_SIMULATED = "Simulated images do not speak of real ones."
_MIXED = "Some of the images are simulated."
_UNKNOWN = "Whether images are simulated is not known: the run does not say."
_NEW = 0.5  # a set counts as new data when more of it than this is in no other set
# settings that results from before they were there do not name
_NEWER = {"schedule", "class_weights", "sampler"}
_NAMED = {  # the settings that the original names, or would have to
    *("model", "weights", "epochs", "batch_size", "lr", "weight_decay", "dropout"),
    *("step_size", "size_px", *_NEWER),
}
Verdict = tuple[str, str]


class Statement(NamedTuple):
    """What the original says in a field, and how the evidence is held against it."""

    says: str
    judge: Callable[[Evidence], Verdict]


def _not_tested(why: str) -> Callable[[Evidence], Verdict]:
    return lambda e: (NOT_TESTED, why)


def _says_nothing() -> Statement:
    return Statement("Nothing.", _not_tested("There is nothing to support."))


def _judge_merge(e: Evidence) -> Verdict:
    """Ask whether each set brings images that no other set has."""
    if not e.merge:
        return NOT_TESTED, "The merge is not at hand."
    sources, flow = e.merge["sources"].values(), e.merge["flow"]
    if len(sources) < 2:
        return NOT_TESTED, "Here is one set only."
    why = (
        f"{flow['files with an image']:,} files at hand, of {len(sources)} sets, show "
        f"{flow['different images']:,} different images."
    )
    is_new = all(source["own"] > _NEW for source in sources)
    return _unless_rebuilt(e, SUPPORTED if is_new else NOT_SUPPORTED, why)


def _judge_split(e: Evidence) -> Verdict:
    """Ask whether a test drawn from all files holds images new to the network."""
    if e.protocol != "naive-merge" or e.splits is None:
        return NOT_TESTED, f"This run is split otherwise: {e.protocol}."
    seen = e.splits.loc["test", "image_in_train"]
    why = f"Of its test files {seen:.1%} show an image that is in training too."
    return _unless_rebuilt(e, NOT_SUPPORTED if seen else SUPPORTED, why)


def _unless_rebuilt(e: Evidence, verdict: str, why: str) -> Verdict:
    """Give no verdict on what sets share where we made one of the other."""
    if not e.rebuilt:
        return verdict, why
    names = ", ".join(e.rebuilt)
    return NOT_TESTED, f"{why} Rebuilt here, not the published files: {names}."


def _judge_recipe(e: Evidence) -> Verdict:
    theirs = training.RECIPES["original"].as_dict()
    ours = {name: theirs[name] for name in _NEWER} | e.recipe
    differ = [f"{n} {ours.get(n)}" for n in sorted(_NAMED) if ours.get(n) != theirs[n]]
    if ours.get("n_steps"):
        differ.append(f"{ours['n_steps']:,} steps in all")
    if differ:
        return NOT_TESTED, f"This run differs: {', '.join(differ)}."
    return SUPPORTED, "This run was trained so; that it is the best way is not shown."


def _judge_threshold(e: Evidence) -> Verdict:
    """Ask whether 0.5 is where a rule on validation puts the threshold."""
    if "promised" not in e.point:
        return NOT_TESTED, "No rule has chosen a threshold for this run."
    found = Interval(e.threshold, *(e.point[n] for n in Interval._fields[1:]))
    why = f"The rule {e.point['rule']} chooses {found}."
    if not found.low <= found.high:
        return NOT_TESTED, why
    agrees = found.low <= _THRESHOLD <= found.high
    is_sure = max(_THRESHOLD - found.low, found.high - _THRESHOLD) <= _NEAR
    return _weigh(why, agrees=agrees, is_sure=is_sure)


def _weigh(why: str, *, agrees: bool, is_sure: bool) -> Verdict:
    """Give a verdict, which is none where few children would agree with anything."""
    if not agrees:
        return NOT_SUPPORTED, why
    if not is_sure:
        return NOT_TESTED, f"{why} This agrees, and would with other values too."
    return SUPPORTED, why


def _judge_accuracy(on: str) -> Callable[[Evidence], Verdict]:
    """Ask whether an accuracy is about 96 % or more, and above its baseline."""

    def judge(e: Evidence) -> Verdict:
        if on not in e.answers:
            return NOT_TESTED, f"This run has no figures on {on}."
        row = evaluation.evaluate(e.answers[on], threshold=e.threshold).loc["accuracy"]
        found = Interval(*row[list(Interval._fields)])
        where = "elsewhere" if on == "external" else f"on the {on} of {e.protocol}"
        why = f"Accuracy {where} {found}, baseline {row['baseline']:.2f}."
        if on == "external":
            loud = [line for line in e.external if line.startswith("CAREFUL")]
            why = " ".join([why, *loud[-1:]])
            if e.has_simulated_external:
                return NOT_TESTED, why
        if on == "test" and e.protocol != "naive-merge":
            return NOT_TESTED, f"{why} The original's test was a part of all files."
        if not found.low <= found.high:
            return NOT_TESTED, why
        agrees = found.high >= _ROUNDED and found.low > row["baseline"]
        return _weigh(why, agrees=agrees, is_sure=found.low >= _ABOUT)

    return judge


def _judge_confidence(e: Evidence) -> Verdict:
    """Ask whether scores on the test are as far off as true ones are by chance."""
    if "test" not in e.answers:
        return NOT_TESTED, "This run has no figures on test."
    rows = calibration.measure_calibration(e.answers["test"])
    ece = rows.loc["ECE"]
    found = [Interval(*rows.loc[n, list(Interval._fields)]) for n in _IF_TRUE]
    why = (
        f"Mean distance of score and truth (ECE) {ece['value']:.3f}, by chance below "
        f"{ece['calibrated_high']:.3f}; intercept {found[0].figure}, slope "
        f"{found[1]}."
    )
    why += f" {_LOOKS}"
    looks = list(zip(found, _IF_TRUE.values(), strict=True))
    n_off = int(ece["value"] > ece["calibrated_high"])
    n_off += sum(_leaves_out(interval, value) for interval, value in looks)
    if n_off == 1 and not any(_leaves_out(i, v, _STRETCH) for i, v in looks):
        return NOT_TESTED, f"{why} {_ALONE}"
    is_given = all(interval.low <= interval.high for interval in found)
    is_sure = is_given and ece["calibrated_high"] <= _FAR
    return _weigh(why, agrees=n_off == 0, is_sure=is_sure)


def _leaves_out(interval: Interval, value: float, stretch: float = 1) -> bool:
    """Say whether a value lies outside; False where there is no interval."""
    low = interval.value - stretch * (interval.value - interval.low)
    high = interval.value + stretch * (interval.high - interval.value)
    return bool(low > value or high < value)


_NOBODY = "No patient and no clinic stand behind any figure here."
_LABELS = "Nobody here read the images again."
_COUNTS = "Its counts are not at hand."
_CURVE = "How often its test was read is not told; that of this one stands beside."
_MERGED = "Three sets from Kaggle, merged into a larger one."
SAYS = {
    "use": Statement("It detects pneumonia on chest X-rays.", _not_tested(_NOBODY)),
    "data": Statement(_MERGED, _judge_merge),
    "flow": _says_nothing(),
    "people": _says_nothing(),
    "reference": Statement("The folders tell the class.", _not_tested(_LABELS)),
    "protocol": Statement("A test set, a random part of all files.", _judge_split),
    "size": _says_nothing(),
    "recipe": Statement(
        "ResNet18 with ImageNet weights, Dropout(0.5), Adam at 0.001, weight decay "
        "1e-4, StepLR every 7 epochs, 20 epochs of batches of 32.",
        _judge_recipe,
    ),
    "point": Statement("Pneumonia from a score of 0.5 on.", _judge_threshold),
    "readings": Statement(
        "A curve of training and test accuracy over the epochs.", _not_tested(_CURVE)
    ),
    "figures": Statement("About 96 % accuracy on its test.", _judge_accuracy("test")),
    "errors": Statement("A confusion matrix is drawn.", _not_tested(_COUNTS)),
    "calibration": Statement(
        "“Prediction: Pneumonia (Confidence: ~96%)”: a score is a chance.",
        _judge_confidence,
    ),
    "subgroups": _says_nothing(),
    "external": Statement(
        "About 96 %, and no hospital is named.", _judge_accuracy("external")
    ),
    "robustness": _says_nothing(),
    "explanation": _says_nothing(),
    "availability": _says_nothing(),
    "support": _says_nothing(),
    "limits": _says_nothing(),
}


def judge(key: str, e: Evidence) -> tuple[str, str, str]:
    """Say of one field what the original says, the verdict, and why."""
    statement = SAYS[key]
    verdict, why = statement.judge(e)
    if e.simulated != "none" and verdict != NOT_TESTED:
        doubt = {"all": _SIMULATED, "some": _MIXED}.get(e.simulated, _UNKNOWN)
        verdict, why = NOT_TESTED, f"{why} {doubt}"
    return statement.says, verdict, why
