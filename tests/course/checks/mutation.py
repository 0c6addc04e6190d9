"""Small faults put into a piece of code, one at a time."""

import ast
import copy

TURNED = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.MatMult: ast.Mult,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
SYMMETRIC = {"max", "min"}  # the order of their arguments does not matter
EDGES = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}


def list_mutants(code):
    """List all pieces of code with one fault each, without those written the same."""
    tree = ast.parse(code)
    found = []
    for place, node in enumerate(ast.walk(tree)):
        for change in changes_of(node):
            mutant = copy.deepcopy(tree)
            old = list(ast.walk(mutant))[place]
            put(mutant, old, change)
            found.append(ast.unparse(ast.fix_missing_locations(mutant)))
    return [one for one in dict.fromkeys(found) if one != ast.unparse(tree)]


def changes_of(node):
    """Give what may stand in a node's place; each is a part of it, changed."""
    match node:
        case ast.Compare(ops=[op]):
            others = [new[type(op)] for new in (TURNED, EDGES) if type(op) in new]
            yield from (ast.Compare(node.left, [o()], node.comparators) for o in others)
        case ast.BinOp(left=left, op=op, right=right):
            if type(op) in TURNED:
                yield ast.BinOp(left, TURNED[type(op)](), right)
            yield from (left, right)
            if not isinstance(op, ast.Add | ast.Mult):
                yield ast.BinOp(right, op, left)
        case ast.BoolOp(op=op, values=values):
            yield from (ast.BoolOp(TURNED[type(op)](), values), *values)
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.IfExp(test=test, body=body, orelse=other):
            yield from (ast.IfExp(test, other, body), body, other)
        case ast.Tuple(elts=elts, ctx=ast.Load()) if len(elts) > 1:
            yield ast.Tuple(elts[::-1], ast.Load())
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Call(func=func, args=args, keywords=keywords):
            yield from changes_of_call(func, args, keywords)


def changes_of_call(func, args, keywords):
    """Swap two arguments, leave out one that is named, or do not call at all."""
    if len(args) > 1 and ast.unparse(func) not in SYMMETRIC:
        yield ast.Call(func, [args[1], args[0], *args[2:]], keywords)
    for left_out in keywords:
        yield ast.Call(func, args, [k for k in keywords if k is not left_out])
    if isinstance(func, ast.Attribute):
        yield func.value
    elif args:
        yield args[0]


def put(tree, old, new):
    """Put a copy of a node in the place of another."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, copy.deepcopy(new))
            elif isinstance(value, list):
                value[:] = [copy.deepcopy(new) if v is old else v for v in value]
