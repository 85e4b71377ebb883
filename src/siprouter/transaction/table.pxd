cimport cython

from siprouter.sip.message cimport Message
from siprouter.sip.via cimport Via
from siprouter.transaction.base cimport Shared
from siprouter.transaction.branch cimport Branch
from siprouter.transaction.transaction cimport Transaction
from siprouter.transport.endpoint cimport Endpoint

cdef int E2EACK_IN
cdef int E2EACK_RETR_IN
cdef int F_LOCAL
cdef int LOCAL_REPLY


cdef str COOKIE
cdef int LABEL_START
cdef int LABEL_END
cdef int NONCE_OCTETS
cdef int ENTROPY_OCTETS
cdef int H_FROM
cdef int H_ROUTE
cdef int H_TO
cdef int M_CANCEL


cdef class Table(Shared):
    cdef public dict by_dialog
    cdef public dict by_key
    cdef public dict by_label
    cdef public long long first_label
    cdef public Py_ssize_t limit
    cdef public long long next_label
    cdef public list nonces
    cdef public object random_bytes

    @cython.locals(transaction=Transaction, first=Transaction, other=Transaction, count=int)
    cpdef Transaction create(self, Message request, Endpoint source, Endpoint target, double now, str key=*)
    @cython.locals(first=Transaction, request=Message, dialog_key=str)
    cpdef link_dialog(self, Transaction transaction)
    @cython.locals(transaction=Transaction)
    cpdef Transaction create_local(self, request, str method, double now)
    @cython.locals(label="long long", low="unsigned int")
    cpdef register(self, Transaction transaction, str mark)
    cpdef forget(self, transaction)
    @cython.locals(first=Transaction)
    cpdef unlink_key(self, Transaction transaction)
    @cython.locals(first=Transaction)
    cpdef unlink_dialog(self, Transaction transaction)
    @cython.locals(transaction=Transaction, branch=Branch)
    cpdef Branch find_reply(self, Message reply)
    @cython.locals(transaction=Transaction, label="long long", index="long long", branch=Branch)
    cpdef Branch find_branch(self, str branch_id)
    @cython.locals(transaction=Transaction)
    cpdef Transaction find_request(self, Message request, str key=*)
    @cython.locals(transaction=Transaction)
    cpdef Transaction find_canceled(self, Message cancel)
    @cython.locals(transaction=Transaction)
    cpdef bint is_canceled_already(self, Message request) except -1
    @cython.locals(transaction=Transaction, request=Message, tag=str, from_tag=str)
    cpdef tuple find_ack(self, Message ack)
    @cython.locals(via=Via, first=Message)
    cpdef bint is_same_hop(self, Transaction transaction, Message request, bint relaxed) except -1
    @cython.locals(transaction=Transaction)
    cpdef Transaction find_label(self, long long hash_index, long long label)
    cpdef Transaction find_call(self, str call_id, str cseq)
    cpdef close(self)


cpdef list make_nonces(bytes entropy)
@cython.locals(value="long long", i=Py_ssize_t, c=int)
cpdef long long hex_number(str text, Py_ssize_t start, Py_ssize_t end) except -2
@cython.locals(via=Via)
cpdef str request_key(Message request)
cpdef bint same_value(Message one, Message other, int header_id) except -1
cpdef str hop_text(Via via)
@cython.locals(route=str, origin=tuple, parts=tuple, digest="Py_hash_t", high="unsigned int", low="unsigned int")
cpdef str loop_mark(Message request, Endpoint source)
@cython.locals(mark=bytes, request=Message)
cpdef bint is_loop(Transaction transaction) except -1
