"""The rounds in which the files of a run are read: code first, then what waits for it, and again what others change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from migrator.packs.ruleset import Rules
from migrator.planning.candidates import Candidates
from migrator.planning.clients.in_project import Place
from migrator.planning.clients.made import Client, clients
from migrator.planning.distributions import Distributions
from migrator.planning.file import Known, Result, changes_of, planned
from migrator.planning.router.project import with_router
from migrator.planning.spoken import Read, Spoken, is_code, read_after, reading_on
from migrator.planning.still_used import NOTEBOOK, imported, lists_dependencies
from migrator.planning.task import Task
from migrator.planning.work import Work
from migrator.python.reading.index import Index
from migrator.sites import Change
from migrator.tree.parallel import in_order


class Rounds:
    """The rounds of one run; `index` is the one that the last of them went by."""

    def __init__(
        self,
        task: Task,
        candidates: Candidates,
        index: Index,
        parts: Distributions,
        places: Mapping[str, Place],
        moves: dict[str, str],
    ) -> None:
        self.task, self.candidates, self.index = task, candidates, index
        self.parts, self.places, self.moves = parts, places, moves
        self.paths, self.done = sorted({*candidates.by_path, *moves}), 0
        waiting = [path for path in self.paths if index.names.rules.dependencies and lists_dependencies(path)]
        self.code = sorted({*self.paths} - {*waiting})
        self.notebooks = [path for path in waiting if path.endswith(NOTEBOOK)]
        self.lists = sorted({*waiting} - {*self.notebooks})

    def results(self) -> tuple[list[Result], Mapping[Place, Client]]:
        """What is found in every file, and the client modules that this asks for."""
        rules = self.index.names.rules
        code, attempts = self._of_code(), [rules]
        settled = reading_on(rules, (each.spoken for each in code), self._of_notebooks, self.candidates)
        if settled is not rules:
            attempts = [replace(rules, staying=True), settled]
            self._go_by(settled)
            code = self._of_code()
        code = self._with_commands(code)
        for rules in attempts:  # what is no code moves on its own where some of it sends requests
            if len(attempts) > 1:
                self._go_by(rules)
            known, read = self._clients(changes_of(code)), self._read(code)
            rest = self._of_rest(code, known, read)
            if any(each.spoken.sends for each in rest):
                break
        all_read = self._read([*code, *rest], self.notebooks)
        if all_read != read:
            rest = self._of_rest(code, known, all_read)
        final = self._clients(changes_of([*code, *rest]))
        if any(final[home].needs != known[home].needs for home in final):  # what texts use is listed as well
            rest = self._of_rest(code, final, all_read)
        return [*code, *rest], final

    def _go_by(self, rules: Rules) -> None:
        self.index = self.candidates.index(rules)

    def _of_code(self) -> list[Result]:
        self.done = 0
        return self._rewritten(self.code, self._clients(()), ())

    def _with_commands(self, code: list[Result]) -> list[Result]:
        """The results of code, of which those with commands that install something wait for what the others import."""
        its = {rule.id for rule in self.index.names.rules.dependencies}
        late = sorted({site.path for result in code for site in result.sites if site.rule in its})
        self.done -= len(late)
        again = self._rewritten(late, self._clients(()), changes_of(code))
        return [*(result for result in code if result.spoken.path not in late), *again]

    def _of_notebooks(self) -> Iterator[Spoken]:
        return (each.spoken for each in self._rewritten(self.notebooks, self._clients(()), ()))

    def _of_rest(self, code: Sequence[Result], its: Mapping[Place, Client], read: Read) -> list[Result]:
        """The results of what lists dependencies, which waits for what the code goes on using."""
        self.done, changes = len(code), changes_of(code)
        cells = self._rewritten(self.notebooks, its, changes, read)
        made = with_router(self.index.names.rules, self.candidates, Work([], [])).changes
        return [*cells, *self._rewritten(self.lists, its, [*changes, *changes_of(cells), *made], read, cells=True)]

    def _read(self, results: Sequence[Result], besides: Sequence[str] = ()) -> Read:
        """What goes on being read by code, and by some other files."""
        told = [each.spoken for each in results]
        reads = partial(_is_code_or, besides)
        return read_after(self.index.names, self.candidates, changes_of(results), told, reads)

    def _clients(self, changes: Sequence[Change]) -> Mapping[Place, Client]:
        return clients(self.places, self.parts, self.index, changes)

    def _rewritten(
        self,
        group: Sequence[str],
        its: Mapping[Place, Client],
        changes: Iterable[Change],
        read: Read | None = None,
        *,
        cells: bool = False,
    ) -> list[Result]:
        index, parts, places = self.index, self.parts, self.places
        indexes = {folder: its[places[folder]].index if places else index for folder in parts.folders}
        homes = {folder: place.dotted for folder, place in places.items()}
        used = imported(index, self.candidates, parts, changes, homes, cells=cells)
        one = partial(planned, self.candidates, Known(parts, indexes, used, read), self.task.options, self.moves)
        results = []
        for result in in_order(one, group, self.task.options.jobs):
            self.done += 1
            self.task.progress("rewriting", self.done, len(self.paths))
            results.append(result)
        return results


def _is_code_or(others: Sequence[str], path: str) -> bool:
    return path in others or is_code(path)
