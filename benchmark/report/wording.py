"""Data sets and noise in words, from their settings."""

from collections.abc import Mapping


def data_in_words(entry: Mapping, dataset: str) -> str:
    """Return the title of a data set; of several with one title what tells them apart, parameters or the name.

    Of the parameters those stand there, in their order, that tell it from one that those before them do not.
    """
    own = entry["data"][dataset]
    twins = [other["params"] for other in entry["data"].values() if other["title"] == own["title"]]

    def text(params: Mapping) -> str:
        telling, alike = {}, twins
        for key, value in params.items():
            same = [twin for twin in alike if twin.get(key) == value]
            if len(same) < len(alike):
                telling[key], alike = value, same
        return ", ".join([own["title"], *_told(telling)])

    texts = [text(twin) for twin in twins]
    return text(own["params"]) + (f" ({dataset})" if texts.count(text(own["params"])) > 1 else "")


def noise_in_words(noise: Mapping) -> str:
    """Return a noise model and an operator with their settings, such as `Gaussian noise, sigma 0.1`."""
    parts, operator = [], noise.get("operator")
    if operator:
        own = {key: value for key, value in operator.items() if key != "kind"}
        parts.append(", ".join([_named(operator["kind"]), *_told(own)]))
    if "model" in noise:
        own = {key: value for key, value in noise.items() if key not in ("model", "operator", "noise_on")}
        place = f" on the {noise['noise_on']}" if "noise_on" in noise else ""
        parts.append(", ".join([f"{_named(noise['model'])} noise{place}", *_told(own)]))
    return "; ".join(parts) or "no noise"


def rounded(value: float) -> str:
    """Return a number with three significant digits, and a whole one with all that it has."""
    return f"{value:.0f}" if float(value).is_integer() else f"{float(f'{value:.3g}'):g}"


def _named(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _told(settings: Mapping) -> list[str]:
    """Return settings as words: of one that is only on or off its name, of a list with one value the value."""
    texts = []
    for key, value in settings.items():
        values = value if isinstance(value, list | tuple) else [value]
        words = [rounded(own) if isinstance(own, float) else str(own) for own in values]
        shown = "" if value is True else " " + ", ".join(words)
        if value is not None and value is not False:
            texts.append(f"{key.replace('_', ' ')}{shown}")
    return texts
