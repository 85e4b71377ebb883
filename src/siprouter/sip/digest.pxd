cimport cython

from siprouter.sip.auth cimport AuthParams
from siprouter.util.text cimport to_bytes

cdef dict _HASHES

cpdef bint is_known_algorithm(str algorithm) except -1

@cython.locals(name=str)
cdef str _base(str algorithm)
cpdef str hash_hex(str algorithm, bytes data)
cdef str _joined(str algorithm, str text)
cpdef str compute_ha1(str username, str realm, str password, str algorithm=*)
@cython.locals(hashed=str)
cdef str _response(str ha1, str method, str uri, str nonce, str algorithm, str qop, str nc, str cnonce, bytes body)

@cython.locals(algorithm=str, expected=str)
cpdef bint check_response(AuthParams credentials, str ha1, str method, bytes body=*) except -1
