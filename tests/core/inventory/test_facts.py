from collections import Counter

from siprouter.core.inventory.compare import count_names
from siprouter.core.inventory.facts import CORE_KINDS, MODULE_KINDS, core_facts, module_facts, module_label


def test_the_data_is_whole() -> None:
    facts = module_facts()
    counts = Counter({kind: sum(len(fact.get(kind, ())) for fact in facts) for kind in MODULE_KINDS})
    assert len(facts) == 172
    assert counts == {
        "functions": 607,
        "params": 1304,
        "pvs": 194,
        "transformations": 46,
        "rpc": 109,
        "mi": 107,
        "stats": 183,
        "event_routes": 4,
        "selects": 490,
        "cfg_vars": 81,
    }
    core = core_facts()
    assert set(CORE_KINDS) <= set(core)
    assert (len(core["params"]), len(core["functions"]), len(core["cfg_vars"])) == (151, 45, 87)


def test_labels_tell_families_apart() -> None:
    facts = module_facts()
    labels = [module_label(fact, facts) for fact in facts]
    assert len(set(labels)) == len(labels)
    assert "nathelper (ser)" in labels and "path" in labels
    assert count_names(next(fact for fact in facts if fact["name"] == "path")) == 3
