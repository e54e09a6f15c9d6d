"""What holds the value of an expression: a variable, a field, a parameter, the argument of a call, by their names."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

from migrator.clients.in_use import InUse
from migrator.python.models.flow import DEFAULTED, Flow
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, parts_of, text_value
from migrator.python.reading.outline import Variable
from migrator.python.reading.scopes import defaults

_FIELDS = {"Field", "field", "Option", "Argument", "mapped_column", "Column"}
_OPTIONS = {"add_argument", "option", "argument"}
_PAYLOADS = {"json", "data", "body", "llm", "lm"}


class Holder(NamedTuple):
    """Whether something on the way says that the value is a model id, and what holds it in the end."""

    is_named: bool
    is_one_of_many: bool = False
    keys: tuple[Variable, ...] = ()  # the variables
    call: ast.Call | None = None  # or the call, which is given it by this name
    argument: str = ""


class Holders:
    """The way from an expression outwards, in one module."""

    def __init__(self, module: Module, flow: Flow, using: InUse) -> None:
        self.module, self.flow, self.using = module, flow, using
        self._scopes = {id(call): scope for call, scope in module.found.calls}

    def of(self, node: ast.expr) -> Holder | None:
        """What holds an expression, by itself or in a list, a dict, a choice or a default; None for anything else."""
        named = many = False
        at: ast.AST = node
        while True:
            parent = self.module.source.parents.get(id(at))
            match parent:
                case ast.List() | ast.Tuple() | ast.Set():
                    many = True
                case ast.Starred() | ast.BoolOp() | ast.Await():
                    pass
                case ast.IfExp() if at is not parent.test:
                    pass
                case ast.Dict() if any(at is value for value in parent.values):
                    key = text_value(parent.keys[next(i for i, v in enumerate(parent.values) if v is at)]) or ""
                    if key == "litellm_params":
                        return None
                    named |= self.using.names_model(key)
                case ast.keyword():
                    call = self.module.source.parents.get(id(parent))
                    if isinstance(call, ast.Call):
                        return self._in_call(call, parent.arg or "", named)
                    return None
                case ast.Call() if at is not parent.func:
                    return self._in_call(parent, "", named, at)
                case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
                    targets = [*parent.targets] if isinstance(parent, ast.Assign) else [parent.target]
                    return self._assigned(targets, parent, named)._replace(is_one_of_many=many)
                case ast.arguments():
                    return self._default(parent, at, named)
                case ast.Return():
                    return self._returned(parent, named)
                case _:
                    return None
            assert parent is not None
            at = parent

    def _assigned(self, targets: Sequence[ast.expr], statement: ast.AST, named: bool) -> Holder:
        names = [self._name(target) for target in targets]
        named = named or any(map(self.using.names_model, names)) or self._is_enum(statement)
        return Holder(named, keys=tuple(k for t in targets if (k := self.module.found.variable(t))))

    def _name(self, target: ast.expr) -> str:
        if isinstance(target, ast.Subscript):
            return text_value(target.slice) or ""
        return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")

    def _is_enum(self, statement: ast.AST) -> bool:
        """Whether a statement gives a member to an enumeration of models."""
        cls = self.module.source.parents.get(id(statement))
        if not isinstance(cls, ast.ClassDef) or "model" not in cls.name.lower():
            return False
        return any(parts_of(base)[-1:] in {("Enum",), ("StrEnum",)} for base in cls.bases)

    def _default(self, args: ast.arguments, at: ast.AST, named: bool) -> Holder | None:
        name = next((arg.arg for arg, default in defaults(args) if default is at), "")
        function = self.module.source.parents.get(id(args))
        scope = next((s for s in self.module.found.scopes if s.node is function), None)
        keys = (Variable(scope, name),) if scope and name else ()
        return Holder(named or self.using.names_model(name), keys=keys)

    def _returned(self, node: ast.Return, named: bool) -> Holder:
        function = self.module.source.function(node)
        return Holder(named or self.using.names_model(function.name if function else ""))

    def _in_call(self, call: ast.Call, argument: str, named: bool, at: ast.AST | None = None) -> Holder | None:
        name = callee_of(call)
        texts = [t for a in call.args if (t := text_value(a)) is not None]
        if name in _OPTIONS and argument in ("default", "choices", "const"):
            options = (text.lstrip("-") for text in texts)
            return Holder(named or any(map(self.using.names_model, options)))
        if name in DEFAULTED and len(call.args) > 1 and at in call.args[1:]:
            keyed = named or any(self.using.names_model(text) for text in texts[:1])
            outer = self.of(call)
            return outer._replace(is_named=keyed or outer.is_named) if outer else Holder(keyed)
        if (name in _FIELDS and (argument in ("", "default"))) or (name == "dict" and not argument):
            outer = self.of(call)
            return outer._replace(is_named=named or outer.is_named) if outer else None
        if name == "dict":
            outer = self.of(call)
            named = named or self.using.names_model(argument)
            return outer._replace(is_named=named or outer.is_named) if outer else None
        return Holder(named or self.using.names_model(argument), call=call, argument=argument)

    def is_ours(self, call: ast.Call) -> bool:
        """Whether a call is of something that the project has made itself."""
        scope = self._scopes.get(id(call))
        parts = parts_of(call.func)
        if scope is None or not parts or id(call.func) in self.module.staying:
            return False
        if self.flow.callee(call, scope)[0] is not None or self.flow.moved(call.func, scope):
            return True
        if scope.owner(parts[0]):
            return len(parts) == 2
        dotted = self.module.meaning(parts, scope)
        return bool(dotted) and self.module.index.defines(self.module.index.canonical(dotted or ""))

    def leaves(self, key: Variable, seen: frozenset[Variable] = frozenset()) -> bool:
        """Whether the value of a variable is given, as a model, to something that the project has not made.

        Other variables of the module that are given it are followed, and parameters of its functions.
        """
        for load in self.flow.loads.get(key, ()) if key not in seen else ():
            holder = self.of(load)
            if holder is None:
                continue
            if holder.call is not None and not self.is_ours(holder.call) and self._takes_model(holder):
                return True
            passed = self.flow.passed(holder.call, self._scopes[id(holder.call)]) if holder.call else ()
            further = (*holder.keys, *(k for k, value in passed if value is load))
            if any(self.leaves(each, seen | {key}) for each in further):
                return True
        return False

    def is_searched(self, key: Variable) -> bool:
        """Whether code looks for something in a variable, or goes over it to look for what it has."""
        around = (self.module.source.parents.get(id(load)) for load in self.flow.loads.get(key, ()))
        return any(isinstance(node, ast.Compare | ast.comprehension | ast.For) or _is_search(node) for node in around)

    def _takes_model(self, holder: Holder) -> bool:
        call = holder.call
        assert call is not None
        name = callee_of(call)
        told = self.using.names_model(holder.argument) or holder.argument in _PAYLOADS
        return told or name[:1].isupper() or name in ("from_pretrained", "pipeline", "get_encoding")


def _is_search(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.endswith("with")
