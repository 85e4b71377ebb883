cimport cython

cdef int MAX_HEADERS
cdef object COUNT


cdef class Check:
    cdef public object credentials
    cdef public long long nonce_count
    cdef public long long number
    cdef public bint proxy
    cdef public str realm
    cdef public bint stale
    cdef public int state
    cdef public str value


cpdef str algorithm_of(credentials)
@cython.locals(realm=str, value=str)
cpdef find_credentials(Check check, msg, tuple algorithms)
@cython.locals(user=str, algorithm=str, qop=str)
cpdef bint is_complete(credentials) except -1
cpdef long long parse_count(str text) except? -2
