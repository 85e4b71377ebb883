cimport cython

from siprouter.transaction.base cimport Shared
from siprouter.transaction.branch cimport Branch
from siprouter.transaction.transaction cimport Transaction
from siprouter.transport.endpoint cimport Endpoint

cdef str COOKIE
cdef int LABEL_START
cdef int LABEL_END
cdef int NONCE_OCTETS
cdef int ENTROPY_OCTETS


cdef class Table(Shared):
    cdef public dict by_dialog
    cdef public dict by_key
    cdef public dict by_label
    cdef public bytes entropy
    cdef public int entropy_used
    cdef public long long first_label
    cdef public Py_ssize_t limit
    cdef public long long next_label
    cdef public object random_bytes

    @cython.locals(transaction=Transaction, first=Transaction, other=Transaction, count=int)
    cpdef Transaction create(self, request, Endpoint source, Endpoint target, double now, str key=*)
    @cython.locals(first=Transaction)
    cpdef link_dialog(self, Transaction transaction)
    @cython.locals(transaction=Transaction)
    cpdef Transaction create_local(self, request, str method, double now)
    @cython.locals(label="long long")
    cpdef register(self, Transaction transaction, str mark)
    cpdef forget(self, transaction)
    @cython.locals(first=Transaction)
    cpdef unlink_key(self, Transaction transaction)
    @cython.locals(first=Transaction)
    cpdef unlink_dialog(self, Transaction transaction)
    @cython.locals(branch_id=str, transaction=Transaction, index="long long", branch=Branch)
    cpdef Branch find_reply(self, reply)
    @cython.locals(transaction=Transaction)
    cpdef Transaction find_request(self, request, str key=*)
    @cython.locals(transaction=Transaction)
    cpdef Transaction find_canceled(self, cancel)
    @cython.locals(transaction=Transaction)
    cpdef bint is_canceled_already(self, request) except -1
    @cython.locals(transaction=Transaction)
    cpdef tuple find_ack(self, ack)
    cpdef bint is_same_hop(self, Transaction transaction, request, bint relaxed) except -1
    @cython.locals(transaction=Transaction)
    cpdef Transaction find_label(self, long long hash_index, long long label)
    cpdef Transaction find_call(self, str call_id, str cseq)
    cpdef close(self)


cpdef str request_key(request)
cpdef str hop_text(via)
cpdef str loop_mark(request, Endpoint source)
cpdef bint is_loop(Transaction transaction) except -1
