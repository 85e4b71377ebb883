cimport cython

from siprouter.core.context cimport Context
from siprouter.modules.auth.check cimport Check
from siprouter.modules.auth.state cimport Auth

cdef int GO_ON
cdef int PASSED

@cython.locals(check=Check, result=int, ha1=str)
cdef int _authenticate(Auth auth, Context ctx, str realm, str password, flags, bint proxy) except? -100
cdef int _challenge(Auth auth, Context ctx, str realm, flags, bint proxy) except? -100
