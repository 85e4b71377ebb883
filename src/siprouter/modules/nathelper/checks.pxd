cimport cython

from siprouter.core.context cimport Context
from siprouter.sip.message cimport Message
from siprouter.sip.nameaddr cimport NameAddr
from siprouter.sip.via cimport Via
from siprouter.transport.endpoint cimport Endpoint
from siprouter.util.address cimport parse_ip, same_ip

cdef int SIP_PORT

@cython.locals(packed=bytes)
cpdef bint is_private(str host) except -1

@cython.locals(msg=Message, via=Via, source=Endpoint, contact=NameAddr)
cpdef int nat_uac_test(inst, Context ctx, unsigned int tests) except -2
