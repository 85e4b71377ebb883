cimport cython

from siprouter.transport.datagrams cimport FastDatagrams
from siprouter.transport.endpoint cimport Endpoint, Listener


cdef class UdpSocket:
    cdef public Listener listener
    cdef public object after_batch
    cdef object _loop
    cdef object _deliver
    cdef object _log
    cdef readonly object _socket
    cdef int _fd
    cdef object _usual
    cdef object _datagrams
    cdef FastDatagrams _fast
    cdef dict _sources
    cdef object _queue
    cdef bint _open
    cdef object _unreachable
    cdef bint _receiving
    cdef bint _disturbed

    @cython.locals(number=int)
    cpdef bint send(self, bytes data, Endpoint to, on_error=*) except -1
    cpdef int _send_now(self, bytes data, Endpoint to) except -1
    @cython.locals(batch=list, entry=tuple, data=bytes, source=Endpoint)
    cpdef _readable(self)
