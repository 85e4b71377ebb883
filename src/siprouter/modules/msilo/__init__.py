"""msilo: keeps messages for users who are offline, and delivers them when they register."""

from siprouter.core.args import Fmt, Opt
from siprouter.core.declare import KAMAILIO, Module, function, param, stat
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.msilo.state import Silo

_COLUMNS = {
    "mid": ("id", "of the message's number"),
    "from": ("src_addr", "of the sender's URI"),
    "to": ("dst_addr", "of the URI that the message went to"),
    "uri_user": ("username", "of the owner"),
    "uri_host": ("domain", "of the owner's domain"),
    "body": ("body", "of the body"),
    "ctype": ("ctype", "of the content type"),
    "exp_time": ("exp_time", "of the second after which the message is dropped"),
    "inc_time": ("inc_time", "of the second when it came"),
    "snd_time": ("snd_time", "of the second when it is sent as a reminder, 0: never"),
}

module = Module(
    "msilo",
    help="keeps MESSAGEs for users who are offline, delivers them when they register, and sends reminders",
    state=Silo,
    family=KAMAILIO,
    depends=("tm",),
    params=[
        param("db_url", str, "mysql://openser:openserrw@localhost/openser", "the database"),
        param("db_table", str, "silo", "its table"),
        param("from_address", str, None, "URI that notes about kept messages come from; variables are allowed"),
        param("contact_hdr", str, None, "Contact header line of the notes; variables are allowed"),
        param("content_type_hdr", str, None, "Content-Type header line of the notes; variables are allowed"),
        param("offline_message", str, None, "body of the notes; variables are allowed"),
        param("extra_hdrs", str, None, "header lines of what m_dump sends; variables are allowed"),
        param("reminder", str, None, "URI that reminders come from"),
        param("outbound_proxy", str, None, "URI of the next hop of all that is sent"),
        param("expire_time", int, 259200, "seconds that a message is kept, at most"),
        param("check_time", int, 60, "seconds between two attempts to remove what is delivered"),
        param("send_time", int, 0, "seconds between two looks for reminders; 0: none are sent"),
        param("clean_period", int, 10, "times check_time: seconds between two removals of expired messages"),
        param("use_contact", int, 1, "1: notes go to the sender's Contact, 0: to the URI in From"),
        param("add_contact", int, 0, "1: what m_dump sends has the sender's URI as Contact"),
        param("add_date", int, 1, "1: plain text begins with the time when it came"),
        param("max_messages", int, 0, "messages that are kept for a user; 0: no limit"),
        param("snd_time_avp", str, None, "AVP with the time of a reminder: YYYYMMDDHHMMSS"),
        *(param(f"sc_{name}", str, column, f"column {what}") for name, (column, what) in _COLUMNS.items()),
    ],
    functions=[
        function(
            "m_store",
            Silo.store,
            [Opt(Fmt("owner"))],
            routes=REQUEST | FAILURE,
            waits=True,
            help="keep the message for the owner of a URI, or of the request URI",
        ),
        function(
            "m_dump",
            Silo.dump,
            [Opt(Fmt("owner"))],
            routes=REQUEST,
            waits=True,
            help="send what is kept for the owner of a URI, or of To",
        ),
    ],
    stats=[
        stat("stored_messages", "messages that were kept"),
        stat("dumped_messages", "messages that were delivered"),
        stat("failed_messages", "messages that could not be delivered; they are still kept"),
        stat("dumped_reminders", "reminders that were delivered"),
        stat("failed_reminders", "reminders that could not be delivered; they wait for the next registration"),
    ],
)
