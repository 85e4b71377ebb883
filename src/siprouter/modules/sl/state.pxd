cimport cython

from siprouter.core.context cimport Context
from siprouter.core.counters cimport Counter
from siprouter.core.outgoing cimport build_own_reply, reply_target
from siprouter.core.send_flags cimport reply_flags
from siprouter.core.worker cimport Worker
from siprouter.sip.message cimport Message
from siprouter.transport.endpoint cimport Endpoint

cdef double ACK_WAIT
cdef long _TAG_BITS


cdef class Sl:
    cdef public object default_code
    cdef public object default_reason
    cdef public object bind_tm
    cdef public object stats
    cdef public Worker worker
    cdef public bytes secret
    cdef public double acks_until
    cdef public object tm
    cdef dict _sent

    @cython.locals(value=long)
    cpdef str to_tag(self, Message msg)

    @cython.locals(msg=Message, data=bytes, target=Endpoint)
    cpdef bint send(self, Context ctx, int status, str reason=*, bytes headers=*, bytes body=*) except -1

    @cython.locals(found=Counter)
    cdef Counter _count(self, int status)

    @cython.locals(done=bint)
    cpdef int send_reply(self, Context ctx, int status, str reason=*, bytes headers=*, bytes body=*) except -2

    @cython.locals(msg=Message)
    cpdef bint absorb_ack(self, Context ctx) except -1
