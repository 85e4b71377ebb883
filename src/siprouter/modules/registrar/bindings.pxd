cimport cython

from siprouter.modules.registrar.request cimport Registration, Wanted
from siprouter.modules.usrloc.contact cimport Contact, check_order, find_contact, insert_contact, replace_contact

cdef int OUT_OF_ORDER
cdef int RETRANSMISSION
cdef int DELETE
cdef int INSERT
cdef int UPDATE


cdef class Rules:
    cdef readonly int matching_mode
    cdef readonly int cseq_delay
    cdef readonly bint newest_first
    cdef readonly Py_ssize_t max_contacts
    cdef readonly bint replace


cdef class Outcome:
    cdef public tuple contacts
    cdef public list changes
    cdef public int code


@cython.locals(outcome=Outcome)
cpdef Outcome make_outcome(tuple contacts, list changes, int code=*)

@cython.locals(contact=Contact)
cpdef Outcome remove_all(tuple contacts, Registration reg)

@cython.locals(outcome=Outcome, touched=list, wanted=Wanted, index=Py_ssize_t, found=Contact, order=int)
cpdef Outcome apply_registration(tuple contacts, Registration reg, Rules rules)

@cython.locals(contacts=tuple)
cdef _remove(Outcome outcome, Py_ssize_t index)

@cython.locals(contact=Contact)
cdef _remove_others(Outcome outcome, Contact kept)

@cython.locals(contact=Contact)
cdef Contact _put(Outcome outcome, Py_ssize_t index, Registration reg, Wanted wanted, Rules rules)
