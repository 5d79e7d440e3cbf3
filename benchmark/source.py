"""What a Python file says without being run: its constants, its parameters, and the code that a function depends on.

Files are read with `ast`, so that planning imports neither torch nor what methods and data sets need.
"""

import ast
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("benchmark", "deeptensor", "baselines", "datasets", "tasks")
FUNCTIONS = (ast.FunctionDef, ast.ClassDef)
REQUIRED = object()
# Parts of a syntax tree that change nothing of what it does.
UNREAD = {"annotation", "returns", "ctx", "type_comment", "kind"}


@dataclass(frozen=True)
class Parameter:
    """A keyword-only parameter of a function, or a field of a class: its annotation, and its default or REQUIRED."""

    annotation: str
    default: object = REQUIRED


@dataclass(frozen=True)
class Module:
    """A parsed file: what it defines at top level, what it imports from this project, and what runs on its import."""

    tree: ast.Module
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    always: list[ast.stmt] = field(default_factory=list)


def literals_of(path: Path) -> dict:
    """Return the upper-case constants that a file assigns at top level; expressions are private to the file.

    Raises SyntaxError for a file that is no Python.
    """
    found = {}
    for name, statements in read_module(path).definitions.items():
        if name.isupper() and isinstance(statements[-1], ast.Assign | ast.AnnAssign):
            try:
                found[name] = _value_of(name, statements[-1])
            except (ValueError, TypeError, AttributeError):
                continue
    return found


def docstring_of(path: Path) -> str:
    """Return a file's docstring, empty where it has none."""
    return ast.get_docstring(read_module(path).tree) or ""


def parameters_of(path: Path, function: str, without: Iterable[str] = ()) -> dict[str, Parameter] | None:
    """Return the keyword-only parameters of a function of a file, or None if the file does not define it."""
    for node in read_module(path).definitions.get(function, []):
        if isinstance(node, ast.FunctionDef):
            pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            return {own.arg: _parameter(own.annotation, default) for own, default in pairs if own.arg not in without}
    return None


def fields_of(path: Path, name: str) -> dict[str, Parameter] | None:
    """Return the fields of a dataclass of a file, or None if the file does not define it."""
    for node in read_module(path).definitions.get(name, []):
        if isinstance(node, ast.ClassDef):
            fields = [own for own in node.body if isinstance(own, ast.AnnAssign) and not _is_class_variable(own)]
            return {own.target.id: _parameter(own.annotation, own.value) for own in fields}
    return None


def keys_of(path: Path, name: str) -> list[str]:
    """Return the keys of a dictionary that a file assigns to a name."""
    return [key.value for key in read_module(path).definitions[name][-1].value.keys]


def classes_of(path: Path, method: str) -> list[str]:
    """Return the dataclasses of a file that have a method of that name."""
    classes = [node for node in read_module(path).tree.body if isinstance(node, ast.ClassDef) and node.decorator_list]
    return [node.name for node in classes if any(getattr(own, "name", "") == method for own in node.body)]


def code_of(path: Path, *names: str, root: Path = ROOT) -> str:
    """Return a digest of what the named functions, classes and constants of a file do; of all of it, without names.

    Counted are their definitions and, in this file and the modules of this project that it imports, every definition
    that they name, directly or not, and the statements that run when those modules are imported. Comments, docstrings,
    annotations and the order of definitions do not count. Modules that are imported by a computed name are left out.
    """
    reached = sorted(_reach([(path, name) for name in names or read_module(path).definitions], root))
    return hashlib.sha256("\n".join(reached).encode()).hexdigest()


def loads(path: Path, package: str, root: Path = ROOT) -> bool:
    """Tell whether a package is imported with a file, by it or by the modules of this project that it imports."""
    queue, seen = [path], set()
    while queue:
        own = queue.pop()
        if own in seen:
            continue
        seen.add(own)
        for node in read_module(own).tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                if any(name.partition(".")[0] == package for name in names):
                    return True
                queue += [place for _, found in _bindings(node) for place, _ in _targets_of_import(found, None, root)]
    return False


def read_module(path: Path) -> Module:
    """Return a parsed file, read again only if it changed."""
    status = path.stat()
    return _parsed(path, status.st_mtime_ns, status.st_size)


@cache
def _parsed(path: Path, changed: int, size: int) -> Module:
    module = Module(ast.parse(path.read_bytes(), filename=str(path)))
    for node in module.tree.body:
        if isinstance(node, FUNCTIONS):
            module.definitions.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and (names := _targets(node)):
            for name in names:
                module.definitions.setdefault(name, []).append(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module.imports.update(_bindings(node))
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":  # what a package passes on later
            for own in node.body:
                if isinstance(own, ast.Import | ast.ImportFrom):
                    module.imports.update(_bindings(own))
        elif not _is_docstring(node) and not _is_guarded(node):
            module.always.append(node)
    return module


def _reach(start: list[tuple[Path, str]], root: Path) -> set[str]:
    """Return the definitions that the named ones need, as texts."""
    queue, seen, texts, modules = list(start), set(), set(), set()
    while queue:
        path, name = queue.pop()
        if (path, name) in seen or not path.is_file():
            continue
        seen.add((path, name))
        module = read_module(path)
        statements = list(module.definitions.get(name, []))
        if path not in modules:
            modules.add(path)
            statements += module.always
            queue += [(folder / "__init__.py", "") for folder in path.parents if root in folder.parents]
            for bound, found in module.imports.items():
                if bound.startswith("*"):  # from module import *
                    queue += _targets_of_import(found, None, root)
        for statement in statements:
            text, used, imported = _content(statement)
            texts.add(text)
            for base, attribute in used:
                if base in module.definitions:
                    queue.append((path, base))
                    continue
                for bound, found in module.imports.items():
                    if bound == base:
                        queue += _targets_of_import(found, attribute, root)
                    elif bound.startswith(f"{base}."):  # import package.module
                        queue += _targets_of_import(found, None, root)
            for found in imported:
                queue += _targets_of_import(found, None, root)
        if name in module.imports:  # a package that passes on what its modules define
            queue += _targets_of_import(module.imports[name], None, root)
    return texts


def _targets_of_import(found: tuple[str, str | None], attribute: str | None, root: Path) -> list[tuple[Path, str]]:
    """Return the files and names that an import stands for: the name, or of a module the attribute, or all of it."""
    package, name = found
    for module, wanted in ((f"{package}.{name}", attribute), (package, name or attribute)):
        base = root.joinpath(*module.split("."))
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return [(path, wanted)] if wanted else [(path, own) for own in read_module(path).definitions]
    return []


_contents: dict[int, tuple[ast.stmt, tuple]] = {}


def _content(statement: ast.stmt) -> tuple[str, set[tuple[str, str | None]], list[tuple[str, str | None]]]:
    """Return a statement as text, the names that it uses, each with an attribute of it, and its own imports."""
    known = _contents.get(id(statement))
    if known is None:  # the statement is kept beside, lest another one gets its id
        used, imported, words = set(), [], []
        _read(statement, words, used, imported)
        known = _contents[id(statement)] = statement, (" ".join(words), used, imported)
    return known[1]


def _read(node: object, words: list[str], used: set, imported: list) -> None:
    """Write down a syntax tree without comments, docstrings, annotations and places, and what it uses and imports."""
    if isinstance(node, list):
        words.append("[")
        for own in node:
            _read(own, words, used, imported)
        words.append("]")
    elif not isinstance(node, ast.AST):
        words.append(repr(node))
    elif isinstance(node, ast.Name):
        used.add((node.id, None))
        words.append(node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        used.add((node.value.id, node.attr))
        words.append(f"{node.value.id}.{node.attr}")
    else:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported += [found for _, found in _bindings(node)]
        words.append(f"{type(node).__name__}(")
        for name in node._fields:
            if name not in UNREAD:
                own = getattr(node, name, None)
                if name == "body" and isinstance(node, FUNCTIONS) and _is_docstring(own[0]):
                    own = own[1:]
                _read(own, words, used, imported)
        words.append(")")


def _bindings(node: ast.Import | ast.ImportFrom) -> list[tuple[str, tuple[str, str | None]]]:
    """Return the names that an import from this project binds, each with its module and the name there."""
    if isinstance(node, ast.Import):
        names = [(alias.asname or alias.name, (alias.name, None)) for alias in node.names]
    else:
        names = [(alias.asname or alias.name, (node.module or "", alias.name)) for alias in node.names]
        names = [(f"*{found[0]}", (found[0], None)) if bound == "*" else (bound, found) for bound, found in names]
    return [(bound, found) for bound, found in names if found[0].partition(".")[0] in PACKAGES]


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [own for target in targets for own in ast.walk(target) if isinstance(own, ast.Name)]
    return [own.id for own in names if isinstance(own.ctx, ast.Store)]  # not those of `TABLE["key"] = value`


def _value_of(name: str, node: ast.Assign | ast.AnnAssign) -> object:
    """Return the literal that an assignment gives to a name; raise ValueError if it is none."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if node.value is None:
        raise ValueError(f"{name} has no value")
    if isinstance(target, ast.Tuple):
        return dict(zip([own.id for own in target.elts], ast.literal_eval(node.value), strict=True))[name]
    return ast.literal_eval(node.value)


def _parameter(annotation: ast.expr | None, default: ast.expr | None) -> Parameter:
    text = "" if annotation is None else ast.unparse(annotation)
    if default is None:
        return Parameter(text)
    try:
        return Parameter(text, ast.literal_eval(default))
    except ValueError:  # an expression, such as 1 / 30: known to Python alone
        return Parameter(text, ast.unparse(default))


def _is_class_variable(node: ast.AnnAssign) -> bool:
    return ast.unparse(node.annotation).startswith("ClassVar")


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_guarded(node: ast.stmt) -> bool:
    """Tell whether a statement does nothing on import: `if __name__ == "__main__"` and `if TYPE_CHECKING`."""
    if not isinstance(node, ast.If):
        return False
    return any(isinstance(own, ast.Name) and own.id in ("__name__", "TYPE_CHECKING") for own in ast.walk(node.test))
