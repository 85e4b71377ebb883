cimport cython

from siprouter.sip.call_id cimport find_call_id
from siprouter.transport.endpoint cimport Endpoint
from siprouter.util.hashing cimport call_shard


cdef class Steering:
    cdef public int index
    cdef public int count
    cdef public long long handed_over
    cdef public long long taken
    cdef public long long dropped
    cdef list _boxes
    cdef list _held
    cdef object _receiver
    cdef object _codec
    cdef object _key
    cdef object _log

    @cython.locals(call_id=bytes, owner=int)
    cpdef receive(self, bytes data, Endpoint source)

    @cython.locals(payload=bytes, records=list, hold=bint)
    cpdef _hand_over(self, int owner, bytes data, Endpoint source)

    cpdef flush(self)

    @cython.locals(start=Py_ssize_t)
    cpdef take(self, int _sender, bytes payload)
