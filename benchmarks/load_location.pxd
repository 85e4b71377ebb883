cimport cython
from benchmarks.load cimport Load


cdef class Registers(Load):
    cdef long users
    cdef bytearray register
    cdef list places
    cdef list user_places

    @cython.locals(number=long)
    cpdef void start(self) except *
    @cython.locals(message=bytes)
    cpdef void at_uac(self, int slot) except *


cdef class Authorized(Load):
    cdef long users
    cdef bytearray register
    cdef list places
    cdef list user_places
    cdef bytearray answer
    cdef list answer_places
    cdef list answer_user_places
    cdef bytes ha2
    cdef list passwords

    @cython.locals(number=long)
    cpdef void start(self) except *
    @cython.locals(message=bytes, cseq=long)
    cpdef void at_uac(self, int slot) except *
    @cython.locals(at=Py_ssize_t, nonce=bytes, user=long, hashed=bytes, response=bytes)
    cpdef bytes credentials(self, bytes challenge, long number)


cdef class Lookups(Load):
    cdef public long users
    cdef bytearray request
    cdef list places
    cdef list user_places

    @cython.locals(number=long)
    cpdef void start(self) except *
    @cython.locals(message=bytes)
    cpdef void at_uac(self, int slot) except *
