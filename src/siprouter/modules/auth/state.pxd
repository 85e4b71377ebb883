cimport cython

from siprouter.core.context cimport Context
from siprouter.core.counters cimport Counter
from siprouter.core.worker cimport Worker
from siprouter.modules.auth.check cimport Check, algorithm_of, find_credentials, parse_count
from siprouter.modules.auth.nonce cimport Nonces, ReadNonce
from siprouter.modules.auth.settings cimport AuthSettings
from siprouter.modules.auth.tracking cimport NonceTracker
from siprouter.sip.auth cimport AuthParams
from siprouter.sip.digest cimport check_response, compute_ha1
from siprouter.sip.message cimport Message

cdef int BAD_NONCE
cdef int CHECK_CALL_ID
cdef int CHECK_FROM_TAG
cdef int CHECK_SOURCE
cdef int CHECK_URI
cdef int FORGED
cdef int GO_ON
cdef int M_REGISTER
cdef int NO_CREDENTIALS
cdef int PASSED
cdef int STALE
cdef int VALID


cdef class Auth(AuthSettings):
    cdef public Worker worker
    cdef public Nonces nonces
    cdef public NonceTracker tracker
    cdef public int pool
    cdef public object sl
    cdef public object stats
    cdef public dict decoys
    cdef public int avp_class
    cdef public object avp_name
    cdef dict __dict__

    @cython.locals(check=Check, msg=Message)
    cpdef Check begin(self, Context ctx, str realm, bint proxy)
    @cython.locals(found=ReadNonce, given=AuthParams, counted=bint, tracker=NonceTracker)
    cpdef _look_at_nonce(self, Context ctx, Check check)
    @cython.locals(expected=str, body=bytes, msg=Message)
    cpdef bint verify(self, Context ctx, Check check, str ha1) except -1
    cpdef int accept(self, Context ctx, Check check) except? -100
    @cython.locals(tracker=NonceTracker)
    cdef bint _take(self, Check check) except -1
    cpdef int finish(self, Context ctx, Check check, str ha1) except? -100
    cpdef str password_ha1(self, Check check, str password)
    @cython.locals(tracker=NonceTracker, checked=bytes, nonce=str, name=str, lines=list)
    cpdef str challenge(self, Context ctx, str realm, bint proxy, str qop=*, stale=*)
    @cython.locals(msg=Message, flags=int, text=str)
    cpdef bytes _checked(self, Context ctx)
