"""Commands that call a gateway over HTTP, as curl and wget do: its headers, and the models in what they send."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.fates.endpoints import Asked, address_in, asked, open_ended
from migrator.fates.providers import LOST
from migrator.formats.curl_options import HELD, Unit, configs, data, may_be_elsewhere, option_text, units_of
from migrator.formats.headers import Headers, Settled
from migrator.formats.shell import Command, commands, listed
from migrator.formats.shell_variables import Values, given
from migrator.sites import Edit, Finding, Span, Status

CALLS = re.compile(r"(?<![\w./$'\"-])(?:curl|wget)(?:\.exe)?(?=[ \t\\])(?![ \t]*[:=(])")
_ARRAY = re.compile(r"(?<![\w$-])(?P<name>[A-Za-z_]\w*)\+?=\(")
_ASSIGNED = re.compile(
    r"""(?<![\w$-])(?P<name>[A-Za-z_]\w*)=(?P<quote>["'])
        (?P<header>[\w-]+)(?P<colon>:[ \t]*)[^"'\n]*(?P=quote)""",
    re.VERBOSE,
)
_MODEL = re.compile(r"""\\?"model\\?"\s*:\s*\\?"(?P<model>[\w./:@-]+)\\?\"""")
_NAMED = re.compile(r"""\\?"model\\?"\s*:""")
_FILE = re.compile(r"@.")
_WITH_COMMANDS = "it stays, as what takes it does"


class Curl:
    """What is found in the commands of one text, for one client."""

    def __init__(self, text: str, headers: Headers, variable: str = "$") -> None:
        self.text, self.headers, self.client, self.variable = text, headers, headers.client, variable
        self.held: set[Span] = set()  # commands that stay as they are
        self._values = Values(text, dict.fromkeys(self.client.address, self._longest))
        self._of_staying, self._of_moving = frozenset[str](), frozenset[str]()  # the variables that commands are given

    def findings(self) -> Iterator[Finding]:
        """A finding for each command that calls the client's gateway, and for variables that hold its headers."""
        calls = list(commands(self.text, CALLS))
        for command in calls:
            yield from self._command(command)
        self._of_staying = given(c for c in calls if c.span in self.held)
        self._of_moving = given(c for c in calls if c.span not in self.held)
        arrays = [(m["name"], array) for m in _ARRAY.finditer(self.text) if (array := listed(self.text, m.end()))]
        keyed = {name for name, array in arrays for unit in units_of(array) if self._is_key(unit)}
        for name, array in arrays:
            if any(self.headers.is_ours(unit.name) for unit in units_of(array)):
                yield from self._array(name, array, may_add=name not in keyed)
                keyed.add(name)
        yield from self._assigned()

    # -------------------------------------------------------------------------------------------------- one command

    def _command(self, command: Command) -> Iterator[Finding]:
        units = list(units_of(command))
        ours = any(self.headers.is_ours(unit.name) for unit in units)
        yield from self._behind(command)
        address = next((a for word in command.words if (a := address_in(word.text, self.client))), "")
        if not ours and not address:
            return
        settled = self.headers.settle([(unit.name, unit.value) for unit in units])
        differs = self._asked(command)
        refused = differs if differs and differs.status is Status.MANUAL else None
        if differs:
            settled.say(differs.status, differs.message)
        if settled.fault or refused:
            self.held.add(command.span)
            rule, said = (refused.rule, refused.message) if refused else (settled.fault_rule, settled.fault)
            yield Finding(command.words[0].start, rule, Status.MANUAL, f"{command.words[0].raw}: {said}")
            return
        edits = list(self._headers(command, units, settled, may_add=ours and not may_be_elsewhere(command, units)))
        self._notes(command, units, settled, address, ours)
        for found in self._model(command, settled, edits):
            if found.status is Status.MANUAL:
                yield found
        if edits:
            said = f"{command.words[0].raw} calls {self.client.called}"
            if any("Bearer " in edit.text for edit in edits):
                said = f"{said}: the key is sent as Authorization: Bearer"
            start = next((unit.option.start for unit in units if self.headers.is_ours(unit.name)), edits[0].start)
            yield self._told(start, said, settled, edits)
        elif settled.notes:
            said = f"{command.words[0].raw} calls {self.client.called}"
            yield self._told(command.words[0].start, said, settled, [])

    def _told(self, start: int, said: str, settled: Settled, edits: list[Edit]) -> Finding:
        status = settled.status
        message = "; ".join([said, *settled.notes])
        return Finding(start, self.client.id, status, message, tuple(sorted(edits)))

    def _asked(self, command: Command) -> Asked | None:
        """What differs about the URL that a command calls, one that a variable holds as well."""
        found = (self._differs(self._values.apart(word.text, word.start)[0] or word.text) for word in command.words)
        return next((each for each in found if each), None)

    def _behind(self, command: Command) -> Iterator[Finding]:
        """What is gone, or not written down, behind an address that a variable holds: that is the new one, or moves."""
        new = self.headers.address
        for word in command.words:
            value, path = self._values.apart(word.text, word.start)
            begun = value.rstrip("/") in (*self.client.addresses, new, new.removesuffix("/v1"))
            if not begun or not path.strip("/"):
                continue
            differs = self._differs(f"{self._longest}/{path.lstrip('/')}")
            if differs and differs.status is Status.MANUAL:
                yield Finding(word.start, differs.rule, differs.status, f"{word.text}: {differs.message}")
            elif path.lstrip("/").startswith("$"):
                yield Finding(word.start, self.client.id, Status.REVIEW, f"{word.text}: {open_ended(self.client)}")

    @property
    def _longest(self) -> str:
        return max(self.client.addresses, key=len)

    def _differs(self, url: str) -> Asked | None:
        return asked(url, self.client, self.headers.names.rules.methods)

    def _notes(self, command: Command, units: list[Unit], settled: Settled, address: str, ours: bool) -> None:
        called = self.client.called
        held = [unit.word.raw for unit in units if not unit.name and ("$" in unit.word.raw or "@" in unit.word.raw)]
        files = [each for each in held if _FILE.match(each.strip("\"'"))]
        if files:
            settled.say(
                Status.REVIEW, f"headers in {', '.join(files)}: see that the file has the key as a bearer token"
            )
        if named := list(configs(command)):
            settled.say(Status.REVIEW, f"options in {', '.join(named)}: see that the key in it is a bearer token")
        others = [each for each in held if each not in files]
        if others:
            settled.say(Status.REVIEW, f"headers in {', '.join(others)}: see what they hold")
        if ours and not address and not any(HELD.match(word.text) for word in command.words[1:]):
            settled.say(Status.REVIEW, f"see that its address is that of {called}")

    # ------------------------------------------------------------------------------------------------------ headers

    def _headers(self, command: Command, units: list[Unit], settled: Settled, *, may_add: bool) -> Iterator[Edit]:
        """The edits of the headers of a command; what goes is taken out with the gap before or behind it."""
        instead = dict(settled.instead)
        key, other = settled.key, settled.authorization
        gone = {n for n, unit in enumerate(units) if self.headers.is_ours(unit.name) and n not in instead} - {key}
        if key is not None:
            yield from self._renamed(units[key], "Authorization", "Bearer ")
            gone |= {other} if other is not None else set()
        elif other is not None and (gone | {*instead} or self.headers.has_lost_key(units[other].value)):
            if not any(self.headers.names.env(word) for word in re.findall(r"\w+", units[other].value)):
                yield Edit(units[other].word.start, units[other].word.end, self._written(units[other], *self._bearer))
        elif may_add and (gone or instead):
            first = min(gone or instead)
            instead[first] = [*instead.get(first, []), self._bearer]
            gone.discard(first)
        for number, headers in instead.items():
            unit = units[number]
            gap = self._gap_before(command, unit)
            texts = [f"{option_text(unit)}{self._written(unit, name, value)}" for name, value in headers]
            if texts and unit.flags:
                texts[0] = f"{unit.flags} {texts[0]}"
            if texts:
                yield Edit(unit.option.start, unit.word.end, gap.join(texts))
            else:
                gone.add(number)
        yield from self._removed(command, [units[n] for n in sorted(gone)])

    @property
    def _bearer(self) -> tuple[str, str]:
        return "Authorization", f"Bearer {self.variable}{self.client.key_variable}"

    def _renamed(self, unit: Unit, name: str, before: str) -> Iterator[Edit]:
        """The name of a header and what its value begins with, the value as it is."""
        named = re.compile(rf"{re.escape(unit.name)}:\s*", re.IGNORECASE).match(self.text, unit.content)
        assert named is not None  # that is how its name was found
        end = named.end()
        if self.text[unit.content - 1] in "\"'":
            yield Edit(unit.content, end, f"{name}: {before}")
        elif re.search(r"[\"'\\]", self.text[end : unit.word.end]):
            yield Edit(unit.content, end, f'"{name}: {before}"')
        else:
            yield Edit(unit.content, end, f'"{name}: {before}')
            yield Edit(unit.word.end, unit.word.end, '"')

    def _written(self, unit: Unit, name: str, value: str) -> str:
        """A header as a word, in the quotes of the one that it stands for where these let variables through."""
        quote = self.text[unit.content - 1]
        quote = "'" if quote == "'" and "$" not in value else '"'
        return f"{quote}{name}: {value}{quote}"

    def _gap_before(self, command: Command, unit: Unit) -> str:
        number = next(n for n, word in enumerate(command.words) if word.start == unit.option.start)
        return self.text[command.words[number - 1].end : unit.option.start] if number else " "

    def _removed(self, command: Command, gone: list[Unit]) -> Iterator[Edit]:
        """The edits that take headers out, neighbours together, so that the lines that stay go on as they should."""
        starts = {word.start: n for n, word in enumerate(command.words)}
        runs: list[list[int]] = []  # first and last word of each run
        for unit in gone:
            first, last = starts[unit.option.start], starts[unit.word.start]
            if unit.flags:  # the others stay
                yield Edit(unit.option.start + len(unit.flags), unit.option.end, "")
                first += 1
            if first > last:
                continue
            if runs and runs[-1][1] == first - 1:
                runs[-1][1] = last
            else:
                runs.append([first, last])
        words = command.words
        for first, last in runs:
            before = words[first - 1].end if first else words[first].start
            after = words[last + 1].start if last + 1 < len(words) else None
            if after is not None and (not first or "\n" in self.text[before : words[first].start]):
                yield Edit(words[first].start, after, "")
            else:
                yield Edit(before, words[last].end, "")

    # -------------------------------------------------------------------------------------------------------- models

    def _model(self, command: Command, settled: Settled, edits: list[Edit]) -> Iterator[Finding]:
        """The id of the model in what a command sends; the edit joins the others, a finding is one by hand."""
        pieces = [*data(command), *command.documents]
        texts = [(start, self.text[start:end]) for start, end in pieces]
        found = [(start + m.start("model"), m["model"]) for start, text in texts for m in _MODEL.finditer(text)]
        if len(found) != 1 or sum(len(_NAMED.findall(text)) for _, text in texts) != 1:
            if pieces and (note := self.headers.begin(settled.provider)):
                settled.say(Status.REVIEW, note)
            elif pieces and settled.provider != self.client.itself and self.client.vendors:
                settled.say(Status.REVIEW, f"ids at {self.client.called} begin with who made the model")
            return
        at, model = found[0]
        new = self.headers.model(model, settled.provider)
        if new.status is Status.MANUAL:
            yield Finding(at, self.client.id, Status.MANUAL, f"{model}: {new.message}")
        elif new.text != model:
            edits.append(Edit(at, at + len(model), new.text))
            settled.say(new.status, f"{model} → {new.text}: {new.message}" if new.message else "")
            if settled.provider == LOST and new.message:
                settled.notes = [note for note in settled.notes if not note.startswith("nothing tells")]

    # ----------------------------------------------------------------------------------------------------- variables

    def _stays(self, name: str) -> bool:
        """Whether a variable is given to nothing but commands that stay."""
        return name in self._of_staying - self._of_moving

    def _see(self, name: str) -> str:
        """What to see to about headers that a variable holds."""
        if name in self._of_staying:
            return "a command that stays is given them too: give it headers of its own"
        return f"see that what takes them calls {self.client.called}"

    def _is_key(self, unit: Unit) -> bool:
        return self.headers.is_key(unit.name) or unit.name.lower() == "authorization"

    def _array(self, name: str, array: Command, *, may_add: bool) -> Iterator[Finding]:
        """An array that holds headers for commands."""
        units = list(units_of(array))
        settled = self.headers.settle([(unit.name, unit.value) for unit in units])
        if settled.fault:
            self.held.add(array.span)
            yield Finding(array.words[0].start, settled.fault_rule, Status.MANUAL, settled.fault)
            return
        if self._stays(name):
            self.held.add(array.span)
            yield Finding(array.words[0].start, self.client.id, Status.MANUAL, f"{name}: {_WITH_COMMANDS}")
            return
        edits = list(self._headers(array, units, settled, may_add=may_add))
        note = self.headers.begin(settled.provider)
        settled.say(Status.REVIEW, note or self._see(name))
        said = "headers in an array"
        said += ": the key is a bearer token" if any("Bearer " in edit.text for edit in edits) else ""
        yield self._told(array.words[0].start, said, settled, edits)

    def _assigned(self) -> Iterator[Finding]:
        """`AUTH="x-portkey-api-key: $KEY"`."""
        for match in _ASSIGNED.finditer(self.text):
            if self.headers.is_key(match["header"]) and self._stays(match["name"]):
                self.held.add(match.span())
                said = f"{match['name']}: {_WITH_COMMANDS}"
                yield Finding(match.start("header"), self.client.id, Status.MANUAL, said)
            elif self.headers.is_key(match["header"]):
                edit = Edit(match.start("header"), match.end("colon"), "Authorization: Bearer ")
                said = f"{match['name']} holds the header with the key: {self._see(match['name'])}"
                yield Finding(match.start("header"), self.client.id, Status.REVIEW, said, (edit,))
