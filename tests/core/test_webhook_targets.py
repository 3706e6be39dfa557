"""Where webhooks may go: addresses of our own network, machine and cloud are none, in whatever way they are written."""

from __future__ import annotations

import ipaddress

import pytest

from core.errors import InvalidWebhook
from core.webhook_targets import Allowed, checked, never, public

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.0.192",
    "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "168.63.129.16", "::1", "::", "fe80::1", "fc00::1",
    "fd00:ec2::254", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254", "::127.0.0.1",
    "2002:7f00:1::", "2002:0a00:0001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1", "64:ff9b:1::1", "2001:db8::1", "100::1",
]  # fmt: skip
EVERYBODYS = ["93.184.216.34", "8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:830::200e", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_our_own_network_is_no_target(address: str):
    assert not public(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(InvalidWebhook):
        checked(f"https://{host}/hook")


@pytest.mark.parametrize("address", EVERYBODYS)
def test_an_address_that_everybody_can_reach_is_one(address: str):
    assert public(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert checked(f"https://{host}:8443/hook?a=b") == f"https://{host}:8443/hook?a=b"


@pytest.mark.parametrize(
    "url",
    [
        "", "nothing", "ftp://example.com/", "file:///etc/passwd", "http://example.com/", "https://", "https:///x",
        "https://user:pass@example.com/", "https://user@example.com/", "https://@127.0.0.1/", "https://example.com/#part",
        "https://0x7f.1/", "https://0x7f000001/", "https://2130706433/", "https://017700000001/", "https://127.1/",
        "https://0177.0.0.1/", "https://127.0.0.1./", "https://127.0.0.0x1/", "https://10.1/", "https://1/",
        "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/", "https://[::1]/",
        "https://[::ffff:7f00:1]/", "https://[fe80::1%25eth0]/", "https://exa mple.com/", "https://example.com\\@127.0.0.1/",
        "https://example.com/\r\nX: y", "https://ex\u00e4mple.com/", "https://\uff11\uff12\uff17.0.0.1/", "https://example.com:99999/",
        "https://example.com:x/", "https://[::1/", "https://-.example.com/", "https://a..b/", "javascript:alert(1)",
        "https://" + "a" * 64 + ".com/", "https://example.com/" + "a" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_address_or_hides_one_is_refused(url: str):
    with pytest.raises(InvalidWebhook) as refused:
        checked(url)
    assert refused.value.fields.keys() == {"url"}


def test_an_address_is_tidied():
    assert checked("  HTTPS://Hooks.Example.COM:8443/In?Key=A ") == "https://hooks.example.com:8443/In?Key=A"
    assert checked("https://example.com") == "https://example.com/"
    assert checked("https://xn--bcher-kva.example/") == "https://xn--bcher-kva.example/"


def test_what_is_allowed_may_be_private_and_unencrypted():
    allowed = Allowed.read(["Hooks.Intranet", " 10.1.0.0/16", "127.0.0.1", "[fd00::1]"])
    for url in (
        "http://hooks.intranet/",
        "http://10.1.2.3/x",
        "https://10.1.2.3/x",
        "http://127.0.0.1:8080/",
        "http://[fd00::1]/",
    ):
        assert checked(url, allowed) == url
    for url in ("http://10.2.0.1/", "https://10.2.0.1/", "https://127.0.0.2/", "http://example.com/", "https://[fd00::2]/"):
        with pytest.raises(InvalidWebhook):
            checked(url, allowed)


def test_a_host_that_is_allowed_leads_to_private_addresses_but_never_to_where_clouds_give_out_keys():
    allowed = Allowed.read(["hooks.intranet", "0.0.0.0/0"])
    inside, keys = ipaddress.ip_address("10.9.9.9"), ipaddress.ip_address("169.254.169.254")
    assert allowed.reachable(inside, "hooks.intranet")
    assert Allowed.read(["hooks.intranet"]).reachable(inside, "hooks.intranet.")
    assert not Allowed.read(["hooks.intranet"]).reachable(inside, "evil.example")
    assert not allowed.reachable(keys, "hooks.intranet")
    assert never(ipaddress.ip_address("::ffff:169.254.169.254"))
    assert not allowed.reachable(ipaddress.ip_address("::ffff:169.254.169.254"), "hooks.intranet")
    assert not allowed.reachable(ipaddress.ip_address("0.0.0.0"), "hooks.intranet")


@pytest.mark.parametrize("word", ["0x7f.1", "10.0.0.0/33", "10.1.2.3/16", "a b", "https://x", "*"])
def test_what_is_neither_a_name_nor_a_network_allows_nothing(word: str):
    with pytest.raises(ValueError, match="neither"):
        Allowed.read([word])
