"""Nodes whose transactions and timers must all be gone at the end."""

import pytest

from tests.modules.tm.node import Node


@pytest.fixture
def make_node():
    made = []

    def make(*modules, **params):
        made.append(Node(*modules, **params))
        return made[-1]

    yield make
    for node in made:
        node.finish()


@pytest.fixture
def node(make_node):
    return make_node()
