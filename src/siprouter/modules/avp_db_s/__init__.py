"""avp_db of SER: attributes of users and URIs, and others by their flags, in a database."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import FAILURE, ONREPLY, REQUEST
from siprouter.modules.avp_db_s.arguments import ClassArg, GroupArg
from siprouter.modules.avp_db_s.extra import ExtraAttributes
from siprouter.script.ser_args import SerStr

_ROUTES = REQUEST | FAILURE | ONREPLY
_GROUP = [GroupArg("group"), SerStr("id")]

module = Module(
    "avp_db",
    help="attributes of users and URIs, and others by their flags, in a database",
    state=ExtraAttributes,
    family=SER,
    params=[
        param("db_url", str, "mysql://serro:47serro11@localhost/ser", "the database"),
        param("user_attrs_table", str, "user_attrs", "table of the attributes of users"),
        param("uri_attrs_table", str, "uri_attrs", "table of the attributes of URIs"),
        param("uid_column", str, "uid", "column of the user's id"),
        param("username_column", str, "username", "column of the URI's user"),
        param("did_column", str, "did", "column of the id of the URI's domain"),
        param("scheme_column", str, "scheme", "column of the URI's scheme"),
        param("name_column", str, "name", "column of the attribute's name"),
        param("type_column", str, "type", "column of its type: 0 number, 2 text"),
        param("value_column", str, "value", "column of its value"),
        param("flags_column", str, "flags", "column of its flags"),
        param("attr_group", str, None, "id=…,flag=…,table=…,key_column=… …: a group; repeatable", setter="add_group"),
        param("auto_unlock_extra_attrs", int, 0, "1: what a script leaves locked is not a mistake"),
    ],
    functions=[
        function(
            "load_attrs",
            ExtraAttributes.load_attrs,
            [ClassArg("attributes"), SerStr("whose")],
            routes=REQUEST | FAILURE,
            waits=True,
            help="read the attributes of a user or a URI: $fu, $tu, $fr or $tr, id or URI",
        ),
        function(
            "load_extra_attrs",
            ExtraAttributes.load_extra,
            _GROUP,
            routes=_ROUTES,
            waits=True,
            help="read the attributes of a group: group, id",
        ),
        function(
            "save_extra_attrs",
            ExtraAttributes.save_extra,
            _GROUP,
            routes=_ROUTES,
            waits=True,
            help="write the attributes with the group's flag: group, id",
        ),
        function(
            "remove_extra_attrs",
            ExtraAttributes.remove_extra,
            _GROUP,
            routes=_ROUTES,
            waits=True,
            help="delete the attributes of a group in the database: group, id",
        ),
        function(
            "lock_extra_attrs",
            ExtraAttributes.lock_extra,
            _GROUP,
            routes=_ROUTES,
            waits=True,
            help="keep other messages from the attributes of a group: group, id",
        ),
        function(
            "unlock_extra_attrs",
            ExtraAttributes.unlock_extra,
            _GROUP,
            routes=_ROUTES,
            help="let other messages at them again: group, id",
        ),
    ],
)
