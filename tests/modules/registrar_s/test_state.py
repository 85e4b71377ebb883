"""Parameters."""

import pytest

from siprouter.modules.registrar_s.state import SerRegistrar
from tests.modules.registrar_s.conftest import MakeSite


@pytest.mark.parametrize(
    "params,text",
    [
        ({"save_nat_flag": 32}, "save_nat_flag must be a flag"),
        ({"load_nat_flag": "nothing"}, "there is no flag nothing"),
        ({"trust_received_flag": -3}, "trust_received_flag must be a flag"),
        ({"aor_attr": "aor"}, "aor_attr must be an attribute"),
        ({"reply_code_attr": "$x.y.z"}, "reply_code_attr must be an attribute"),
    ],
)
def test_bad_parameters(make_site: MakeSite, params: dict[str, int | str], text: str) -> None:
    (error,) = make_site(**params).errors
    assert text in str(error)


@pytest.mark.parametrize("given,used", [(-1, -1), (-5, 0), (400, 400), (2000, 1000)])
def test_default_q_is_brought_into_range(make_site: MakeSite, given: int, used: int) -> None:
    inst: SerRegistrar = make_site(default_q=given).registrar
    assert inst.default_q == used


def test_flags_by_name_or_number(make_site: MakeSite) -> None:
    inst = make_site(save_nat_flag="NAT", load_nat_flag="9").registrar
    assert (inst.save_nat, inst.load_nat) == (1 << 7, 1 << 9)
