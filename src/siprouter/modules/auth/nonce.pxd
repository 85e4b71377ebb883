cimport cython

cdef int SEAL
cdef int LENGTH_CHECKED
cdef int POOL_MASK


cdef class Nonces:
    cdef public bytes key
    cdef public bytes check_key
    cdef public long long started_at
    cdef public long max_drift

    cdef bytes _seal(self, bytes fields)
    cdef bytes _seal_checked(self, bytes fields, bytes checked)
    @cython.locals(made="long long", place=int, fields=bytes, data=bytes)
    cpdef str make(self, double now, long life, bytes checked, number=*, int pool=*)
    @cython.locals(data=bytes, fields=bytes, expires="long long", made="long long", place=int, state=int)
    cpdef read(self, str nonce, double now, bytes checked)
