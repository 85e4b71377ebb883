cimport cython

from siprouter.core.context cimport Context
from siprouter.core.outgoing cimport reply_target
from siprouter.core.send_flags cimport reply_flags
from siprouter.core.worker cimport Worker
from siprouter.modules.tm.hints cimport Hints, hints_of
from siprouter.modules.tm.user cimport ScriptUser
from siprouter.sip.message cimport Message
from siprouter.transaction.base cimport Config
from siprouter.transaction.branch cimport Branch
from siprouter.transaction.table cimport Table, request_key
from siprouter.transaction.transaction cimport Transaction
from siprouter.transport.endpoint cimport Endpoint

cdef int ACK_NEG_IN
cdef int E2EACK_IN
cdef int E2EACK_RETR_IN
cdef int F_NOISY
cdef int REQUEST
cdef int REQUEST_IN
cdef int ACK_NEGATIVE
cdef int ACK_NONE
cdef int ACK_RELAYED
cdef int F_AUTO_100
cdef int F_CANCELED
cdef int F_DISABLE_6XX
cdef int F_DISABLE_FAILOVER
cdef int F_NO_E2E_CANCEL_REASON
cdef int FORWARDED
cdef int M_ACK
cdef int M_CANCEL
cdef int RELEASED
cdef int REPLIED


cdef class Tm:
    cdef public object cfg
    cdef public Config config
    cdef public object contacts_avp
    cdef public object contacts_key
    cdef public int failure_reply_mode
    cdef public object fr_inv_timer_avp
    cdef public object fr_inv_timer_key
    cdef public object fr_timer_avp
    cdef public object fr_timer_key
    cdef public long global_mask
    cdef public list global_watchers
    cdef public object log
    cdef public int loop_detection
    cdef public str on_sl_reply
    cdef public Table table
    cdef public ScriptUser user
    cdef public Worker worker
    cdef public list carried_headers
    cdef public dict write_lines
    cdef dict __dict__

    @cython.locals(msg=Message, hints=Hints, transaction=Transaction)
    cpdef bint request_in(self, Context ctx) except -1
    @cython.locals(hints=Hints, kind=int, transaction=Transaction, found=tuple)
    cpdef bint ack_in(self, Context ctx) except -1
    @cython.locals(msg=Message, branch=Branch, transaction=Transaction)
    cpdef bint reply_in(self, Context ctx) except -1
    @cython.locals(hints=Hints, transaction=Transaction)
    cpdef script_end(self, Context ctx)
    @cython.locals(hints=Hints, msg=Message, target=Endpoint, transaction=Transaction)
    cpdef Transaction create(self, Context ctx)
    @cython.locals(flags=int, lifetime=double, fr=double, fr_inv=double)
    cpdef apply_hints(self, Context ctx, Hints hints, Transaction transaction)
    cpdef double avp_seconds(self, Context ctx, key) except? -1
    cpdef Hints hints(self, Context ctx)
    @cython.locals(transaction=Transaction, hints=Hints)
    cpdef int set_flag(self, Context ctx, int flag, bint on) except? -1
