"""What a parameter from outside may be: one kind of field for each kind of value, with its check and its message."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class ParameterError(ValueError):
    """A parameter that is not allowed.

    Args:
        field: Its name, or "" if no single one is to blame.
        message: What came and what is allowed, as a sentence.

    Attributes:
        field: Its name, or "" if no single one is to blame.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Field:
    """One parameter.

    Attributes:
        name: As in JSON and in Python.
        flag: As on the command line.
        label: As on the page.
        default: Its value if none is given.
        hint: What it is and, where it has a unit, which; one line.
    """

    name: str
    flag: str
    label: str
    default: Any
    hint: str

    def check(self, value: Any) -> Any:
        """The value, in its own type.

        Raises:
            ParameterError: It is not allowed.
        """
        raise NotImplementedError

    def from_text(self, text: str) -> Any:
        """A value from the command line; what cannot be read stays a text, which `check` refuses."""
        return text

    def described(self) -> dict[str, Any]:
        """What the page needs to show and check the field."""
        return {"name": self.name, "label": self.label, "default": self.default, "hint": self.hint}

    def refuse(self, value: Any, allowed: str) -> ParameterError:
        """The error that names a value and says what is allowed."""
        return ParameterError(self.name, f"{self.label} is {shorten(value)}; {allowed}")


@dataclass(frozen=True)
class NumberField(Field):
    """A number.

    Attributes:
        low: The least that is allowed.
        high: The greatest that is allowed.
        is_whole: Only integers are allowed.
    """

    low: float
    high: float
    is_whole: bool

    def check(self, value: Any) -> Any:
        """The number: an int if it must be whole, else a float.

        Raises:
            ParameterError: No number, or one outside the bounds.
        """
        is_number = isinstance(value, int if self.is_whole else int | float) and not isinstance(value, bool)
        if not is_number or not self.low <= value <= self.high:
            kind = "a whole number" if self.is_whole else "a number"
            raise self.refuse(value, f"give {kind} from {self.low:.10g} to {self.high:.10g}.")
        return value if self.is_whole else float(value)

    def from_text(self, text: str) -> Any:
        """The number that a text stands for, or the text."""
        try:
            return int(text) if self.is_whole else float(text)
        except ValueError:
            return text

    def described(self) -> dict[str, Any]:
        """As in `Field`, with the kind ("integer" or "number") and the bounds."""
        kind = "integer" if self.is_whole else "number"
        return {**super().described(), "kind": kind, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class ChoiceField(Field):
    """One of a few names.

    Attributes:
        choices: By name its title for people.
    """

    choices: Mapping[str, str]

    def check(self, value: Any) -> str:
        """The name.

        Raises:
            ParameterError: None of the choices.
        """
        if not isinstance(value, str) or value not in self.choices:
            raise self.refuse(value, f"give one of {', '.join(self.choices)}.")
        return value

    def described(self) -> dict[str, Any]:
        """As in `Field`, with the names and titles to choose from."""
        choices = [{"name": name, "title": title} for name, title in self.choices.items()]
        return {**super().described(), "kind": "choice", "choices": choices}


@dataclass(frozen=True)
class LayersField(Field):
    """A list of layer sizes.

    Attributes:
        max_layers: The longest list that is allowed.
        max_units: The largest layer that is allowed; the smallest has one unit.
    """

    max_layers: int
    max_units: int

    def check(self, value: Any) -> tuple[int, ...]:
        """The units of each layer.

        Raises:
            ParameterError: No list of whole numbers, or one outside the bounds.
        """
        allowed = f"give at most {self.max_layers} whole numbers, each from 1 to {self.max_units}."
        if not isinstance(value, list | tuple):
            raise self.refuse(value, allowed)
        if len(value) > self.max_layers:
            raise ParameterError(self.name, f"{self.label} has {len(value)} layers; {allowed}")
        for size in value:
            if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= self.max_units:
                raise ParameterError(self.name, f"{self.label}: a size is {shorten(size)}; {allowed}")
        return tuple(value)

    def from_text(self, text: str) -> Any:
        """The sizes in a text like "64,32"; a size that is no number stays a text."""
        return [_integer_or_text(part.strip()) for part in text.split(",")] if text.strip() else []

    def described(self) -> dict[str, Any]:
        """As in `Field`, with the bounds."""
        sizes = {"max_layers": self.max_layers, "max_units": self.max_units}
        return {**super().described(), "default": list(self.default), "kind": "layers", **sizes}


@dataclass(frozen=True)
class NameField(Field):
    """A name that is safe as a folder's everywhere: empty, or ASCII letters, digits, dots, underscores and dashes.

    Attributes:
        max_length: Characters that are allowed.
    """

    max_length: int

    def check(self, value: Any) -> str:
        """The name.

        Raises:
            ParameterError: Too long, or not safe as a folder's name.
        """
        allowed = (
            f"give at most {self.max_length} of a-z, A-Z, 0-9, '-', '_' and '.', beginning and ending with a letter "
            "or a digit, or nothing."
        )
        if not isinstance(value, str) or len(value) > self.max_length or not _is_safe(value):
            raise self.refuse(value, allowed)
        return value

    def described(self) -> dict[str, Any]:
        """As in `Field`, with the longest length."""
        return {**super().described(), "kind": "name", "max_length": self.max_length}


def _is_safe(name: str) -> bool:
    inner = name.replace("-", "").replace("_", "").replace(".", "")
    return not name or (name.isascii() and inner.isalnum() and name[0].isalnum() and name[-1].isalnum())


def shorten(value: Any) -> str:
    """A value as it came, cut to a length that fits a sentence."""
    try:
        text = reprlib.repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits.
        return "too long to show"
    return text if len(text) <= 60 else text[:57] + "..."


def _integer_or_text(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text
