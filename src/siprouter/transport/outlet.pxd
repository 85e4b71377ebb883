cimport cython

from siprouter.transport.endpoint cimport Endpoint, Listener
from siprouter.transport.listeners cimport Listeners
from siprouter.transport.udp cimport UdpSocket


cdef class SocketOutlet:
    cdef public Listeners listeners
    cdef public list filters
    cdef dict _udp
    cdef dict _streams
    cdef dict __dict__

    @cython.locals(listener=Listener, udp=UdpSocket)
    cpdef bint send(self, bytes data, Endpoint to, on_error=*) except -1
