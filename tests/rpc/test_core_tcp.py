"""core.tcp_info, core.tcp_options and core.tcp_list."""

from __future__ import annotations

import pytest

from siprouter.rpc.values import RpcError
from siprouter.testing import Node


def test_without_streams_there_is_nothing_to_tell() -> None:
    node = Node("listen=udp:127.0.0.1:5060\nroute { drop; }")
    try:
        for command in ("core.tcp_info", "core.tcp_options", "core.tcp_list"):
            with pytest.raises(RpcError, match="tcp support disabled"):
                node.rpc(command)
    finally:
        node.close()
