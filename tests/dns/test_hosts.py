"""/etc/resolv.conf and /etc/hosts."""

from pathlib import Path

from siprouter.dns.hosts import HostsFile, parse_hosts, parse_resolv_conf, read_resolv_conf
from siprouter.dns.wire import AAAA, A


def test_resolv_conf() -> None:
    conf = parse_resolv_conf(
        """
        # comment
        nameserver 192.0.2.1
        nameserver 2001:DB8::1   ; second
        nameserver fe80::1%eth0
        nameserver not-an-address
        search Example.com. corp.example.com
        options ndots:2 timeout:3 attempts:4 rotate timeout:x edns0
        """
    )
    assert conf.servers == [("192.0.2.1", 53), ("2001:db8::1", 53), ("fe80::1", 53)]
    assert conf.search == ["example.com", "corp.example.com"]
    assert (conf.timeout, conf.attempts, conf.ndots) == (3, 4, 2)


def test_values_are_bounded() -> None:
    conf = parse_resolv_conf(
        "options timeout:999 attempts:99 ndots:99 timeout:0 timeout:99999\n" + "nameserver 192.0.2.1\n" * 99
    )
    assert (conf.timeout, conf.attempts, conf.ndots, len(conf.servers)) == (30, 5, 15, 8)


def test_without_servers_this_machine_is_asked(tmp_path: Path) -> None:
    assert read_resolv_conf(tmp_path / "missing").servers == [("127.0.0.1", 53)]
    (tmp_path / "resolv.conf").write_text("domain example.com\n")
    conf = read_resolv_conf(tmp_path / "resolv.conf")
    assert conf.servers == [("127.0.0.1", 53)] and conf.search == ["example.com"]


def test_hosts() -> None:
    found = parse_hosts(
        """
        127.0.0.1  localhost loopback # comment
        ::1        localhost
        192.0.2.1  Host.example.com host
        192.0.2.2  host
        192.0.2.2  host
        nonsense   host
        192.0.2.3
        """
    )
    assert found["localhost", A] == ("127.0.0.1",) and found["localhost", AAAA] == ("::1",)
    assert found["host", A] == ("192.0.2.1", "192.0.2.2") and found["host.example.com", A] == ("192.0.2.1",)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    hosts = HostsFile(path, interval=5)
    assert hosts.get("a", A, 0) == ()
    path.write_text("192.0.2.1 a\n")
    assert hosts.get("a", A, 4.9) == ()
    assert hosts.get("a", A, 5) == ("192.0.2.1",)
    path.write_text("192.0.2.22 a\n")
    assert hosts.get("a", A, 10) == ("192.0.2.22",)
    path.unlink()
    assert hosts.get("a", A, 15) == ()


def test_servers_on_other_ports() -> None:
    lines = ("[192.0.2.1]:5353", "[2001:db8::1]:5354", "[192.0.2.2]", "[192.0.2.3]:0", "[192.0.2.3]:x", "[192.0.2.3]5")
    conf = parse_resolv_conf("".join(f"nameserver {line}\n" for line in lines))
    assert conf.servers == [("192.0.2.1", 5353), ("2001:db8::1", 5354), ("192.0.2.2", 53)]
