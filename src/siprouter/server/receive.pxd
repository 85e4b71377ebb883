from siprouter.core.context cimport Context
from siprouter.transport.endpoint cimport Endpoint


cdef class MessageReceiver:
    cdef public object worker
    cdef object _http
    cdef object _bad_requests
    cdef object _bad_replies
    cdef object _bad_uris
    cdef object _bad_headers
    cdef object _dropped_requests
    cdef object _dropped_replies
    cdef object _forwarded_replies

    cpdef receive(self, bytes data, Endpoint source)
    cpdef _request(self, Context ctx)
    cpdef _run(self, Context ctx, route)
    cpdef _ended(self, Context ctx)
    cpdef _reply(self, Context ctx)
    cpdef _after_reply_route(self, Context ctx)
