"""Management commands of pdt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.db.errors import DbError
from siprouter.rpc.call import call_mi
from siprouter.rpc.mi import MiReply

if TYPE_CHECKING:
    from siprouter.modules.pdt.state import Pdt

ANY = "."
MAX_ROWS = 100_000


async def pdt_reload(inst: Pdt) -> MiReply:
    """pdt_reload: read the table again."""
    try:
        await inst.load()
    except (DbError, ValueError) as error:
        inst.worker.log.error("what there is stays: %s", error, source="pdt")
        return MiReply(500, "Failed to reload")
    return MiReply()


async def reload_everywhere(inst: Pdt) -> bool:
    """Whether all workers have read the table again."""
    reply = await call_mi(inst.worker, "pdt_reload")
    return reply is not None and reply.code == 200


async def pdt_add(inst: Pdt, sdomain: str, prefix: str, domain: str) -> MiReply:
    """pdt_add sdomain prefix domain: a new row."""
    for name, value in (("domain", sdomain), ("prefix", prefix), ("domain", domain)):
        if not value:
            return MiReply(404, f"{name} not found")
        if value.startswith(ANY):
            return MiReply(400, "empty param")
    if inst.alphabet.valid(prefix) < len(prefix):
        return MiReply(400, "bad prefix")
    tree = inst.trees.get(sdomain)
    there = ((old, its) for old, its in tree.items()) if tree is not None and inst.check_domain else ()
    if any(prefix == old or domain == its for old, its in there):
        return MiReply(400, "(sdomain,prefix,domain) exists already")
    row = {inst.sdomain_column: sdomain, inst.prefix_column: prefix, inst.domain_column: domain}
    try:
        await inst.database.insert(inst.db_table, row)
    except DbError as error:
        inst.worker.log.error("table %s: %s", inst.db_table, error, source="pdt")
        return MiReply(500, "Cannot store prefix/domain")
    if await reload_everywhere(inst):
        return MiReply()
    try:
        await inst.database.delete(inst.db_table, list(row.items()))
    except DbError as error:
        inst.worker.log.error("the new row stays in table %s: %s", inst.db_table, error, source="pdt")
    return MiReply(500, "could not add to cache")


async def pdt_delete(inst: Pdt, sdomain: str, domain: str) -> MiReply:
    """pdt_delete sdomain domain: delete the rows of a domain."""
    for value in (sdomain, domain):
        if not value:
            return MiReply(404, "domain not found")
        if value.startswith(ANY):
            return MiReply(400, "empty param")
    try:
        await inst.database.delete(inst.db_table, [(inst.sdomain_column, sdomain), (inst.domain_column, domain)])
    except DbError as error:
        inst.worker.log.error("table %s: %s", inst.db_table, error, source="pdt")
        return MiReply(500, "cannot delete from the database")
    return MiReply() if await reload_everywhere(inst) else MiReply(500, "cannot reload")


def pdt_list(inst: Pdt, sdomain: str = ANY, prefix: str = ANY, domain: str = ANY) -> MiReply:
    """pdt_list [sdomain [prefix [domain]]]: the rows that begin like this; a dot stands for any."""
    if not sdomain:
        return MiReply(404, "domain not found")
    wanted = ["" if text.startswith(ANY) else text for text in (sdomain, prefix, domain)]
    if inst.alphabet.valid(wanted[1]) < len(wanted[1]):
        return MiReply(400, "bad prefix")
    reply = MiReply()
    left = MAX_ROWS
    for name in sorted(inst.trees):
        for its_prefix, its_domain in inst.trees[name].items() if name.startswith(wanted[0]) else ():
            if its_prefix.startswith(wanted[1]) and its_domain.lower().startswith(wanted[2].lower()):
                if not left:
                    reply.add("MORE", "the list ends here")
                    return reply
                left -= 1
                node = reply.add("PDT").attribute("SDOMAIN", name).attribute("PREFIX", its_prefix)
                node.attribute("DOMAIN", its_domain)
    return reply
