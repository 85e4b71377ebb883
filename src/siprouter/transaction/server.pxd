cimport cython

from siprouter.transaction.base cimport Config, Retransmitter, Shared, Statistics
from siprouter.transaction.branch cimport Branch
from siprouter.transport.endpoint cimport Endpoint

cdef int DESTROY
cdef int REQ_RETR_IN
cdef int RESPONSE_OUT
cdef int RESPONSE_READY
cdef int RESPONSE_SENT
cdef int S_PROCEEDING
cdef int S_TRYING
cdef bytes INVITE_ACTIONS
cdef bytes INVITE_NEXT
cdef bytes OTHER_ACTIONS
cdef bytes OTHER_NEXT
cdef int IGNORE
cdef int IN_ACK
cdef int IN_REQUEST
cdef int LINGER
cdef int REFUSE
cdef int RESEND
cdef int SEND_1XX
cdef int SEND_2XX
cdef int SEND_3XX_6XX
cdef int SEND_BESIDE
cdef int SEND_LAST
cdef int SEND_RETRANSMITTED
cdef int SERVER_INPUTS
cdef int STOP_RESENDING
cdef int TIMER_GIVE_UP
cdef int TIMER_LINGER
cdef int TIMER_RETRANSMIT
cdef double NEVER


cdef class ServerTransaction(Retransmitter):
    cdef public list branches
    cdef public object context
    cdef public str dialog_key
    cdef public int flags
    cdef public double fr_timeout
    cdef public bint is_invite
    cdef public str key
    cdef public long long label
    cdef public str method
    cdef public ServerTransaction next_invite
    cdef public int relayed_branch
    cdef public object request
    cdef public double retr1
    cdef public double retr2
    cdef public int same_call
    cdef public Shared shared
    cdef public ServerTransaction sibling
    cdef public int state
    cdef public int status
    cdef public str tid
    cdef public str to_tag
    cdef public dict totags
    cdef public int watched
    cdef public list watchers

    @cython.locals(config=Config)
    cpdef begin_server(self, Shared shared, request, str method, Endpoint target)
    @cython.locals(index=int)
    cpdef int server_step(self, int given) except -1
    cpdef receive_again(self, request)
    cpdef bint resend_reply(self) except -1
    @cython.locals(action=int)
    cpdef receive_ack(self, double now)
    @cython.locals(action=int, stats=Statistics, reliable=bint)
    cpdef bint send_reply(self, int status, bytes data, int relayed, reply, double now) except -1
    cpdef send_reply_again(self, bytes data)
    @cython.locals(watched=int)
    cpdef transmit_reply(self, int status, bytes data, int relayed, reply)
    cpdef retransmit_reply(self, bint reliable, double now)
    @cython.locals(action=int)
    cpdef fire(self, double now)
    cpdef linger(self, double now)
    cpdef destroy(self)
    cpdef end_branches(self, int status, double now)
    cpdef drop_branches(self)
