"""What a project has of the modules of a library that is left: who asks for them, and what takes their place."""

from __future__ import annotations

from migrator.patterns import under
from migrator.python.reading.facts import Facts, used_of
from migrator.python.reading.index import Index
from migrator.tree.aside import is_test


def imports(index: Index, library: str) -> bool:
    """Whether any module imports a library, or a name of it."""
    return any(under(m, library) for facts in index.by_path.values() for ts in facts.bound.values() for m in ts)


ANOTHERS = (
    "only tests name it here: what is meant is another library, which goes on calling it: leave this, or see it off"
)
SPLIT = "see what that module reads it from now"


def is_called(index: Index) -> bool:
    """Whether a module that is no test calls what is the client module's afterwards, or may."""
    said = index.shared.get("calls of a library")
    if said is None:
        said = any(_calls(index, facts) for facts in index.by_path.values() if not is_test(facts.path))
        index.shared["calls of a library"] = said
    return bool(said)


def _calls(index: Index, facts: Facts) -> bool:
    if any(index.names.is_module(each) for each in facts.requested):
        return True
    for local, targets in facts.bound.items():
        for target in map(index.canonical, filter(None, targets)):
            whole = index.names.is_module(target)
            reads = facts.reached.get(local, ("",)) if whole else ()
            fates = [index.names.fate(f"{target}.{read}") for read in reads] if whole else [index.names.fate(target)]
            if "" in reads or any(fate and fate.to == index.names.client for fate in fates):
                return True
    return False


def requester(index: Index, dotted: str) -> str:
    """The first module that has a library imported by name, where nothing can follow it; "" for none.

    `dotted` is the library or a name of it.
    """
    library = next((each.module for each in index.names.rules.libraries if under(dotted, each.module)), "")
    return min((f.path for f in index.by_path.values() if library in f.requested), default="") if library else ""


def given(index: Index, facts: Facts, to: str, alias: str) -> tuple[str, str]:
    """How a module writes another one that it uses from now on, and the import that gives it."""
    libraries, client = index.names.rules.libraries, index.names.client
    apart = any(under(to, module) for each in libraries for module in each.apart)
    if to != client and not apart:
        first = to.partition(".")[0]
        local = _free(index, facts, first, to)
        beside = any(under(each.module, first) for each in libraries)  # nothing else imports a module of it
        named = to if beside else first
        return f"{local}{to[len(first) :]}", f"import {named}" if local == first else f"import {first} as {local}"
    package, _, leaf = to.rpartition(".")
    local = (alias or _free(index, facts, leaf, to, "gateway")) if to == client else _free(index, facts, leaf, to)
    named = f"import {leaf}" if local == leaf else f"import {leaf} as {local}"
    return local, f"from {package} {named}" if package else named


def _free(index: Index, facts: Facts, name: str, target: str, *others: str) -> str:
    """A name that a module does not use for anything else than the target."""
    names = (each for each in (name, *others, f"{name}_sdk") if _is_free(index, facts, each, target))
    return next(names, f"{name}_")


def _is_free(index: Index, facts: Facts, name: str, target: str) -> bool:
    top = target.partition(".")[0]
    return all(index.new_name(t) in (target, top) for t in facts.bound.get(name, ()))


def uses_moved(index: Index) -> bool:
    """Whether any module of the project uses something of a library that is elsewhere now."""
    used = (name for facts in index.by_path.values() for name in used_of(facts))
    return any(fate.kind == "moved" for name in used if (fate := index.names.fate(name)))


def is_read_for_what_stays(index: Index, dotted: str) -> bool:
    """Whether a project module's own name for a library gives it only what stays there."""
    module = index.module_of(dotted)
    facts = index.by_name.get(module)
    name = dotted[len(module) + 1 :]
    target = index.canonical(facts.exports.get(name, "")) if facts else ""
    fates = [index.names.fate(f"{target}.{read}") for read in facts.reached.get(name, ())] if facts else []
    return all(fate is not None and fate.kind == "stays" for fate in fates)


def is_split(index: Index, dotted: str) -> bool:
    """Whether a project module's own name for a library is one for a module that only some of it is in afterwards."""
    if not index.module_of(dotted) or not index.names.is_module(index.canonical(dotted)):
        return False
    if index.is_assigned(dotted):
        return False
    return not (index.names.keeps_library and is_read_for_what_stays(index, dotted))


def object_name(index: Index, dotted: str) -> str:
    """What a project module's own name for a library is afterwards, where all that is read off it has moved."""
    module = index.module_of(dotted)
    facts, name = index.by_name.get(module), dotted[len(module) + 1 :]
    if index.is_assigned(dotted):
        return dotted
    first = successor(index, facts, name) if facts and index.names.rules.libraries else ""
    if not facts or not first:
        return dotted
    alias = "" if index.names.rules.libraries[0].module in name.lower() else name
    return f"{index.new_name(module)}.{given(index, facts, first, alias)[0]}"


def successor(index: Index, facts: Facts, name: str) -> str:
    """The module that takes the place of a library by a name in one of the project's; "" where not all has moved.

    What its module reads off it counts, and what others read that take it from there.
    """
    if facts.frozen or not index.names.is_module(index.canonical(facts.exports.get(name, ""))):
        return ""
    target = index.canonical(facts.exports[name])
    full = {f"{module}.{name}" for module in facts.names}
    takers = ((f, local) for f in index.by_path.values() for local, targets in f.bound.items() if full & targets)
    read = {each for f, local in ((facts, name), *takers) for each in f.reached.get(local, ())}
    fates = [index.names.fate(f"{target}.{each}") if each else None for each in read]
    moved = {f.to or f.name for f in fates if f and f.kind == "moved"}
    if any(f is None or f.kind not in ("moved", "needless") for f in fates):
        return ""
    return index.names.client if index.names.client in moved else min(moved, default="")
