cimport cython

from siprouter.core.context cimport Context
from siprouter.sip.headers cimport Header
from siprouter.sip.message cimport Message
from siprouter.sip.nameaddr cimport NameAddr
from siprouter.sip.uri cimport Uri
from siprouter.sip.via cimport Via

cdef int H_EXPIRES
cdef int H_PROXY_REQUIRE
cdef int U_OTHER


cdef class Failure:
    cdef readonly int status
    cdef readonly str reason
    cdef readonly bytes headers


@cython.locals(uri=Uri)
cpdef Failure check_scheme(Context ctx, int uris, extensions)

@cython.locals(msg=Message, via=Via)
cpdef Failure check_via_version(Context ctx, int uris, extensions)

@cython.locals(msg=Message)
cpdef Failure check_via_protocol(Context ctx, int uris, extensions)

@cython.locals(msg=Message)
cpdef Failure check_content_length(Context ctx, int uris, extensions)

@cython.locals(msg=Message, header=Header, text=str)
cpdef Failure check_expires(Context ctx, int uris, extensions)

@cython.locals(msg=Message)
cpdef Failure check_proxy_require(Context ctx, int uris, extensions)

@cython.locals(msg=Message, uri=Uri)
cpdef Failure check_uris(Context ctx, int uris, extensions)

@cython.locals(contacts=list, contact=NameAddr)
cdef Failure _check_contacts(Message msg)
