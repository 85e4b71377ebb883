cimport cython

from siprouter.sip.auth cimport AuthParams, parse_auth
from siprouter.sip.digest cimport is_known_algorithm
from siprouter.sip.headers cimport Header
from siprouter.sip.message cimport Message

cdef int H_AUTHORIZATION
cdef int H_PROXY_AUTHORIZATION
cdef int MAX_HEADERS
cdef dict RESPONSE_LENGTHS
cdef tuple QOPS


cdef class Check:
    cdef public AuthParams credentials
    cdef public long long nonce_count
    cdef public long long number
    cdef public bint proxy
    cdef public str realm
    cdef public bint stale
    cdef public int state
    cdef public str value


cpdef str algorithm_of(AuthParams credentials)
@cython.locals(realm=str, value=str, header=Header, found=AuthParams)
cpdef find_credentials(Check check, Message msg, tuple algorithms)
@cython.locals(user=str, algorithm=str, qop=str)
cpdef bint is_complete(AuthParams credentials) except -1
@cython.locals(value="long long", i=Py_ssize_t, c=int)
cpdef long long parse_count(str text) except? -2
