"""Evaluates the metric math that the alarms are written in: the very text that CloudWatch is given.

Only what the alarms use is known: numbers, ids, + - * /, comparisons, IF, FILL and MAX over a list. Such text is also
Python's grammar, so that Python's parser reads it.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import NoReturn

Value = float | None
Values = Mapping[str, Value]
Formula = Callable[[Values], Value]

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


@cache
def compile_formula(text: str) -> Formula:
    """Read an expression.

    Args:
        text: The metric math.

    Returns:
        What makes one data point of the data points of the ids; None stands for none.

    Raises:
        ValueError: Something that is not known here.
    """
    return _formula(ast.parse(text, mode="eval").body)


def _formula(node: ast.expr) -> Formula:
    match node:
        case ast.Constant(value=int() | float() as number):
            constant = float(number)
            return lambda _: constant
        case ast.Name(id=name):
            return lambda values: values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _arithmetic(_ARITHMETIC[type(op)], _formula(left), _formula(right))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _arithmetic(_COMPARISONS[type(op)], _formula(left), _formula(right))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _function(name, arguments)
        case _:
            return _unknown(node)


def _function(name: str, arguments: list[ast.expr]) -> Formula:
    match name, arguments:
        case "IF", [condition, yes, no]:
            return _if(_formula(condition), _formula(yes), _formula(no))
        case "FILL", [series, filling]:
            return _fill(_formula(series), _formula(filling))
        case "MAX", [ast.List(elts=each)]:
            return _max([_formula(series) for series in each])
        case _:
            return _unknown(*arguments)


def _unknown(*nodes: ast.expr) -> NoReturn:
    message = f"metric math that is not known here: {', '.join(ast.unparse(node) for node in nodes)}"
    raise ValueError(message)


def _arithmetic(apply: Callable[[float, float], float], left: Formula, right: Formula) -> Formula:
    def evaluate(values: Values) -> Value:
        one, other = left(values), right(values)
        if one is None or other is None:
            return None
        try:
            return float(apply(one, other))
        except ZeroDivisionError:
            return None  # CloudWatch makes no data point of it

    return evaluate


def _if(condition: Formula, yes: Formula, no: Formula) -> Formula:
    def evaluate(values: Values) -> Value:
        # Both, as CloudWatch does, which works on whole series.
        met, if_yes, if_no = condition(values), yes(values), no(values)
        if met is None:
            return None
        return if_yes if met else if_no

    return evaluate


def _fill(series: Formula, filling: Formula) -> Formula:
    def evaluate(values: Values) -> Value:
        value = series(values)
        return filling(values) if value is None else value

    return evaluate


def _max(series: list[Formula]) -> Formula:
    def evaluate(values: Values) -> Value:
        there = [value for one in series if (value := one(values)) is not None]
        return max(there, default=None)

    return evaluate
