"""avp of SER: attributes set, compared, and put into URIs and headers."""

from siprouter.core.args import Arg, Opt
from siprouter.core.declare import SER, Module, function, param, select
from siprouter.core.routes import FAILURE, ONREPLY, REQUEST
from siprouter.core.substitution import SubstArg
from siprouter.modules.avp_s import bodies, headers, selects, uris, values
from siprouter.modules.avp_s.arguments import AttributeArg, ClassesArg, HeaderArg, PartArg, XlArg
from siprouter.modules.avp_s.state import Avp
from siprouter.script.ser_args import SerInt, SerStr

_ALL = REQUEST | FAILURE | ONREPLY
_HEADERS = REQUEST | FAILURE
_ATTRIBUTE = AttributeArg("attribute")
_NAME = SerStr("name")
_FORMAT = XlArg("format")
_HEADER: list[Arg] = [SerStr("header"), Opt(_ATTRIBUTE)]

module = Module(
    "avp",
    help="attributes set, compared, and put into URIs and headers",
    state=Avp,
    family=SER,
    params=[param("xlbuf_size", int, 256, "longest text that a format may give, in octets")],
    functions=[
        function(
            "set_iattr", values.set_number, [_NAME, SerInt("value")], routes=_ALL, help="add a number: name, value"
        ),
        function("set_sattr", values.set_text, [_NAME, SerStr("value")], routes=_ALL, help="add a text: name, value"),
        function("set_attr", values.set_text, [_NAME, SerStr("value")], routes=_ALL, help="add a text: name, value"),
        function("print_attr", values.print_one, [_ATTRIBUTE], routes=_ALL, help="write an attribute to the log"),
        function("del_attr", values.delete, [_ATTRIBUTE], routes=_ALL, help="delete an attribute"),
        function("del_attrs", values.delete_class, [ClassesArg("class")], routes=_ALL, help="delete all of a class"),
        function(
            "subst_attr", values.substitute, [_ATTRIBUTE, SubstArg()], routes=_ALL, help="substitute in an attribute"
        ),
        function("flags2attr", values.store_flags, [_ATTRIBUTE], routes=_ALL, help="add the message flags as a number"),
        function(
            "dump_attrs", values.dump, [Opt(ClassesArg("class"))], routes=_ALL, help="write attributes to the log"
        ),
        function("attr_exists", values.exists, [_NAME], routes=_ALL, help="is there such an attribute?"),
        function(
            "attr_equals", values.equals, [_NAME, SerStr("value")], routes=_ALL, help="is one of its values this?"
        ),
        function(
            "attr_equals_xl",
            values.equals_format,
            [_ATTRIBUTE, _FORMAT],
            routes=_ALL,
            help="is one of them a format's?",
        ),
        function("xlset_attr", values.set_format, [_ATTRIBUTE, _FORMAT], routes=_ALL, help="add what a format gives"),
        function("xlfix_attr", values.fix_format, [_ATTRIBUTE], routes=_ALL, help="replace a format by what it gives"),
        function("attr2uri", uris.to_uri, [_ATTRIBUTE, Opt(PartArg("part"))], routes=_HEADERS, help="rewrite the URI"),
        function("attr_destination", uris.to_destination, [_ATTRIBUTE], routes=_HEADERS, help="send to what it says"),
        function("xlset_destination", uris.format_destination, [_FORMAT], routes=REQUEST, help="send to what it gives"),
        function(
            "insert_attr_hf", headers.insert, _HEADER, routes=_HEADERS, help="add headers before others of the name"
        ),
        function(
            "append_attr_hf", headers.append, _HEADER, routes=_HEADERS, help="add headers behind others of the name"
        ),
        function("replace_attr_hf", headers.replace, _HEADER, routes=_HEADERS, help="exchange the headers of a name"),
        function("attr_to_reply", headers.to_reply, _HEADER, routes=_HEADERS, help="add headers to replies"),
        function(
            "hdr_body2attrs",
            bodies.read_fields,
            [HeaderArg("header"), SerStr("prefix")],
            routes=_ALL,
            help="a=1,b=2 in a header become attributes: header, prefix of their names",
        ),
        function(
            "hdr_body2attrs2",
            bodies.read_lists,
            [HeaderArg("header"), SerStr("prefix")],
            routes=_ALL,
            help="a=1,2;b=3 in a header become attributes: header, prefix of their names",
        ),
    ],
    selects=[
        made
        for name in ("attr", "attribute", "avp")
        for made in (
            select(f"{name}.%s", selects.attribute, "an attribute"),
            select(f"{name}.%s.%s", selects.attribute_of_class, "an attribute of a class, as in f.name"),
            select(f"{name}.%s.nameaddr.{{any_nameaddr}}", selects.below, "a part of an address in it"),
            select(f"{name}.%s.%s.nameaddr.{{any_nameaddr}}", selects.below_of_class, "a part of an address in it"),
        )
    ],
)
