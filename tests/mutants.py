"""Small faults put into Python code, one at a time: what a good test should notice."""

import ast
import copy

_OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
_NAMES = {"max": "min", "min": "max", "any": "all", "all": "any", "sum": "len"}
_METHODS = {
    "max": "min",
    "min": "max",
    "idxmax": "idxmin",
    "idxmin": "idxmax",
    "argmax": "argmin",
    "mean": "sum",
    "sum": "mean",
    "any": "all",
    "all": "any",
}


def _faults(node):
    """Give the changed copies of one node."""
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(_OPERATORS[type(node.op)](), node.values)
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in _OPERATORS:
        other = [_OPERATORS[type(node.ops[0])](), *node.ops[1:]]
        yield ast.Compare(node.left, other, node.comparators)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield ast.Constant(node.value + 1)
        if node.value:
            yield ast.Constant(0)
    elif isinstance(node, ast.Name) and node.id in _NAMES:
        yield ast.Name(_NAMES[node.id], node.ctx)
    elif isinstance(node, ast.Attribute) and node.attr in _METHODS:
        yield ast.Attribute(node.value, _METHODS[node.attr], node.ctx)
    elif isinstance(node, ast.Call) and len(node.args) == 2 and not _is_symmetric(node):
        yield ast.Call(node.func, node.args[::-1], node.keywords)
    elif isinstance(node, ast.If):
        yield ast.If(ast.Constant(False), node.body, node.orelse)


def _is_symmetric(call):
    """Say whether the order of two arguments cannot matter."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    return name in {
        "max",
        "min",
        "is_close",
        "isclose",
        "allclose",
        "array_equal",
        "corrcoef",
    }


def _is_limit(node):
    """Say whether a node is a number, or compares by size."""
    sizes = ast.Lt | ast.LtE | ast.Gt | ast.GtE
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.Compare) and isinstance(node.ops[0], sizes)
    )


class _Put(ast.NodeTransformer):
    """Put one node in the place of another."""

    def __init__(self, place, new):
        self.place, self.new, self.at = place, new, -1

    def visit(self, node):
        self.at += 1
        if self.at == self.place:
            return ast.copy_location(self.new, node)
        return self.generic_visit(node)


def mutants(source, *, limits=True):
    """Give all programs that differ from one by a single small fault.

    Parameters
    ----------
    source : str
        The program.
    limits : bool
        Change numbers too, and whether a limit is included. Where numbers only are
        examples to try, and limits leave room for rounding, neither is a fault.

    Returns
    -------
    list of (str, str)
        What was changed, and the whole program with it.
    """
    found = []
    tree = ast.parse(source)
    order = []

    class Walk(ast.NodeVisitor):
        def visit(self, node):
            order.append(node)
            self.generic_visit(node)

    Walk().visit(tree)
    for place, node in enumerate(order):
        if not limits and _is_limit(node):
            continue
        for new in _faults(node):
            changed = _Put(place, new).visit(copy.deepcopy(tree))
            text = ast.unparse(ast.fix_missing_locations(changed))
            was, now = ast.unparse(node), ast.unparse(ast.fix_missing_locations(new))
            if text != ast.unparse(tree):
                line = getattr(node, "lineno", 0)
                found.append((f"line {line}: {_short(was)} -> {_short(now)}", text))
    return found


def _short(text):
    return text.splitlines()[0][:60]
