"""mqueue: queues of the script, shared by all workers."""

from siprouter.core.args import Fmt
from siprouter.core.declare import Module, function, param, pvar
from siprouter.modules.mqueue.queues import MessageQueues, QueueName

module = Module(
    "mqueue",
    help="queues of the script: put aside what takes long, and work it off in a timer route",
    state=MessageQueues,
    params=[param("mqueue", str, None, "a queue: name=…;size=…; repeatable", setter="define")],
    functions=[
        function(
            "mq_add",
            MessageQueues.add,
            [QueueName("queue"), Fmt("key"), Fmt("value")],
            help="append an item; where the queue is full the oldest one goes",
        ),
        function("mq_fetch", MessageQueues.fetch, [QueueName("queue")], help="take the oldest item: $mqk and $mqv"),
        function("mq_pv_free", MessageQueues.free, [QueueName("queue")], help="forget the item that was fetched"),
    ],
    pvars=[
        pvar("mqk", bind=MessageQueues.bind_key, inner_required=True, help="the key of the item fetched from a queue"),
        pvar("mqv", bind=MessageQueues.bind_value, inner_required=True, help="its value"),
    ],
)
