"""Management commands of mtree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.db.errors import DbError
from siprouter.rpc.mi import MiReply

if TYPE_CHECKING:
    from siprouter.modules.mtree.state import MTree

ANY = "."
MAX_ROWS = 100_000


async def mt_reload(inst: MTree, name: str = ANY) -> MiReply:
    """mt_reload [tree]: read the trees anew whose names begin like this."""
    if not name:
        return MiReply(404, "tree not found")
    try:
        await inst.load("" if name.startswith(ANY) else name)
    except (DbError, ValueError) as error:
        inst.worker.log.error("the trees stay as they are: %s", error, source="mtree")
        return MiReply(500, "Failed to reload")
    return MiReply()


def mt_list(inst: MTree, name: str = ANY) -> MiReply:
    """mt_list [tree]: prefixes and values of the trees whose names begin like this; MORE: so many are not shown."""
    if not inst.trees:
        return MiReply(500, "No trees")
    if not name:
        return MiReply(404, "tree not found")
    reply = MiReply()
    left = MAX_ROWS
    for tree in (inst.trees[key] for key in sorted(inst.trees)):
        if not (name.startswith(ANY) or tree.name.startswith(name)):
            continue
        for prefix, value in tree.index.items():
            if not left:
                break
            left -= 1
            node = reply.add("MT").attribute("TNAME", tree.name).attribute("TPREFIX", prefix)
            node.attribute("TVALUE", value)
    if not left:
        reply.add("MORE", "the list ends here")
    return reply


def mt_summary(inst: MTree) -> MiReply:
    """mt_summary: how large the trees are."""
    if not inst.trees:
        return MiReply(500, "No trees")
    reply = MiReply()
    for tree in (inst.trees[key] for key in sorted(inst.trees)):
        node = reply.add("MT").attribute("TNAME", tree.name).attribute("MEMSIZE", tree.index.size())
        node.attribute("NRNODES", len(tree.index)).attribute("NRITEMS", len(tree.index))
    return reply
