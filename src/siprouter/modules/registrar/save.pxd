cimport cython

from siprouter.core.context cimport Context
from siprouter.modules.registrar.bindings cimport Outcome, Rules, apply_registration, make_outcome, remove_all
from siprouter.modules.registrar.reply cimport send_accepted, send_rejected
from siprouter.modules.registrar.request cimport Registration, read_registration
from siprouter.modules.registrar.state cimport Registrar
from siprouter.modules.usrloc.contact cimport valid_contacts
from siprouter.modules.usrloc.domain cimport Domain

cdef int REQUEST
cdef int PATH_STRICT
cdef int INSERTED
cdef int LISTED
cdef int MEMORY_ONLY
cdef int NO_REPLY
cdef int REPLACE
cdef int STORED_IN_MEMORY

@cython.locals(answers=bint, now=long, contacts=tuple, aor=str, reg=Registration, outcome=Outcome)
cpdef int save(Registrar inst, Context ctx, Domain domain, int flags=*) except -2

@cython.locals(stored=tuple, contacts=tuple, outcome=Outcome)
cdef Outcome _update(Registrar inst, Domain domain, str aor, Registration reg, bint replace, long now)

cdef _check_path_support(Registrar inst, Context ctx, Registration reg)
cdef Outcome _work_out(Registrar inst, tuple contacts, Registration reg, bint replace)

@cython.locals(most=Py_ssize_t, rules=Rules)
cdef Rules _rules(Registrar inst, bint replace)

cpdef int unregister(Registrar inst, Context ctx, Domain domain, str uri) except -2
