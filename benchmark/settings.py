"""What may stand in the config, in the files of `experiments/` and in those of `sources/`: typed, and nothing else."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from benchmark.source import REQUIRED, Parameter

# It becomes a folder and a part of patterns; `:` and `*` have a meaning in claims and globs.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
ADDRESS = "^https?://"
# Numbers of YAML 1.2 that PyYAML, which knows YAML 1.1, takes for texts.
EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")
# Methods of an experiment start in so many steps, one after the other.
PRIORITIES = 10
TESTS = ("at_least", "at_most", "above", "below", "within")


class SettingsError(ValueError):
    """Something in the settings cannot be used: the place and what is wrong, and on a second line what helps."""

    def __init__(self, what: str, hint: str):
        super().__init__(f"{what}\n  {hint}")

    @classmethod
    def unknown(cls, where: str, kind: str, name: str, known: Iterable) -> "SettingsError":
        """Return the error for a name that is not known, with those that are, the nearest first."""
        names = [str(own) for own in known]
        near = get_close_matches(str(name), names, n=1)
        advice = f"did you mean {near[0]}? " if near and len(names) > 1 else ""
        return cls(f"{where}: unknown {kind} {name!r}", f"{advice}there are: {listing(names) or 'none'}")


class Strict(BaseModel):
    """A mapping that knows its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def knows_its_keys(cls, value: Any) -> Any:
        """Refuse a key that the model does not have, and name those that it has."""
        if isinstance(value, Mapping) and cls.model_config["extra"] == "forbid":
            for key in value:
                if key not in cls.model_fields:
                    raise _fault(f"unknown key {key!r}", f"there are: {listing(cls.model_fields)}")
        return value


def _fault(what: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("settings", "{what}", {"what": what, "hint": hint})


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) and EXPONENT.fullmatch(value) else value


def _named(value: Any) -> Any:
    """Take a name, or a list of names, for a mapping from them to no settings, and no settings for an empty mapping."""
    if isinstance(value, str | list):
        return {name: {} for name in _listed(value)}
    return {name: {} if own is None else own for name, own in value.items()} if isinstance(value, Mapping) else value


def _listed(value: Any) -> Any:
    """Take a single value for a list of it."""
    return value if value is None or isinstance(value, list) else [value]


def _methods(value: Any) -> Any:
    """Take a name for a method of that name, and lists within the list for what they hold."""
    flat = [own for entry in _listed(value) or [] for own in (entry if isinstance(entry, list) else [entry])]
    return [{"all_except": []} if own == "all" else {"name": own} if isinstance(own, str) else own for own in flat]


def _different(value: list[int]) -> list[int]:
    """Refuse a seed that stands twice: its runs would count twice."""
    if len(set(value)) < len(value):
        raise _fault("a seed stands twice", "each seed is run once")
    return value


Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Seeds = Annotated[
    list[Annotated[int, Field(ge=0, lt=2**63)]],
    Field(min_length=1),
    AfterValidator(_different),
    BeforeValidator(_listed),
]
Names = Annotated[list[str], BeforeValidator(_listed)]
SomeNames = Annotated[list[str], Field(min_length=1), BeforeValidator(_listed)]
Params = dict[str, Any]


class Data(Strict):
    """A data set of an experiment: its file in `datasets/`, by default that of its name, and parameters of `load`."""

    file: str | None = None
    rank: int | None = Field(None, ge=1)
    budget: int | None = Field(None, ge=1)
    params: Params = {}


class Method(Strict):
    """A method of an experiment, or with a `grid` one for each combination; or all of the task, but for some files."""

    name: str | None = None
    all_except: Names | None = None
    file: str | None = None
    label: str | None = None
    params: Params = {}
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = {}
    data: SomeNames | None = None
    seeds: Seeds | None = None
    time_limit: Number | None = Field(None, gt=0)
    priority: int = Field(0, ge=0, lt=PRIORITIES)

    @model_validator(mode="after")
    def is_one_thing(self) -> "Method":
        """Refuse an entry that is neither a method nor all of them, or both."""
        if (self.name is None) == (self.all_except is None):
            raise _fault("an entry is one method or many", "give it a `name`, or write `all`, or give it `all_except`")
        if self.name is None and (own := self.model_fields_set & {"file", "label", "params", "grid"}):
            raise _fault(f"`all_except` does not go with `{min(own)}`", "give that method an entry of its own")
        if both := self.params.keys() & self.grid.keys():
            raise _fault(f"`{min(both)}` is among the `params` and in the `grid`", "leave it in one of them")
        return self


class Change(Strict):
    """What a profile changes of methods."""

    label: str | None = None
    params: Params = {}
    data: SomeNames | None = None
    seeds: Seeds | None = None
    time_limit: Number | None = Field(None, gt=0)
    priority: int | None = Field(None, ge=0, lt=PRIORITIES)


class Printed(Strict):
    """Numbers that the source prints: of a measure, of what methods returned or of another iterate, by method."""

    metric: str | None = None
    iterate: Literal["returned", "last", "average", "oracle"] = "returned"
    data: str | None = None
    noise: str | None = None
    item: str | None = None
    values: dict[str, Number]


class Sweep(Strict):
    """A figure of measures against the rank, or against noise or data sets, whose names `values` places on the axis.

    A number is a place of the axis, a text a tick of its own beside it, such as `no noise`.
    """

    over: Literal["rank", "noise", "dataset"]
    label: str
    values: dict[str, Annotated[Number | str, Field(union_mode="left_to_right")]] = {}
    metrics: SomeNames

    @model_validator(mode="after")
    def has_places(self) -> "Sweep":
        """Refuse an axis without places, and two at one place, which would pass for one."""
        if self.over != "rank" and not self.values:
            raise _fault(f"a sweep over {self.over} needs `values`", f"give each {self.over} its place on the axis")
        if len({*self.values.values()}) < len(self.values):
            raise _fault("two of the sweep's `values` are equal", f"give each {self.over} a place of its own")
        return self


class Condition(Strict):
    """A statistic of the scores with its arguments, and one test of it (see `benchmark.report.claims`)."""

    model_config = ConfigDict(extra="allow")

    effect: str
    statistic: str
    each: Literal["dataset", "noise", "item"] | None = None
    mean_over: Literal["dataset", "noise", "item"] | None = None
    dataset: Names | None = None
    noise: Names | None = None
    item: Names | None = None
    beyond: str | None = Field(None, pattern=r"^[1-9] standard (errors?|deviations?)$")
    smallest: Number | None = Field(None, ge=0)
    at_least: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    below: Number | None = None
    within: Number | None = None

    @model_validator(mode="after")
    def has_one_test(self) -> "Condition":
        """Refuse a condition without a test, with two, or with a margin that its test does not have."""
        tests = [name for name in TESTS if getattr(self, name) is not None]
        if len(tests) != 1:
            raise _fault(
                f"a condition has one test, and this has: {listing(tests) or 'none'}", f"there are: {listing(TESTS)}"
            )
        if self.beyond and tests[0] not in ("above", "below"):
            raise _fault(f"`beyond` does not go with `{tests[0]}`", "it goes with: above, below")
        if self.smallest is not None and tests[0] not in ("above", "below"):
            raise _fault(f"`smallest` does not go with `{tests[0]}`", "it goes with: above, below")
        return self


class Claim(Strict):
    """A claim of the source, also in `short`, which holds if its conditions do; `why` may differ by profile."""

    id: str
    claim: str
    short: str | None = Field(None, max_length=40)
    where: str | None = None
    own_data: Names = []
    conditions: list[Condition] = Field(min_length=1)
    why: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def reads_one_reason(cls, value: Any) -> Any:
        """Take one `why` for that of every profile, under the key `*`."""
        if isinstance(value, Mapping) and isinstance(value.get("why"), str):
            return {**value, "why": {"*": value["why"]}}
        return value


class Place(Strict):
    """Where an experiment comes from: a file of `sources/`, the place there, and the methods there, in its order."""

    of: str
    place: str = ""
    methods: Names = []


class Cut(Strict):
    """What a profile changes of an experiment; `data` and `noise` that it names are all that it runs on."""

    extends: str | None = None
    data: Annotated[dict[str, Params], BeforeValidator(_named)] | None = Field(None, min_length=1)
    noise: Annotated[dict[str, Params], BeforeValidator(_named)] | None = Field(None, min_length=1)
    pose: Params = {}
    seeds: Seeds | None = None
    only: SomeNames | None = None
    without: Names = []
    methods: dict[str, Change] = {}
    figures: Names | None = None
    pictured: SomeNames | None = None
    sweep: Sweep | None = None
    printed: Annotated[list[Printed], BeforeValidator(_listed)] | None = None
    notes: str = ""


def _of_different_names(claims: list[Claim]) -> list[Claim]:
    """Refuse two claims of one name: they would be read as one."""
    for name, number in Counter(claim.id for claim in claims).items():
        if number > 1:
            raise _fault(f"{number} claims have the id {name!r}", "give each an id of its own")
    return claims


class Experiment(Strict):
    """An experiment: the protocol of its source, and the profiles that cut it down."""

    title: str
    source: Place | None = None
    task: str
    pose: Params = {}
    data: Annotated[dict[str, Data], BeforeValidator(_named)] = Field(min_length=1)
    noise: Annotated[dict[str, Params], BeforeValidator(_named)] = Field({"none": {}}, min_length=1)
    seeds: Seeds = [0]
    methods: Annotated[list[Method], BeforeValidator(_methods)] = Field(min_length=1)
    subject: Names = []
    reference: str | None = None
    printed: Annotated[list[Printed], BeforeValidator(_listed)] = []
    figures: Names = []
    pictured: SomeNames | None = None
    sweep: Sweep | None = None
    notes: str = ""
    claims: Annotated[list[Claim], AfterValidator(_of_different_names)] = []
    profiles: dict[str, Cut] = {}


class Source(Strict):
    """A paper or a lecture: its title, where it is, its code, and what it calls what it is about."""

    title: str
    citation: str
    url: str | None = Field(None, pattern=ADDRESS)
    code: str | None = Field(None, pattern=ADDRESS)
    subject: str | None = None


class ProfileSettings(Strict):
    """What a profile sets where the config leaves it open."""

    time_limit: Number | None = Field(None, gt=0)
    mirror: str | None = None


class Config(Strict):
    """The config: what is run, and how."""

    profile: str = Field(pattern=f"^{NAME.pattern}$")
    select: SomeNames
    folders: SomeNames
    device: Literal["auto", "cpu", "cuda"]
    threads: int = Field(ge=1)
    time_limit: Number | None = Field(None, gt=0)
    downloads: str
    mirror: str | None = None
    experiments: dict[str, Params] = {}
    profiles: dict[str, ProfileSettings] = {}


class _Loader(yaml.CSafeLoader):
    """A loader that refuses a key that stands twice, of which YAML itself takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        for (tag, key), number in Counter((key.tag, key.value) for key, _ in node.value if key.id == "scalar").items():
            if number > 1 and tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; raise SettingsError with the place of its first fault."""
    try:
        with path.open("rb") as file:
            return yaml.load(file, _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no YAML", " ".join(str(error).split())) from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read", str(error)) from error


def checked(model: type[Strict], value: Any, where: str) -> Any:
    """Return `value` as the model; raise SettingsError for its first fault, at its place in `where`."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _said(error, where) from error


def typed(values: Mapping[str, Any], parameters: Mapping[str, Parameter], where: str, owner: str) -> dict[str, Any]:
    """Return parameters as their annotations have them; raise SettingsError for one that does not fit.

    `parameters` are those of a function of the file `owner`; each that has no default must be there.
    """
    takes = f"{owner} takes: {listing(parameters) or 'none'}"
    for name in values:
        if name not in parameters:
            raise SettingsError(f"{where}: unknown parameter {name!r}", f"{takes} (parameters are those after a `*`)")
    for name, parameter in parameters.items():
        if parameter.default is REQUIRED and name not in values:
            raise SettingsError(f"{where}: the parameter {name!r} is missing", takes)
    result = {}
    for name, value in values.items():
        annotation = parameters[name].annotation
        try:
            fit = adapter(annotation).validate_python(value)
        except ValidationError as error:
            takes = f"{owner} takes `{name}: {annotation}`, given: {given(value)}"
            raise _said(error, f"{where}: {name}", takes) from error
        result[name] = value if isinstance(value, int) else fit  # 100 stays 100 where a float may stand
    return result


@cache
def adapter(annotation: str) -> TypeAdapter:
    """Return what checks a value against an annotation, such as `int | None`; one that is not known lets all pass."""
    known = {"int": int, "str": str, "bool": bool, "float": Number, "list": list, "dict": dict}
    known |= {"Sequence": list, "Mapping": dict, "Literal": Literal, "Count": Annotated[int, Field(ge=1)]}
    known |= {"NotNegative": Annotated[Number, Field(ge=0)], "Positive": Annotated[Number, Field(gt=0)]}
    known |= {"Share": Annotated[Number, Field(ge=0, le=1)]}
    try:
        parsed = ast.parse(annotation, mode="eval")
        if any(isinstance(node, (ast.Attribute, ast.Call)) for node in ast.walk(parsed)):  # which could do anything
            raise TypeError(annotation)
        kind = eval(annotation, {"__builtins__": {}}, known)
    except (NameError, SyntaxError, TypeError):
        kind = Any
    return TypeAdapter(kind, config=ConfigDict(strict=True))


def given(value: Any) -> str:
    """Return a value that does not fit, and of a number that is a text why it can be one."""
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?|true|false|null", value):
        return f"{value!r}, a text, as numbers in quotes and within --config are"
    return shortened(value)


def shortened(value: Any) -> str:
    """Return a value as messages show it."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def listing(names: Iterable) -> str:
    """Return names sorted and comma-separated, for a message."""
    return ", ".join(sorted(map(str, names)))


def _said(error: ValidationError, where: str, hint: str = "") -> SettingsError:
    """Return the first fault with its place: what is wrong, and what helps."""
    fault = error.errors(include_url=False)[0]
    # Of a union pydantic names the branch, too.
    place = ".".join(str(part) for part in fault["loc"] if not re.search(r"[\[(]|^(int|str|float)$", str(part)))
    found = "it is missing" if fault["type"] == "missing" else f"given: {given(fault['input'])}"
    message, hint = fault["msg"], hint or fault.get("ctx", {}).get("hint", found)
    return SettingsError(f"{where}{place and f': {place}'}: {message[0].lower()}{message[1:]}", hint)
