"""A `Value` of slots and tuples: the layout of Karpathy's microgpt (2026), rewritten.

Each node keeps its operands and its local derivatives in two tuples; the topological
sort is recursive and keeps a set. Only what the benchmarks need.
"""

import math
import sys

sys.setrecursionlimit(100_000)


class Value:
    __slots__ = ("data", "grad", "locals", "parents")

    def __init__(self, data, parents=(), local_derivatives=()):
        self.data = data
        self.grad = 0
        self.parents = parents
        self.locals = local_derivatives

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, power):
        local = power * self.data ** (power - 1)
        return Value(self.data**power, (self,), (local,))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def exp(self):
        out = math.exp(self.data)
        return Value(out, (self,), (out,))

    def relu(self):
        return Value(max(0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    def backward(self):
        order = []
        visited = set()

        def visit(node):
            if node not in visited:
                visited.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1
        for node in reversed(order):
            for parent, local in zip(node.parents, node.locals):  # noqa: B905 - as there
                parent.grad += local * node.grad
