cimport cython

cdef int SEAL
cdef int LENGTH_CHECKED
cdef int POOL_MASK


cdef class ReadNonce:
    cdef readonly int state
    cdef readonly long long number
    cdef readonly int pool
    cdef readonly bint numbered


cdef class Nonces:
    cdef readonly bytes key
    cdef object sealer
    cdef object check_sealer
    cdef public long long started_at
    cdef public long max_drift

    cdef bytes _seal(self, bytes fields)
    cdef bytes _seal_checked(self, bytes fields, bytes checked)
    @cython.locals(made="long long", place=int, fields=bytes, data=bytes)
    cpdef str make(self, double now, long life, bytes checked, number=*, int pool=*)
    @cython.locals(data=bytes, fields=bytes, expires="long long", made="long long", place=int, state=int)
    cpdef ReadNonce read(self, str nonce, double now, bytes checked)
