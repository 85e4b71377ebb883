cimport cython

from siprouter.core.context cimport Context
from siprouter.core.counters cimport Counter
from siprouter.core.routes cimport CompiledRoute, Script
from siprouter.core.worker cimport Worker
from siprouter.sip.message cimport Message, parse_message
from siprouter.transport.endpoint cimport Endpoint

cdef int CORE_ONREPLY


cdef class MessageReceiver:
    cdef public Worker worker
    cdef object _http
    cdef list _message_in
    cdef list _request_in
    cdef list _entry
    cdef list _reply_in
    cdef list _script_start
    cdef list _script_end
    cdef object _now
    cdef Counter _bad_requests
    cdef Counter _bad_replies
    cdef Counter _bad_uris
    cdef Counter _bad_headers
    cdef Counter _dropped_requests
    cdef Counter _dropped_replies
    cdef Counter _forwarded_replies

    @cython.locals(msg=Message, ctx=Context)
    cpdef receive(self, bytes data, Endpoint source)
    @cython.locals(script=Script)
    cpdef _request(self, Context ctx)
    cpdef _run(self, Context ctx, CompiledRoute route)
    cpdef _ended(self, Context ctx)
    @cython.locals(script=Script, route=CompiledRoute)
    cpdef _reply(self, Context ctx)
    cpdef _after_reply_route(self, Context ctx)
