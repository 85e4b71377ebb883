"""domainpolicy: what domains say in DNS about who may call them, and what is to be done about it."""

from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.domainpolicy.apply import apply_policy
from siprouter.modules.domainpolicy.state import DomainPolicy

module = Module(
    "domainpolicy",
    help="policies that domains announce in DNS, and the local rules for them",
    state=DomainPolicy,
    family=KAMAILIO,
    params=[
        param("db_url", str, "mysql://openserro:openserro@localhost/openser", "the database"),
        param("dp_table", str, "domainpolicy", "the table of rules"),
        param("dp_col_rule", str, "rule", "column of the rule's name"),
        param("dp_col_type", str, "type", "column of its type: fed, std or dom"),
        param("dp_col_att", str, "att", "column of the AVP that it sets"),
        param("dp_col_val", str, "val", "column of the AVP's value"),
        param("port_override_avp", str, "portoverride", "AVP of the port to use"),
        param("transport_override_avp", str, "transportoverride", "AVP of the transport to use"),
        param("domain_replacement_avp", str, "domainreplacement", "AVP of the domain to use"),
        param("domain_prefix_avp", str, "domainprefix", "AVP of what is put in front of the domain"),
        param("domain_suffix_avp", str, "domainsuffix", "AVP of what is put behind the domain"),
        param("send_socket_avp", str, "sendsocket", "AVP of the socket to send from"),
    ],
    functions=[
        function(
            "dp_can_connect",
            DomainPolicy.can_connect,
            routes=REQUEST,
            waits=True,
            help="may we call the domain of the request URI? sets AVPs",
        ),
        function("dp_apply_policy", apply_policy, routes=REQUEST, help="make the destination of these AVPs"),
    ],
)
