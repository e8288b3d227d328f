"""Acts have French names."""

import ast

from calls import workflow
from calls.history import labels
from tests import architecture

# Where each function takes the name of an act.
RANKS = {"acting": 1, "record": 0}


def acts_named_in(path, source):
    """(place, action) of each act that the code names outright."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        rank = RANKS.get(getattr(node.func, "attr", getattr(node.func, "id", "")))
        for argument in node.args[rank : rank + 1] if rank is not None else []:
            sides = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else []
            for side in sides or [argument]:
                if isinstance(side, ast.Constant):
                    yield f"{path}:{node.lineno} {side.value}", side.value


def test_every_act_has_a_french_name():
    acts = [
        act
        for path, source in architecture.modules("calls", "laureates")
        for act in acts_named_in(path, source)
    ]
    assert len(acts) > 10
    unnamed = [place for place, action in acts if not labels.is_named(action)]
    assert not unnamed, "\n".join(unnamed)
    assert [action for action in workflow.TRANSITIONS if not labels.is_named(action)] == []


def test_an_act_without_a_name_is_seen():
    source = 'history.acting(by, "a" if yes else "b", "why")\nrecord("c", row, by=by)'
    assert [action for _, action in acts_named_in("x.py", source)] == ["a", "b", "c"]
    assert not labels.is_named("some_act")
    assert labels.act("some_act") == "Some act"
    assert labels.act("withdraw") == "Retiré"
