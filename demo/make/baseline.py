"""The baseline beside the guard: logistic regression on character n-grams of the judged text alone,
fitted on the very texts the guard was trained on.
"""

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from training_set import Example


def fit_baseline(examples: list[Example], task: str) -> Pipeline:
    """A classifier of "not Safe" for the last message of `task`."""
    rows = [example for example in examples if example.task == task]
    model = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=3, max_features=200_000),
        LogisticRegression(C=10.0, max_iter=300),
    )
    texts = [example.messages[-1]["content"] for example in rows]
    return model.fit(texts, [example.gold.label != "Safe" for example in rows])


def baseline_scores(model: Pipeline, texts: list[str]) -> list[float]:
    """The probability that each text is not Safe."""
    return model.predict_proba(texts)[:, 1].tolist()
