"""The MI commands of cfgutils."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.rpc.mi import BAD_ARGUMENT, MISSING_ARGUMENTS, MiReply

if TYPE_CHECKING:
    from siprouter.modules.cfgutils.cfgutils import CfgUtils

_LIMIT = 2**32


def _number(text: str) -> int | None:
    """A decimal or 0x… number of 32 bits."""
    try:
        number = int(text, 16) if text.startswith("0x") else int(text)
    except ValueError:
        return None
    return number if 0 <= number < _LIMIT else None


def rand_set(inst: CfgUtils, *args: str) -> MiReply:
    """rand_set_prob percent"""
    if not args:
        return MiReply(400, MISSING_ARGUMENTS)
    percent = _number(args[0])
    if percent is None or percent > 100:
        return MiReply(400, BAD_ARGUMENT)
    inst.probability.set(percent)
    return MiReply()


def rand_reset(inst: CfgUtils, *args: str) -> MiReply:
    """rand_reset_prob"""
    inst.probability.set(inst.initial_probability)
    return MiReply()


def rand_get(inst: CfgUtils, *args: str) -> MiReply:
    """rand_get_prob"""
    reply = MiReply()
    reply.add(None, f"actual probability: {inst.probability.get()} percent")
    return reply


def get_hash(inst: CfgUtils, *args: str) -> MiReply:
    """get_config_hash"""
    if not inst.hash_file:
        return MiReply(404, "Functionality disabled")
    reply = MiReply()
    reply.add(None, inst.config_hash)
    return reply


def check_hash(inst: CfgUtils, *args: str) -> MiReply:
    """check_config_hash"""
    if not inst.hash_file:
        return MiReply(404, "Functionality disabled")
    present = inst.hash_of_file()
    if not present:
        return MiReply(500, "Server Internal Error")
    same = present == inst.config_hash
    reply = MiReply() if same else MiReply(400, "Error")
    negation = "" if same else "not "
    reply.add(None, f"The actual config file hash is {negation}identical to the stored one.")
    return reply


def _bits(args: tuple[str, ...]) -> int | MiReply:
    if not args:
        return MiReply(400, MISSING_ARGUMENTS)
    return _number(args[0]) or MiReply(400, BAD_ARGUMENT)


def set_flags(inst: CfgUtils, *args: str) -> MiReply:
    """set_gflag bits"""
    bits = _bits(args)
    if isinstance(bits, MiReply):
        return bits
    inst.change_flags(bits, 0)
    return MiReply()


def reset_flags(inst: CfgUtils, *args: str) -> MiReply:
    """reset_gflag bits"""
    bits = _bits(args)
    if isinstance(bits, MiReply):
        return bits
    inst.change_flags(0, bits)
    return MiReply()


def has_flags(inst: CfgUtils, *args: str) -> MiReply:
    """is_gflag bits"""
    bits = _bits(args)
    if isinstance(bits, MiReply):
        return bits
    reply = MiReply()
    reply.add(None, "TRUE" if inst.gflags.get() & bits == bits else "FALSE")
    return reply


def get_flags(inst: CfgUtils, *args: str) -> MiReply:
    """get_gflags"""
    flags = inst.gflags.get()
    reply = MiReply()
    reply.add(None, f"0x{flags:X}")
    reply.add(None, flags)
    return reply
